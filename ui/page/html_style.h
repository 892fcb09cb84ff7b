/* The style sheet of the report's page. Series colours are Okabe and Ito's, darkened for white
 * ground and lightened for black; lines differ by dashes too. */
#ifndef LOADTOP_UI_PAGE_HTML_STYLE_H
#define LOADTOP_UI_PAGE_HTML_STYLE_H

/* Styles of the page, of its plots, and the changes to both for printing, to be included in this
 * order. Colours are custom properties (--name). */
extern const char html_style[], html_style_plots[], html_style_print[];

#endif
