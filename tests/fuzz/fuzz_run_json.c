/* Any bytes as a saved run, which may come from anybody, through everything that reads one: each
 * kind of report, the comparison, the baseline and its plots, the row of the history, and `clean`
 * with what each backend does before it connects.
 *
 * ctest: not-tsan
 * fuzz: mutations=1000 */
#include "backends/registry.h"
#include "engine/base/err.h"
#include "engine/base/text.h"
#include "tests/fuzz/guard.h"
#include "tests/fuzz/mutate_json.h"
#include "tests/fuzz/no_files.h"
#include "tests/fuzz/scratch.h"
#include "tests/unit/fixture_snapshot.h"
#include "ui/cli/access.h"
#include "ui/run/baseline.h"
#include "ui/term/cells.h"
#include "ui/cli/clean.h"
#include "ui/cli/cli.h"
#include "ui/report/compare.h"
#include "ui/json/hdr.h"
#include "ui/json/run.h"
#include "ui/json/read.h"
#include "ui/json/saved_run.h"
#include "ui/term/glyphs.h"
#include "ui/report/report.h"
#include "ui/panels/screen_state.h"
#include "ui/views/screen.h"
#include "ui/views/views.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

static char path[128];
static struct cli cli;

/* In the place of ui/cli/access.c: nobody is asked, no rules are read and no name is looked up. */
int access_check(struct scenario *s, bool has_screen, struct err *err)
{
    (void)s;
    (void)has_screen;
    (void)err;
    return 0;
}

int access_passwords(const struct cli *c, struct scenario *s, struct err *err)
{
    (void)c;
    (void)s;
    (void)err;
    return 0;
}

/* ---- reports ---- */

static void must(bool truth, const char *what, const char *text)
{
    if (truth)
        return;
    fprintf(stderr, "fuzz_run_json: %s: %.2000s\n", what, text);
    abort();
}

static void report(const struct saved_run *run, const char *name, const struct report_options *o)
{
    struct text t = {0};
    struct err err = {0};
    int code = report_make(run, name, o, &t, &err);
    must(code == 0 || (err.msg[0] && !strpbrk(err.msg, "\r\n")), "no message of one line", name);
    must(!t.s || strlen(t.s) == t.len, "a NUL in it", name);
    text_free(&t);
}

static void reports(const struct saved_run *run)
{
    static const char *const names[] = {"r.html", "r.md",           "r.txt",  "r.svg",
                                        "r.csv",  "r.plateaus.csv", "r.hlog", "r.hgrm"};
    struct report_options o = {0};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        report(run, names[i], &o);
    for (size_t i = 0; i < run->pools && i < 4; i++) {
        o.pool = run->pool[i].name;
        o.service = i % 2 != 0;
        report(run, "r.hgrm", &o);
    }
}

/* ---- compared ---- */

static void compare(const struct saved_run *base, const struct saved_run *new)
{
    const struct saved_run *three[3] = {new, new, base};
    const struct compare_options o = {.threshold = 0.05};
    struct text t = {0};
    struct err err = {0};
    bool regressed;
    compare_runs(&t, &base, 1, &new, 1, &o, &regressed, &err);
    compare_runs(&t, three, 3, three, 3, &o, &regressed, &err);
    text_free(&t);
}

/* ---- as a baseline ---- */

static void draw_beside(int view)
{
    static struct screen sc;
    static struct cells cells;
    const struct snapshot *s = fixture_snapshot();
    struct err err = {0};
    unsigned pools;
    const char *why;

    screen_init(&sc, views);
    sc.real_s = FIXTURE_NOW;
    sc.compare = true;
    if (baseline_load(&sc.baselines, s, path, &pools, &err) == 0) {
        cells.glyphs = glyphs_find("braille");
        cells_resize(&cells, 40, 120);
        for (unsigned i = 0; i < s->pools; i++)
            if (baseline_of(&sc.baselines, s->pool[i].number))
                baseline_at(baseline_of(&sc.baselines, s->pool[i].number), &s->pool[i], &why);
        sc.view = view;
        screen_draw(&cells, &sc, s, s);
    }
    baseline_free(&sc.baselines);
}

/* ---- clean ---- */

static int no_clean(struct clean *c, struct err *err)
{
    (void)c;
    return err_set(err, ERR_UNREACHED, "librdkafka's threads would try for seconds");
}

/* Without a socket: each backend ends where it would connect. */
static void clean(void *ctx)
{
    static struct backend kafka;
    static const struct backend *table[8];
    kafka = backend_kafka;
    kafka.clean = no_clean;
    for (size_t i = 0; backends[i] && i < 7; i++)
        table[i] = strcmp(backends[i]->name, "kafka") == 0 ? &kafka : backends[i];
    (void)ctx;
    clean_run(&cli, table);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static char *words[] = {"loadtop", "clean", "--quiet", "--yes", path, NULL};
    struct err err = {0};
    (void)argc;
    (void)argv;
    if (path[0])
        return 0;
    scratch_make();
    snprintf(path, sizeof path, "%s/run.json", scratch);
    if (cli_parse(&cli, 5, words, backends, &err) < 0)
        abort();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct guard guard = {.flags = GUARD_REFUSE};
    struct err err = {0};
    LLVMFuzzerInitialize(NULL, NULL);
    scratch_write(path, data, size);
    json_t *run = json_load_run(path, false, &err);
    if (run) {
        json_t *same = json_deep_copy(run);
        struct saved_run *saved = saved_run_read(run, &err);
        must(saved || (err.code < 0 && err.msg[0] && !strpbrk(err.msg, "\r\n")), "no message", "");
        if (saved)
            reports(saved);
        if (saved)
            compare(saved, saved);
        saved_run_free(saved);
        draw_beside((int)(size % 3)); /* all views take long */
        must(json_equal(run, same), "a reader changed it", "");
        json_decref(same);
        json_decref(run);
        guard_run(&guard, clean, NULL);
    } else {
        must(err.code < 0 && err.msg[0], "no message", "");
    }
    return 0;
}

/* A histogram with other counts, encoded as it should be: what is wrong is behind the deflation. */
static char *other_histogram(const char *was, uint32_t *state)
{
    uint8_t payload[48];
    size_t len = 1 + mutate_draw(state, sizeof payload);
    if (strncmp(was, "HISTF", 5) != 0)
        return NULL;
    for (size_t i = 0; i < len; i++) {
        uint32_t v = mutate_draw(state, 1024);
        payload[i] = (uint8_t)(v < 256 ? v : v < 512 ? 0xff : v < 768 ? 0x80 : v % 8);
    }
    return hdr_encode(payload, len);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    size_t new = seed % 8 ? json_mutate(data, size, max, seed, other_histogram) : 0;
    return new ? new : LLVMFuzzerMutate(data, size, max);
}
