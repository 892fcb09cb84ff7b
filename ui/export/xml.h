/* Escapes external text (targets, notes, messages, saved screens) for HTML and SVG; the only place
 * that does so. */
#ifndef LOADTOP_UI_EXPORT_XML_H
#define LOADTOP_UI_EXPORT_XML_H

struct text;

/* Adds `from` as one line of text, safe in elements and in quoted attributes; characters that must
 * not be shown are replaced as in clean_line. */
void xml_escape(struct text *, const char *from);
/* The same, but keeps newlines. */
void xml_escape_lines(struct text *, const char *from);

#endif
