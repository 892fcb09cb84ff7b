/* The style sheet of the report's page. Series colours are Okabe and Ito's, darkened for white
 * ground and lightened for black; lines differ by dashes too. */
#ifndef LOADTOP_UI_REPORT_HTML_STYLE_H
#define LOADTOP_UI_REPORT_HTML_STYLE_H

extern const char html_style[];

#endif
