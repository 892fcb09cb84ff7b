/* A captured screen as JSON, saved with its run, so that reports of the run can show it.
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

/* The present grid, t_s after the start of the run. Owned by the caller. */
struct json_t *json_screen(const struct cells *, const struct theme *, double t_s,
                           const char *view);
/* A screen as an SVG element for a page, and as lines of text. The output contains only escaped
 * text and numbers, whatever the JSON contains; nothing if it is not a screen. */
void json_screen_svg(const struct json_t *, struct text *);
void json_screen_text(const struct json_t *, struct text *);

#endif
