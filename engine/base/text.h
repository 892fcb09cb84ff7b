/* Bounded text: one growing string buffer, and texts in buffers of a fixed size. */
#ifndef LOADTOP_ENGINE_BASE_TEXT_H
#define LOADTOP_ENGINE_BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* A string that grows up to `limit` bytes; the rest is dropped and `cut` is set. Zero it to start
 * (limit 0 means 16 MiB). `s` is NUL-terminated once anything was added, else NULL. */
struct text {
    char *s;
    size_t len, room, limit;
    bool cut;
};
void text_add(struct text *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void text_vadd(struct text *, const char *fmt, va_list) __attribute__((format(printf, 2, 0)));
void text_put(struct text *, const char *s, size_t len);
/* Empties the buffer and keeps its capacity. */
void text_clear(struct text *);
void text_free(struct text *);             /* frees and zeroes; takes NULL */
const char *text_str(const struct text *); /* never NULL */

/* The nearest of the NULL-terminated names (Damerau-Levenshtein, at most a third of its length
 * wrong), or NULL. */
const char *nearest_name(const char *word, const char *const *names);

/* Formats into a buffer of fixed size from offset `at`, cutting what does not fit. Returns the
 * offset of the terminating NUL (0 for a buffer of size 0), at which the next part can be added. */
size_t text_append(char *buf, size_t size, size_t at, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Is the entry one of a list "a, b, c"? */
bool text_lists(const char *list, const char *entry);

/* Copies with truncation; always terminates; returns dst. */
char *copy_str(char *dst, size_t size, const char *src);
/* The same for the first len bytes of src. */
char *copy_part(char *dst, size_t size, const char *src, size_t len);

#endif
