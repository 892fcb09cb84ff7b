/* The frame of a page; see html_page.h. */
#include "ui/page/html_page.h"

#include "engine/base/text.h"
#include "ui/page/doc.h"
#include "ui/page/html_style.h"

void html_begin(struct doc *d, const char *title)
{
    text_add(d->t, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                   "<meta name=\"color-scheme\" content=\"light dark\">\n"
                   "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                   "style-src 'unsafe-inline'\">\n<title>");
    doc_escape(d, d->t, title);
    text_add(d->t, "</title>\n<style>%s%s%s</style></head>\n<body><main>\n", html_style,
             html_style_plots, html_style_print);
}

void html_end(struct doc *d)
{
    text_add(d->t, "</main></body></html>\n");
}
