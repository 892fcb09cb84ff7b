/* Text from outside (targets, notes, messages, saved screens) as text of a page or a picture: the
 * one place that says what must not reach HTML or SVG as it is. */
#ifndef LOADTOP_UI_EXPORT_XML_H
#define LOADTOP_UI_EXPORT_XML_H

struct text;

/* Adds s so that it stays text, in an element as in a quoted attribute. Control characters, which
 * XML does not allow, become blanks; a line's end stays. */
void xml_escape(struct text *, const char *s);

#endif
