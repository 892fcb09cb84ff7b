/* A screen as JSON, for the run that it was seen in: so that every report of that run can show it.
 *
 *   { "t_s", "view", "cols", "rows", "ground": 0x11151b,
 *     "lines": [ [ [x, "text", ink, paper or null, bold], ... ], ... ] }
 *
 * Colours are integers 0xrrggbb; x counts columns; blanks on the ground are left out. */
#ifndef LOADTOP_UI_EXPORT_JSON_SCREEN_H
#define LOADTOP_UI_EXPORT_JSON_SCREEN_H

struct cells;
struct json_t;
struct text;
struct theme;

/* What is in the grid now, t_s after the start of the run. Owned by the caller. */
struct json_t *json_screen(const struct cells *, const struct theme *, double t_s,
                           const char *view);
/* It as an SVG element for a page, and as lines of text. Whatever the JSON holds, out comes text
 * and numbers; nothing at all when it is no screen. */
void json_screen_svg(const struct json_t *, struct text *);
void json_screen_text(const struct json_t *, struct text *);

#endif
