/* What the front end itself knows between two frames: the view, the selection, the dial, what is
 * being typed.
 *
 * It holds nothing of the run; that is the snapshot. Views read both and draw; while they draw they
 * note where things are that can be clicked (hits), and let the axes follow their data. Everything
 * else is changed by ui/live/act.c only. */
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
    int view;                        /* the one on screen: its place in the table */
    enum mode mode;
    unsigned pool; /* number of the selected pool; 0: the first */
    int dial;
    int row[VIEWS_MAX], scroll[VIEWS_MAX]; /* of the view's table */
    int rows[VIEWS_MAX];                   /* how many rows it had when it was drawn */
    int page;                              /* rows that were seen */
    int sort[VIEWS_MAX];                   /* column, -1: as it comes */
    bool invert[VIEWS_MAX];
    int columns[VIEWS_MAX];
    double span_s; /* of the time axes; 0: the whole run */
    bool compare;
    bool frozen;
    double frozen_s; /* when, on the run's clock */
    double real_s;   /* the run's time now, also while the display is frozen */
    struct baselines baselines;

    char find[64];
    bool finding_help; /* what is typed after / is looked for in the help */
    struct field input;
    struct history history;
    char input_error[256];
    int input_error_at; /* column in the text; < 0: none */
    char completions[512];
    enum question question;
    char question_text[512];
    char question_command[288];
    char question_host[256]; /* ASK_PROTECTED: whose name is to be typed into input */
    struct form form;
    int help_scroll, help_lines;

    char notice[256];
    enum role notice_role;
    double notice_until;   /* monotonic seconds */
    double clock;          /* monotonic seconds of this frame */
    double swatches_until; /* the roles of a theme just chosen are shown until then */
    double cost_share;     /* of one core: what the screen costs */

    struct axis axis[AXES];
    unsigned axis_pool;
    uint64_t axis_family; /* whose points the scaling axes have followed */
    double cursor_s;      /* the moment that the plots' cursor stands at, s of the run; < 0: none */
    double from_s, length_s, step_s; /* the time axis as it was drawn, and of one column */
    unsigned hidden; /* lines that were clicked away in the legend: 1 << enum line_id */
    int full;        /* the one panel on the whole screen (enum panel); < 0: none */

    struct hits hits;
    int cursor_x, cursor_y;              /* of the text field, x < 0: none */
    const char *theme, *glyphs, *colors; /* their names, for the help */
};

/* With this table of views, of which the first is on screen. */
void screen_init(struct screen *, const struct view *const *views);
/* The view on screen. */
static inline const struct view *screen_view(const struct screen *sc)
{
    return sc->views[sc->view];
}
/* The place of a view in the table, which has to hold it. */
int screen_view_place(const struct screen *, const struct view *);
/* The selected pool in this snapshot, or NULL when there is none; follows when the selected one was
 * removed. */
const struct pool_snapshot *screen_pool(const struct screen *, const struct snapshot *);
/* Its index, or -1. */
int screen_pool_index(const struct screen *, const struct snapshot *);

#endif
