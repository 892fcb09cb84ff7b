/* UTF-8, and which characters of external text may be shown.
 *
 * Names, versions, messages and saved runs come from servers, files and people. Output to a
 * terminal, a log or a report passes through the functions below, so that no text can move the
 * cursor, change the title, reverse a line, forge a line or hide in one. These are shown as '?':
 * control characters (C0, DEL, C1 as bytes and as U+0080 to U+009F), direction marks, line and
 * paragraph separators, invisible characters, specials, noncharacters, and all bytes that are not
 * UTF-8. Tabs and newlines become a blank. Joiners and variation selectors are kept after an emoji
 * or a character of a script that uses them; combining characters are kept.
 *
 * JSON and the history keep texts unchanged, with the escapes that JSON requires (see utf8_json). A
 * record of a CSV or .hlog file is one line, so its texts are cleaned. */
#ifndef LOADTOP_ENGINE_BASE_UTF8_H
#define LOADTOP_ENGINE_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_t;
struct text;

/* Decodes one code point from s (which is not empty), returns the bytes taken; U+FFFD for invalid
 * input: overlong forms, surrogates, values above U+10FFFF, stray and missing bytes. */
int utf8_decode(const char *s, uint32_t *ch);
/* Writes at most 4 bytes and returns how many; not terminated. */
int utf8_encode(uint32_t ch, char out[4]);

/* Does it occupy no column of its own? True for joiners and variation selectors. */
bool utf8_joins(uint32_t ch);
/* May this character be shown, regardless of its neighbours? */
bool utf8_is_shown(uint32_t ch);
/* Like utf8_decode, for the text of one line: sets *ch to the character to show. On entry *ch is
 * the previous character as returned here, 0 at the start. It becomes 0 for a character cut off at
 * the end of s, which is not shown. */
int utf8_next_shown(const char *s, uint32_t *ch);

/* Makes s[0..len) one displayable line, in place; returns its new length, which is never more. A
 * character that was cut at the end is dropped. Nothing is terminated. */
size_t clean_line(char *s, size_t len);
/* The same, but keeps newlines and tabs: for a whole page. */
size_t clean_lines(char *s, size_t len);
/* clean_line of a terminated string; returns s. */
char *clean_str(char *s);
/* Adds s as part of one line. */
void text_put_shown(struct text *, const char *s);
/* text_add for a part of one line: newlines in the result become blanks. */
void text_add_shown(struct text *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same for a whole line: adds a newline. */
void text_add_line(struct text *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* s as a JSON string, byte for byte; only invalid UTF-8, which JSON cannot represent, becomes
 * U+FFFD. Returns a new reference, never NULL; aborts when out of memory. */
struct json_t *utf8_json(const char *s);

#endif
