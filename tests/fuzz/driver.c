/* Runs a fuzz target without libFuzzer: over every file of a corpus, and over mutations of them.
 *
 * The mutations come from a fixed seed, so a failure is seen again by running it again; the input
 * that crashes is left in a file that is named before each input is tried. With a file instead of a
 * folder only that file is run, which is how a crash is looked at. Called by ctest for each
 * fuzz_*.c. */
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX 4096
#define INPUTS_MAX 512
#define MUTATIONS 5000

struct input {
    uint8_t *data;
    size_t size;
};

static struct input corpus[INPUTS_MAX];
static size_t inputs;
static int last_fd = -1; /* the input being tried, so that it survives a crash */

static uint64_t state = 0x9e3779b97f4a7c15u;

/* splitmix64 */
static uint64_t draw(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static int load(const char *path)
{
    struct stat st;
    if (inputs == INPUTS_MAX || stat(path, &st) < 0 || !S_ISREG(st.st_mode)) {
        return 0;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        perror(path);
        return -1;
    }
    size_t size = st.st_size > INPUT_MAX ? INPUT_MAX : (size_t)st.st_size;
    uint8_t *data = malloc(size + 1);
    ssize_t got = data ? read(fd, data, size) : -1;
    close(fd);
    if (got < 0) {
        perror(path);
        free(data);
        return -1;
    }
    corpus[inputs++] = (struct input){.data = data, .size = (size_t)got};
    return 0;
}

/* An exact-sized copy on the heap, so that a read beyond the end is seen by AddressSanitizer. */
static void try_input(const uint8_t *data, size_t size)
{
    if (last_fd >= 0 && (ftruncate(last_fd, 0) < 0 || pwrite(last_fd, data, size, 0) < 0)) {
        perror("cannot keep the input");
    }
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy) {
        abort();
    }
    if (size) {
        memcpy(copy, data, size);
    }
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static size_t mutate_once(uint8_t *buf, size_t size)
{
    static const uint8_t odd[] = {0, 0xff, 0x7f, 0x80, '\r', '\n', '"', '%', '-', '0', '9', ':'};
    size_t at = size ? (size_t)(draw() % size) : 0;
    switch (draw() % 7) {
    case 0: /* flip a bit */
        if (size) {
            buf[at] ^= (uint8_t)(1u << (draw() % 8));
        }
        break;
    case 1: /* an awkward byte */
        if (size) {
            buf[at] = odd[draw() % sizeof odd];
        }
        break;
    case 2: /* cut the end off */
        size = at;
        break;
    case 3: { /* leave a stretch out */
        size_t len = size - at ? (size_t)(draw() % (size - at)) : 0;
        memmove(buf + at, buf + at + len, size - at - len);
        size -= len;
        break;
    }
    case 4: /* insert a byte */
        if (size < INPUT_MAX) {
            memmove(buf + at + 1, buf + at, size - at);
            buf[at] = odd[draw() % sizeof odd];
            size++;
        }
        break;
    case 5: { /* say a stretch twice */
        size_t len = size - at < INPUT_MAX - size ? size - at : INPUT_MAX - size;
        memmove(buf + at + len, buf + at, size - at);
        size += len;
        break;
    }
    default: { /* go on like another input */
        const struct input *other = &corpus[draw() % inputs];
        size_t from = other->size ? (size_t)(draw() % other->size) : 0;
        size_t len = other->size - from < INPUT_MAX - at ? other->size - from : INPUT_MAX - at;
        if (len) {
            memcpy(buf + at, other->data + from, len);
        }
        size = at + len;
        break;
    }
    }
    return size;
}

static int load_all(const char *path)
{
    struct stat st;
    if (stat(path, &st) < 0) {
        fprintf(stderr, "%s: no corpus, trying mutations of nothing\n", path);
        return 0;
    }
    if (!S_ISDIR(st.st_mode)) {
        return load(path);
    }
    struct dirent **entry = NULL;
    int n = scandir(path, &entry, NULL, alphasort);
    int rc = n < 0 ? -1 : 0;
    for (int i = 0; i < n; i++) {
        char file[4096];
        snprintf(file, sizeof file, "%s/%s", path, entry[i]->d_name);
        if (rc == 0 && load(file) < 0) {
            rc = -1;
        }
        free(entry[i]);
    }
    free(entry);
    return rc;
}

int main(int argc, char **argv)
{
    struct stat st;
    bool single = argc == 2 && stat(argv[1], &st) == 0 && S_ISREG(st.st_mode);
    if (argc != 2) {
        fprintf(stderr, "usage: %s CORPUS-FOLDER | FILE\n", argv[0]);
        return 2;
    }
    if (load_all(argv[1]) < 0) {
        return 1;
    }
    char last[] = "/tmp/fuzz-input-XXXXXX";
    if (!single) {
        last_fd = mkostemp(last, O_CLOEXEC);
        fprintf(stderr, "the input of a crash is left in %s\n", last);
    }
    for (size_t i = 0; i < inputs; i++) {
        try_input(corpus[i].data, corpus[i].size);
    }
    size_t tried = inputs;
    if (!single) {
        if (!inputs) {
            corpus[inputs++] = (struct input){0};
        }
        static uint8_t buf[INPUT_MAX];
        for (int i = 0; i < MUTATIONS; i++, tried++) {
            const struct input *from = &corpus[draw() % inputs];
            size_t size = from->size;
            if (size) {
                memcpy(buf, from->data, size);
            }
            for (uint64_t n = 1 + draw() % 4; n; n--) {
                size = mutate_once(buf, size);
            }
            try_input(buf, size);
        }
        close(last_fd);
        unlink(last);
    }
    for (size_t i = 0; i < inputs; i++) {
        free(corpus[i].data);
    }
    printf("%zu inputs\n", tried);
    return 0;
}
