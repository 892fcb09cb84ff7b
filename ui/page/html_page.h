/* The frame of a self-contained page. */
#ifndef LOADTOP_UI_PAGE_HTML_PAGE_H
#define LOADTOP_UI_PAGE_HTML_PAGE_H

struct doc;

void html_begin(struct doc *, const char *title);
void html_end(struct doc *);

#endif
