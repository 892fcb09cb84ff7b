/* The errors of operations and of connections: by class, with count, rate now, first and last, and
 * what to do; see errors.h. */
#include "ui/views/errors.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "engine/base/quantity.h"
#include "engine/base/text.h"
#include "ui/draw/box.h"
#include "ui/draw/table.h"
#include "ui/draw/wrap.h"
#include "ui/panels/lists.h"
#include "ui/panels/screen_state.h"
#include "ui/panels/show.h"
#include "ui/term/glyphs.h"

enum { COL_POOL, COL_CLASS, COL_COUNT, COL_NOW, COL_FIRST, COL_LAST, COL_MESSAGE };

static const struct column error_columns[] = {
    {"POOL", 7, 12, ALIGN_LEFT, 0},           {"CLASS", 15, 29, ALIGN_LEFT, 0},
    {"COUNT", 7, 12, ALIGN_RIGHT, 0},         {"NOW/s", 6, 8, ALIGN_RIGHT, 1},
    {"FIRST", 8, 8, ALIGN_LEFT, 3},           {"LAST", 8, 8, ALIGN_LEFT, 2},
    {"LAST MESSAGE", 16, 190, ALIGN_LEFT, 0}, {NULL, 0, 0, ALIGN_LEFT, 0},
};

/* Advice by the beginning of the class name, in addition to the server's message. */
static const struct {
    const char *class, *advice;
} advices[] = {
    {"refused", "nothing listens there: is the server running, and are host and port right?"},
    {"connect", "the way to it: name, network, firewall; is the port right?"},
    {"own_limit", "a limit of this machine, not of the server: local ports, descriptors or memory"},
    {"resolve", "the host's name is not known: is it spelled right?"},
    {"closed", "the server, or something in between, closed the connection: see its log, its "
               "limit of clients, its idle timeout"},
    {"disconnected", "the connection was lost: see the server's log"},
    {"timeout", "no answer within --timeout: less load, or more time; is the server stalled?"},
    {"write_timeout", "replicas did not answer in time: less load, or look at the slow node"},
    {"read_timeout", "replicas did not answer in time: less load, or look at the slow node"},
    {"unavailable", "fewer replicas are up than the consistency level needs"},
    {"overloaded", "the server sheds load: fewer in flight, or a lower rate"},
    {"auth", "user and password: in the URL, --ask-password, or LOADTOP_PASSWORD"},
    {"noauth", "it wants a password: in the URL, --ask-password, or LOADTOP_PASSWORD"},
    {"wrongpass", "the password is another: in the URL, --ask-password, or LOADTOP_PASSWORD"},
    {"noperm", "this user may not do that: see the server's ACL"},
    {"unauthorized", "this user may not do that: grant it the rights"},
    {"denied", "targets.conf or the server's rights forbid it"},
    {"maxclients",
     "the server takes no more connections: fewer clients, connections=K, or a higher limit there"},
    {"oom",
     "its memory is full (maxmemory): smaller or fewer values, a ttl, or an eviction policy"},
    {"memory", "memory of this machine: fewer clients, less depth, smaller requests"},
    {"readonly", "a replica: load the primary"},
    {"loading", "the server still reads its data: wait"},
    {"busy", "a script or function holds the server up: wait, or SCRIPT KILL, FUNCTION KILL"},
    {"masterdown", "a replica without its primary: wait, or load the primary"},
    {"moved", "the leader or slot moved: it is followed by itself; if it goes on, see the cluster"},
    {"clusterdown", "the cluster has no owner for that slot: see CLUSTER INFO"},
    {"misconf", "the server cannot save its data and takes no writes: see its log and disk"},
    {"wrongtype", "a key holds another type: use another prefix"},
    {"protocol", "what answers does not speak this protocol: is it the right port, "
                 "with or without TLS?"},
    {"tls", "certificate, name or version of TLS: see the message"},
    {"bad reply", "what answers is no such server, or a proxy: is it the right port?"},
    {"simulated", "asked for with errors= of the simulated service"},
    {"http 401", "user and password: in the URL, --ask-password, or LOADTOP_PASSWORD"},
    {"invalid", "the statement or the table does not fit: see the message"},
};

static const char *advice_for(const struct error_class *e)
{
    const char *own = strstr(e->last, " -> "); /* a backend's own advice takes precedence */

    if (own && own[4])
        return own + 4;
    for (size_t i = 0; i < sizeof advices / sizeof *advices; i++)
        if (!strncasecmp(e->name, advices[i].class, strlen(advices[i].class)))
            return advices[i].advice;
    return "the message is the server's own: its log says more";
}

static int order(const struct error_row *a, const struct error_row *b, int column)
{
    double x, y;

    switch (column) {
    case COL_POOL:
        return strcmp(a->pool->name, b->pool->name);
    case COL_CLASS:
        return strcmp(a->error->name, b->error->name);
    case COL_MESSAGE:
        return strcmp(a->error->last, b->error->last);
    case COL_NOW:
        x = (double)a->error->recent, y = (double)b->error->recent;
        break;
    case COL_FIRST:
        x = a->error->first_s, y = b->error->first_s;
        break;
    case COL_LAST:
        x = a->error->last_s, y = b->error->last_s;
        break;
    default:
        x = (double)a->error->count, y = (double)b->error->count;
        break;
    }
    return x < y ? 1 : x > y ? -1 : 0; /* largest first; for times, the latest first */
}

int errors_rows(const struct snapshot *s, const struct screen *sc, struct error_row *row, int max)
{
    int n = 0, column = sc->sort[sc->view], sign = sc->invert[sc->view] ? -1 : 1;

    for (unsigned i = 0; i < s->pools; i++) {
        const struct pool_snapshot *p = &s->pool[i];

        for (unsigned j = 0; j < p->errors + p->conn_errors && n < max; j++) {
            bool conn = j >= p->errors;
            struct error_row now = {p, conn ? &p->conn_error[j - p->errors] : &p->error[j], conn};
            int at = n++;

            while (column >= 0 && at > 0 && sign * order(&now, &row[at - 1], column) < 0) {
                row[at] = row[at - 1];
                at--;
            }
            row[at] = now;
        }
    }
    return n;
}

static void error_row(struct cells *c, const struct table *t, int y, const struct snapshot *s,
                      const struct error_row *row)
{
    const struct error_class *e = row->error;
    char text[64];

    table_put(c, t, y, COL_POOL, ROLE_ACCENT,
              show_name(c, text, sizeof text, row->pool->name, t->w[COL_POOL]));
    snprintf(text, sizeof text, "%s%s", row->conn ? "conn " : "", e->name);
    table_put(c, t, y, COL_CLASS, e->recent ? ROLE_BAD : ROLE_STRONG, text);
    table_put(c, t, y, COL_COUNT, ROLE_TEXT,
              show_items(text, sizeof text, e->count, t->w[COL_COUNT]));
    table_put(c, t, y, COL_NOW, e->recent ? ROLE_BAD : ROLE_DIM,
              show_count_in(text, sizeof text, (double)e->recent, t->w[COL_NOW]));
    table_put(c, t, y, COL_FIRST, ROLE_LABEL, show_clock(text, sizeof text, s, e->first_s, true));
    table_put(c, t, y, COL_LAST, ROLE_LABEL, show_clock(text, sizeof text, s, e->last_s, true));
    table_put(c, t, y, COL_MESSAGE, ROLE_TEXT, e->last);
}

static void detail_line(struct cells *c, struct rect r, int y, const char *label, enum role role,
                        const char *text)
{
    cells_field(c, r.x + 2, y, 8, ALIGN_LEFT, ROLE_LABEL, label);
    cells_field(c, r.x + 10, y, r.w - 11, ALIGN_LEFT, role, text);
}

static void detail(struct cells *c, struct rect r, const struct snapshot *s,
                   const struct error_row *row)
{
    const struct error_class *e = row->error;
    uint64_t all = row->pool->counts.errors + row->pool->counts.timeouts;
    char text[256], count[32], first[16], last[16], share[40] = "";

    cells_hline(c, r.x, r.y, r.w, ROLE_BORDER);
    if (row->conn)
        snprintf(share, sizeof share, " connections refused or lost");
    else if (all > 0 && row->pool->counts.offered > 0)
        snprintf(share, sizeof share, " (%.3g %% of all)",
                 100 * (double)e->count / (double)row->pool->counts.offered);
    snprintf(text, sizeof text, "%s %s: %s%s, %s to %s; %s", row->pool->name, e->name,
             format_count(count, sizeof count, e->count), share,
             show_clock(first, sizeof first, s, e->first_s, true),
             show_clock(last, sizeof last, s, e->last_s, true),
             e->recent ? "goes on NOW" : "none now");
    cells_field(c, r.x + 2, r.y + 1, r.w - 3, ALIGN_LEFT, e->recent ? ROLE_BAD : ROLE_STRONG, text);
    detail_line(c, r, r.y + 2, "first", ROLE_TEXT, e->first);
    detail_line(c, r, r.y + 3, "last", ROLE_TEXT, e->last);
    cells_field(c, r.x + 2, r.y + 4, 8, ALIGN_LEFT, ROLE_LABEL, "to do");
    if (r.h < 6)
        cells_field(c, r.x + 10, r.y + 4, r.w - 11, ALIGN_LEFT, ROLE_WARN, advice_for(e));
    else
        text_wrap(c, r.x + 10, r.y + 4, r.w - 11, r.h - 4, ROLE_WARN, advice_for(e));
}

static void errors_draw(struct cells *c, const struct snapshot *s, struct screen *sc,
                        const struct layout *l)
{
    static struct error_row row[ERROR_ROWS_MAX];
    int n = errors_rows(s, sc, row, ERROR_ROWS_MAX), first, below;
    struct column columns[sizeof error_columns / sizeof *error_columns];
    unsigned all = 0;
    char note[64];
    struct table t;
    struct rect r;

    memcpy(columns, error_columns, sizeof columns);
    columns[COL_POOL].width = show_names_width(s, 7, c->cols >= 100 ? 16 : 9);
    columns[COL_POOL].most = show_names_width(s, 7, 32);
    for (unsigned i = 0; i < s->pools; i++)
        all += s->pool[i].errors + s->pool[i].conn_errors;
    if (all > (unsigned)n)
        snprintf(note, sizeof note, "the first %d of %u classes", n, all);
    else
        snprintf(note, sizeof note, "%d class%s", n, n == 1 ? "" : "es");
    if (!list_begin(c, sc, l, "errors by class", note, columns, &t, &r))
        return;
    below = n > 0 && r.h > 8 ? r.h > 12 ? 6 : 5 : 0;
    first = scroll_follow(sc, n, r.h - below);
    for (int i = first; i < n && i - first < r.h - below; i++) {
        list_row(c, sc, r, r.y + i - first, i);
        error_row(c, &t, r.y + i - first, s, &row[i]);
    }
    if (below)
        detail(c, rect_of(r.x, r.y + r.h - below, r.w, below), s, &row[sc->row[sc->view]]);
    if (n == 0)
        cells_field(c, r.x + 2, r.y, r.w - 3, ALIGN_LEFT, ROLE_GOOD, "no errors");
}

static bool errors_row_has(const struct snapshot *s, const struct screen *sc, int row,
                           const char *find)
{
    static struct error_row e[ERROR_ROWS_MAX];

    return row < errors_rows(s, sc, e, ERROR_ROWS_MAX) &&
           (text_has(e[row].error->name, find) || text_has(e[row].error->last, find) ||
            text_has(e[row].pool->name, find));
}

const struct view view_errors = {
    .name = "errors",
    .help = "errors: by class, with counts and messages",
    .plan = {.place = layout_one_table},
    .draw = errors_draw,
    .own_rows = true,
    .row_has = errors_row_has,
    .unsorted = "by pool, the most frequent first",
};
