/* UTF-8, and what a text from outside may hold on its way out.
 *
 * Names, versions, messages and saved runs come from servers, files and people. What reaches a
 * terminal, a log or a report for people goes through the functions below, at the outlet, so that
 * no text can move a cursor, change a title, turn the direction of a line, forge a line or hide in
 * one. Shown as '?' are: control characters (C0, DEL, C1 as bytes and as U+0080 to U+009F),
 * characters of direction, separators of lines and paragraphs, characters that cannot be seen, the
 * specials, noncharacters, and all bytes that are not UTF-8. A tab and an end of a line become a
 * blank. Joiners and variation selectors stay after a character of a script (or an emoji) that has
 * them; combining characters stay.
 *
 * JSON and the history keep their texts, and escape what they must (see utf8_json); a record of a
 * CSV or an .hlog file is one line, so its words are cleaned. */
#ifndef LOADTOP_ENGINE_BASE_UTF8_H
#define LOADTOP_ENGINE_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_t;
struct text;

/* Decodes one code point from s (which is not empty), returns the bytes taken; U+FFFD for what is
 * wrong: overlong forms, surrogates, beyond U+10FFFF, lone and missing bytes. */
int utf8_decode(const char *s, uint32_t *ch);
/* Writes at most 4 bytes and returns how many; not terminated. */
int utf8_encode(uint32_t ch, char out[4]);

/* Takes no column of its own: a joiner or a variation selector. */
bool utf8_joins(uint32_t ch);
/* May this character be shown, as far as it alone tells? */
bool utf8_is_shown(uint32_t ch);
/* Like utf8_decode, for the text of one line: *ch is the character to show. Before the call *ch is
 * the one before, as this function gave it; 0 at the start. It becomes 0 for a character that was
 * cut at the end of s, of which nothing is shown. */
int utf8_next_shown(const char *s, uint32_t *ch);

/* Makes s[0..len) one line of what may be shown, in place; returns its new length, which is never
 * more. A character that was cut at the end is dropped. Nothing is terminated. */
size_t clean_line(char *s, size_t len);
/* Likewise, but keeps newlines and tabs: for a whole page. */
size_t clean_lines(char *s, size_t len);
/* clean_line of a terminated string; returns s. */
char *clean_str(char *s);
/* Adds s as part of one line. */
void text_put_shown(struct text *, const char *s);
/* text_add of a part of one line: what fmt and its arguments say holds no newline afterwards. */
void text_add_shown(struct text *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Likewise a whole line: a newline follows. */
void text_add_line(struct text *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* s as a JSON string, byte for byte; only what is not UTF-8, which JSON cannot hold, becomes
 * U+FFFD. A new reference, never NULL: without memory it aborts. */
struct json_t *utf8_json(const char *s);

#endif
