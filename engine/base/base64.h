/* Base64 with padding and without line breaks (RFC 4648, section 4). */
#ifndef LOADTOP_ENGINE_BASE_BASE64_H
#define LOADTOP_ENGINE_BASE_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text;

/* Adds the encoded bytes to the text. What does not fit is cut, as with text_put. */
void base64_add(struct text *, const void *bytes, size_t len);
/* Decodes len characters into out, which has room for len / 4 * 3 bytes. Returns the number of
 * bytes, or -1: not valid base64 with all of its padding. Unused bits of the last character are
 * ignored. */
long base64_read(const char *s, size_t len, uint8_t *out);
/* Is s not empty, and does it consist of base64's characters only? */
bool base64_has_only(const char *s);

#endif
