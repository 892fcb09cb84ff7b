/* Text from outside (targets, notes, messages, saved screens) as text of a page or a picture: the
 * one place that says what must not reach HTML or SVG as it is. */
#ifndef LOADTOP_UI_EXPORT_XML_H
#define LOADTOP_UI_EXPORT_XML_H

struct text;

/* Adds `from` so that it stays text of one line, in an element as in a quoted attribute; what must
 * not be shown is replaced as clean_line does. */
void xml_escape(struct text *, const char *from);
/* Likewise, but ends of lines stay. */
void xml_escape_lines(struct text *, const char *from);

#endif
