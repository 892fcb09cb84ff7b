/* The help: generated from the tables of keys and commands, and a glossary; `/` searches it.
 *
 * The same code counts and draws lines, so that scrolling and searching match the display. */
#include "ui/views/help.h"

#include <stdio.h>
#include <string.h>

#include "engine/config/command.h"
#include "engine/config/command_text.h"
#include "ui/draw/box.h"
#include "ui/panels/screen_state.h"
#include "ui/panels/show.h"
#include "ui/term/glyphs.h"
#include "ui/widgets/keys.h"

struct page {
    struct cells *c;
    struct rect r;
    int line, first;
    const char *find;
};

static const struct {
    const char *word, *means;
} words[] = {
    {"pool", "the threads that load one target with one workload; what is started, resized, "
             "paused, stopped"},
    {"thread", "a worker: one event loop with its own clients; shares nothing with others"},
    {"client", "one virtual user (k6: VU, Locust: user): follows a pattern, may think in between"},
    {"connection", "a link to the target, leased by clients; as many as they need unless set"},
    {"INFL", "operations sent and not yet answered: the N of Little's law"},
    {"ASKED", "the rate of an open arrival; closed: the next starts when the pattern allows"},
    {"service", "time from the actual send to the answer"},
    {"response", "time from the intended start: with queueing in the generator; p50 and p99 of "
                 "tables are these"},
    {"DROP", "starts that were overdue by more than the timeout; any makes the figures invalid"},
    {"LIMIT", "what holds the pool back: server, client (this generator), network or rate"},
    {"N=XR", "Little's law: in flight = throughput x time, within 5 %"},
    {"plateau",
     "a stretch without a change and with steady throughput: one point of the scaling curve"},
    {"real, noise", "does the 95 % interval of the change exclude zero?"},
};

static bool wanted(const struct page *p, const char *a, const char *b)
{
    return !p->find[0] || text_has(a, p->find) || text_has(b, p->find);
}

static void entry(struct page *p, const char *name, int width, const char *means, enum role role)
{
    int y = p->r.y + p->line - p->first;

    if (p->line >= p->first && y < p->r.y + p->r.h && p->c) {
        cells_field(p->c, p->r.x + 1, y, width, ALIGN_LEFT, role, name);
        cells_field(p->c, p->r.x + 2 + width, y, p->r.w - width - 3, ALIGN_LEFT, ROLE_TEXT, means);
    }
    p->line++;
}

static void heading(struct page *p, const char *text)
{
    if (p->line > 0)
        p->line++;
    entry(p, text, p->r.w - 3, "", ROLE_TITLE);
}

/* One key, with its group's heading where a group begins. */
static void key_line(struct page *p, const char **group, const struct key_binding *b,
                     const char *shown, const char *means)
{
    if (!wanted(p, shown, means))
        return;
    if (strcmp(*group, b->group))
        heading(p, *group = b->group);
    entry(p, shown, 11, means, ROLE_KEY);
}

static void page_keys(struct page *p, const struct view *const *views)
{
    const char *group = "";

    for (const struct key_binding *b = key_table; b->action != ACT_NONE; b++) {
        char means[256], number[16];

        if (b->action == ACT_VIEW) {
            for (int i = 0; views[i]; i++) {
                snprintf(number, sizeof number, "%d", i + 1);
                key_line(p, &group, b, number, views[i]->help);
            }
            continue;
        }
        snprintf(means, sizeof means, "%s%s%s", b->help, b->sends ? "   :" : "",
                 b->sends ? b->sends : "");
        key_line(p, &group, b, b->shown, means);
    }
}

static void page_all(struct page *p, const struct view *const *views)
{
    page_keys(p, views);
    if (!p->find[0])
        heading(p, "Commands (: and --at; POOL left out is the selected one)");
    for (const struct verb_help *v = verb_table; v->name; v++)
        if (wanted(p, v->form, v->help))
            entry(p, v->form, p->r.w > 100 ? 52 : 36, v->help, ROLE_ACCENT);
    if (!p->find[0])
        heading(p, "Words");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (wanted(p, words[i].word, words[i].means))
            entry(p, words[i].word, 12, words[i].means, ROLE_STRONG);
}

void help_draw(struct cells *c, struct screen *sc)
{
    int w = c->cols < 124 ? c->cols : 120;
    struct rect r =
        rect_of((c->cols - w) / 2, c->rows > 3 ? 1 : 0, w, c->rows > 3 ? c->rows - 2 : c->rows);
    struct page p = {.find = sc->find, .r = rect_of(r.x + 1, r.y + 1, r.w - 2, r.h - 2)};
    char title[128];

    if (r.h < 3 || r.w < 10) {
        cells_field(c, 0, 0, c->cols, ALIGN_LEFT, ROLE_TEXT, "help: the window is too small");
        return;
    }
    page_all(&p, sc->views);
    sc->help_lines = p.line;
    if (sc->help_scroll > p.line - p.r.h)
        sc->help_scroll = p.line - p.r.h;
    if (sc->help_scroll < 0)
        sc->help_scroll = 0;
    sc->page = p.r.h;
    snprintf(title, sizeof title, "help%s%s   / finds, Esc leaves%s", sc->find[0] ? ", with " : "",
             sc->find, p.line > p.r.h ? ", up and down scroll" : "");
    box_dialog(c, r, title);
    p.c = c;
    p.first = sc->help_scroll;
    p.line = 0;
    page_all(&p, sc->views);
    if (p.line == 0)
        cells_text(c, p.r.x + 1, p.r.y, ROLE_DIM, "nothing found");
    cells_back(c, rect_of(r.x + 1, r.y + 1, r.w - 2, r.h - 2), ROLE_DIALOG);
}
