/* Runs a fuzz target without libFuzzer: over every file of a corpus, and over mutations of them.
 *
 * The mutations come from a fixed seed, so a failure can be reproduced by running the driver again.
 * Each input is first written to a file, whose name is printed, so that an input that crashes is
 * kept. With a file instead of a folder, only that file is run: use this to examine a crash. The
 * number of mutations is the second argument, else the environment's FUZZ_MUTATIONS. If a target
 * has its own mutations (LLVMFuzzerCustomMutator), they are used half of the time. Called by ctest
 * for each fuzz_*.c, and by the soak. */
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
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max); /* as libFuzzer has it */
__attribute__((weak)) size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
                                                     unsigned seed);

#define INPUT_LEAST ((size_t)4096) /* how long a mutation may be; or twice the longest input */
#define INPUT_MOST ((size_t)1 << 20)
#define INPUTS_MAX 512
#define MUTATIONS 5000

struct input {
    uint8_t *data;
    size_t size;
};

static struct input corpus[INPUTS_MAX];
static size_t inputs, input_max = INPUT_LEAST;
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
    size_t size = (size_t)st.st_size > INPUT_MOST / 2 ? INPUT_MOST / 2 : (size_t)st.st_size;
    uint8_t *data = malloc(size + 1);
    ssize_t got = data ? read(fd, data, size) : -1;
    close(fd);
    if (got < 0) {
        perror(path);
        free(data);
        return -1;
    }
    corpus[inputs++] = (struct input){.data = data, .size = (size_t)got};
    input_max = 2 * (size_t)got > input_max ? 2 * (size_t)got : input_max;
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

size_t LLVMFuzzerMutate(uint8_t *buf, size_t size, size_t max)
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
    case 3: { /* leave a period out */
        size_t len = size - at ? (size_t)(draw() % (size - at)) : 0;
        memmove(buf + at, buf + at + len, size - at - len);
        size -= len;
        break;
    }
    case 4: /* insert a byte */
        if (size < max) {
            memmove(buf + at + 1, buf + at, size - at);
            buf[at] = odd[draw() % sizeof odd];
            size++;
        }
        break;
    case 5: { /* say a period twice */
        size_t len = size - at < max - size ? size - at : max - size;
        memmove(buf + at + len, buf + at, size - at);
        size += len;
        break;
    }
    default: { /* go on like another input */
        const struct input *other = &corpus[draw() % inputs];
        size_t from = other->size ? (size_t)(draw() % other->size) : 0;
        size_t len = other->size - from < max - at ? other->size - from : max - at;
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

/* Tries that many mutations of the corpus. */
static void try_mutations(size_t mutations)
{
    uint8_t *buf = malloc(input_max);
    if (!buf) {
        abort();
    }
    if (!inputs) {
        corpus[inputs++] = (struct input){0};
    }
    for (size_t i = 0; i < mutations; i++) {
        const struct input *from = &corpus[draw() % inputs];
        size_t size = from->size;
        if (size) {
            memcpy(buf, from->data, size);
        }
        if (LLVMFuzzerCustomMutator && draw() % 2) {
            size = LLVMFuzzerCustomMutator(buf, size, input_max, (unsigned)draw());
        } else {
            for (uint64_t n = 1 + draw() % 4; n; n--) {
                size = LLVMFuzzerMutate(buf, size, input_max);
            }
        }
        try_input(buf, size);
    }
    free(buf);
}

/* How many: of the environment, of the command line, or MUTATIONS. */
static size_t mutations_wanted(const char *word)
{
    const char *text = getenv("FUZZ_MUTATIONS");
    text = text && *text ? text : word;
    return text ? (size_t)strtoull(text, NULL, 10) : MUTATIONS;
}

int main(int argc, char **argv)
{
    struct stat st;
    bool single = argc > 1 && stat(argv[1], &st) == 0 && S_ISREG(st.st_mode);
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: %s CORPUS-FOLDER [MUTATIONS] | FILE\n", argv[0]);
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
    size_t files = inputs, mutations = single ? 0 : mutations_wanted(argc > 2 ? argv[2] : NULL);
    if (!single) {
        try_mutations(mutations);
        close(last_fd);
        unlink(last);
    }
    for (size_t i = 0; i < inputs; i++) {
        free(corpus[i].data);
    }
    fprintf(stderr, "%zu inputs\n", files + mutations);
    return 0;
}
