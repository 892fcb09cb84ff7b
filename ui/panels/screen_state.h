/* State of the front end: the view, the selection, the dial, the input.
 *
 * The state of the run is in the snapshot. Views read both and draw; while drawing they record
 * clickable areas (hits) and adapt the axes to their data. Everything else is changed by
 * ui/live/act.c only. */
#ifndef LOADTOP_UI_PANELS_SCREEN_STATE_H
#define LOADTOP_UI_PANELS_SCREEN_STATE_H

#include "ui/draw/axis.h"
#include "ui/draw/hits.h"
#include "ui/panels/view.h"
#include "ui/run/baseline.h"
#include "ui/widgets/field.h"
#include "ui/widgets/form_fields.h"

#include <stdbool.h>
#include <stdint.h>

struct snapshot;
struct pool_snapshot;

enum mode {
    MODE_VIEW,
    MODE_HELP,
    MODE_COMMAND, /* : */
    MODE_EXACT,   /* = */
    MODE_MARK,    /* m */
    MODE_FIND,    /* / */
    MODE_ASK,     /* a question */
    MODE_FORM
};

enum question {
    ASK_NONE,
    ASK_QUIT,
    ASK_INTERRUPTED,
    ASK_STOP,
    ASK_REMOVE,
    ASK_FIRST_LOAD,
    ASK_PROTECTED
};

enum line_id { LINE_P99, LINE_P50, LINE_RESPONSE, LINE_BASELINE };

enum plot_axis {
    AXIS_THROUGHPUT,
    AXIS_LATENCY,
    AXIS_COMPARE,
    AXIS_SCALING,
    AXIS_SCALING_LATENCY,
    AXIS_SCALING_CPU,
    AXIS_SCALING_MEMORY,
    AXES
};

struct screen {
    const struct view *const *views; /* the table, ends with NULL; borrowed */
    int view;                        /* index of the shown view in the table */
    enum mode mode;
    unsigned pool; /* number of the selected pool; 0: the first */
    int dial;
    int row[VIEWS_MAX], scroll[VIEWS_MAX]; /* selected row and scroll offset of each view's table */
    int rows[VIEWS_MAX];                   /* number of rows when last drawn */
    int page;                              /* visible rows */
    int sort[VIEWS_MAX];                   /* sort column; -1: unsorted */
    bool invert[VIEWS_MAX];
    int columns[VIEWS_MAX];
    double span_s; /* span of the time axes; 0: the whole run */
    bool compare;
    bool frozen;
    double frozen_s; /* when the display was frozen, on the run's clock */
    double real_s;   /* the run's time now, also while the display is frozen */
    struct baselines baselines;

    char find[64];
    bool finding_help; /* the text typed after / is searched for in the help */
    struct field input;
    struct history history;
    char input_error[256];
    int input_error_at; /* column in the text; < 0: none */
    char completions[512];
    enum question question;
    char question_text[512];
    char question_command[288];
    char question_host[256]; /* ASK_PROTECTED: the host whose name must be typed */
    struct form form;
    int help_scroll, help_lines;

    char notice[256];
    enum role notice_role;
    double notice_until;   /* monotonic seconds */
    double clock;          /* monotonic seconds of this frame */
    double swatches_until; /* samples of the chosen theme are shown until then */
    double cost_share;     /* CPU share of the screen, of one core */

    struct axis axis[AXES];
    unsigned axis_pool;
    uint64_t axis_family;            /* the curve that the scaling axes are adapted to */
    double cursor_s;                 /* time of the plots' cursor, s of the run; < 0: none */
    double from_s, length_s, step_s; /* the time axis as drawn, and the width of a column */
    unsigned hidden;                 /* lines hidden by a click on the legend: 1 << enum line_id */
    int full;                        /* the panel that fills the screen (enum panel); < 0: none */

    struct hits hits;
    int cursor_x, cursor_y; /* cursor of the text field; x < 0: none */
    /* names of theme, glyph set and colour tier, for the help */
    const char *theme, *glyphs, *colors;
};

/* Initializes with a table of views; the first one is shown. */
void screen_init(struct screen *, const struct view *const *views);
/* The view on screen. */
static inline const struct view *screen_view(const struct screen *sc)
{
    return sc->views[sc->view];
}
/* The index of a view in the table, which must contain it. */
int screen_view_place(const struct screen *, const struct view *);
/* The selected pool in this snapshot; if it was removed, selects another one. NULL: no pools. */
const struct pool_snapshot *screen_pool(const struct screen *, const struct snapshot *);
/* Its index, or -1. */
int screen_pool_index(const struct screen *, const struct snapshot *);

#endif
