/* Replies, cut wherever a read may end: resp_skip must accept exactly what hiredis's reader accepts
 * when it gets the same bytes at once. The first byte of the input says how the rest is cut. */
#include "backends/redis/proto.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#ifdef LOADTOP_HAVE_HIREDIS

#define SEEN_MAX 8192

/* What was read: a letter for each reply, then 'P' if the rest is not RESP. */
struct seen {
    char letter[SEEN_MAX];
    size_t n;
};

static void see(struct seen *s, char letter)
{
    if (s->n < SEEN_MAX)
        s->letter[s->n++] = letter;
}

static char letter_of(enum resp_kind kind, const struct resp_error *e)
{
    char name[RESP_CLASS_MAX];
    if (kind != RESP_ERROR)
        return kind == RESP_NIL ? 'n' : 'v';
    resp_error_class(name, e->text, e->len);
    return (char)('A' + strlen(name) % 10);
}

/* False when what was fed is not RESP. */
static int drain(struct redisReader *r, const struct resp_error *e, struct seen *s)
{
    enum resp_kind kind;
    int rc;
    while ((rc = resp_reader_next(r, &kind)) > 0)
        see(s, letter_of(kind, e));
    if (rc < 0)
        see(s, 'P');
    return rc == 0;
}

static void read_at_once(const char *p, size_t n, struct seen *s)
{
    struct resp_error e = {.len = 0};
    struct redisReader *r = resp_reader_new(&e);
    if (!r || resp_reader_feed(r, p, n) < 0)
        abort();
    drain(r, &e, s);
    resp_reader_free(r);
}

/* As a connection reads: whole simple replies in place, the rest through a reader while one is
 * needed. */
static void read_in_parts(const char *p, size_t n, unsigned cut, struct seen *s)
{
    struct resp_error e = {.len = 0};
    struct redisReader *r = NULL;
    for (size_t i = 0; n; i++) {
        size_t part = 1 + (cut + i * 7) % 61, len;
        part = part < n ? part : n;
        char *exact = malloc(part);
        if (!exact)
            abort();
        memcpy(exact, p, part);
        const char *at = exact;
        size_t left = part;
        enum resp_kind kind;
        for (; !r && left && (len = resp_skip(at, left, &kind)); at += len, left -= len)
            see(s, letter_of(kind, &e));
        if (left && !r)
            r = resp_reader_new(&e);
        int fine = !left || (r && resp_reader_feed(r, at, left) == 0 && drain(r, &e, s));
        if (r && fine && resp_reader_empty(r)) {
            resp_reader_free(r);
            r = NULL;
        }
        free(exact);
        if (!fine)
            break;
        p += part;
        n -= part;
    }
    resp_reader_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct seen whole, parts;
    if (size < 2)
        return 0;
    whole.n = parts.n = 0;
    read_at_once((const char *)data + 1, size - 1, &whole);
    read_in_parts((const char *)data + 1, size - 1, data[0], &parts);
    if (whole.n != parts.n || memcmp(whole.letter, parts.letter, whole.n) != 0) {
        fprintf(stderr, "at once: %.*s\nin parts: %.*s\n", (int)whole.n, whole.letter, (int)parts.n,
                parts.letter);
        abort();
    }
    return 0;
}

#else

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum resp_kind kind;
    resp_skip((const char *)data, size, &kind);
    return 0;
}

#endif
