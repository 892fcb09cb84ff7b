/* Any bytes as input from a terminal: through curses and the program's own decoding of keys, pastes
 * and the mouse, to the actions of keys, the prompt, the forms and the questions. The screen is
 * drawn each time and shown on a real pseudo-terminal.
 *
 * The keyboard is a pipe, so that an incomplete sequence ends at once; otherwise the program would
 * wait 100 ms for its rest. Byte 0xfe ends a piece of input; the byte after it says what happens
 * next: nothing, time passes, or the window is resized. The engine runs on virtual time with the
 * null service. No file is written and no target is inspected: the modules that would do so are
 * replaced below.
 *
 * ctest: not-tsan
 * fuzz: mutations=200 */
#include "backends/registry.h"
#include "engine/os/loop.h"
#include "tests/fuzz/no_files.h"
#include "tests/fuzz/scratch.h"
#include "ui/live/app_state.h"
#include "ui/run/baseline.h"
#include "ui/export/picture.h"
#include "ui/term/glyphs.h"
#include "ui/live/probe.h"
#include "ui/live/act.h"
#include "ui/live/app.h"
#include "ui/live/capture.h"
#include "ui/export/png.h"
#include "ui/term/theme_files.h"
#include "ui/views/views.h"

#include <curses.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);
/* The leak checker's, where there is one. */
__attribute__((weak)) void __lsan_disable(void);
__attribute__((weak)) void __lsan_enable(void);

#define CHUNK_MOST 1024 /* bytes that come at one time: they fit into a pipe */
#define MARK 0xfe

static int master = -1, keyboard = -1;
static const struct backend *const only_null[] = {&backend_null, NULL};

static void must(bool truth, const char *what)
{
    if (truth)
        return;
    fprintf(stderr, "fuzz_terminal_input: %s\n", what);
    abort();
}

/* ---- what is replaced ---- */

/* curses' own: what timeout() calls. A read never waits. */
void wtimeout(WINDOW *w, int ms)
{
    (void)ms;
    nodelay(w, TRUE);
}

/* ui/export/png.c: it takes long, and reads nothing from outside. */
int export_png_check(struct err *err)
{
    return err_set(err, ERR_FAILED, "not here");
}

int export_png(const struct cells *c, const struct theme *t, unsigned char **data,
               unsigned long *len, struct err *err)
{
    (void)c;
    (void)t;
    (void)data;
    (void)len;
    return export_png_check(err);
}

/* ui/live/probe.c */
struct probe *probe_start(const char *url, const struct backend *const *backends_)
{
    static int one;
    (void)url;
    (void)backends_;
    return (struct probe *)&one;
}

struct probe_result probe_poll(struct probe *p)
{
    (void)p;
    return (struct probe_result){.done = true, .good = true, .text = "it answers"};
}

void probe_free(struct probe *p, bool wait)
{
    (void)p;
    (void)wait;
}

/* ---- the terminal ---- */

static void *drain(void *ctx)
{
    char buf[16384];
    (void)ctx;
    while (read(master, buf, sizeof buf) > 0)
        continue;
    return NULL;
}

static void set_size(unsigned which)
{
    static const struct winsize sizes[] = {
        {.ws_row = 24, .ws_col = 80},  {.ws_row = 40, .ws_col = 120}, {.ws_row = 1, .ws_col = 1},
        {.ws_row = 5, .ws_col = 200},  {.ws_row = 60, .ws_col = 20},  {.ws_row = 10, .ws_col = 40},
        {.ws_row = 2, .ws_col = 1000}, {.ws_row = 0, .ws_col = 0},
    };
    ioctl(master, TIOCSWINSZ, &sizes[which % (sizeof sizes / sizeof *sizes)]);
}

/* Opens it as the program does; the signals stay the fuzzer's. */
static void open_terminal(void)
{
    struct sigaction was[NSIG];
    struct err err = {0};
    pthread_t thread;
    int keys[2];
    master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || grantpt(master) || unlockpt(master))
        abort();
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0 || dup2(slave, 0) < 0 || dup2(slave, 1) < 0 || pipe2(keys, O_CLOEXEC) ||
        pthread_create(&thread, NULL, drain, NULL))
        abort();
    set_size(1);
    for (int number = 1; number < NSIG; number++)
        sigaction(number, NULL, &was[number]);
    if (__lsan_disable) /* curses keeps some of what it reads of a terminal */
        __lsan_disable();
    if (term_open("256", &err)) {
        fprintf(stderr, "fuzz_terminal_input: %s\n", err.msg);
        abort();
    }
    for (int number = 1; number < NSIG; number++)
        sigaction(number, &was[number], NULL);
    if (__lsan_enable)
        __lsan_enable();
    if (dup2(keys[0], 0) < 0)
        abort();
    keyboard = keys[1];
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    if (master >= 0)
        return 0;
    scratch_make();
    setenv("HOME", scratch, 1);
    setenv("XDG_CONFIG_HOME", scratch, 1);
    setenv("TERM", "xterm-256color", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    setenv("ESCDELAY", "0", 1);
    open_terminal();
    return 0;
}

/* ---- the program ---- */

static struct engine *start(void)
{
    static const char *const urls[] = {"null:?service=50ms&servers=2&clients=2",
                                       "null:?name=b&service=20ms&servers=1&pattern=queue&depth=2"};
    static struct scenario s;
    struct err err = {0};
    scenario_init(&s);
    s.limits.max_threads = 3;
    s.limits.max_clients = 8;
    s.limits.max_threads_given = s.limits.max_clients_given = true;
    s.limits.max_rate = 500;
    for (int i = 0; i < 2; i++)
        if (scenario_add(&s, urls[i], ORIGIN_ARGV, NULL, only_null, &err))
            abort();
    struct engine *e = engine_new(&s, only_null, true, &err);
    scenario_fini(&s);
    if (!e || engine_start(e, &err))
        abort();
    return e;
}

static void show(struct app *a)
{
    app_draw(a);
    must(a->sc.cursor_x < 0 || (a->sc.cursor_x < a->cells.cols && a->sc.cursor_y < a->cells.rows),
         "the cursor is off the screen");
}

static void take_snapshot(struct app *a)
{
    snapshot_release(a->live);
    a->live = engine_snapshot(a->engine);
    a->sc.real_s = a->live->now_s;
}

/* What came is decoded and acted on; then the screen is drawn. */
static void turn(struct app *a)
{
    struct command c;
    struct input in;
    a->sc.clock += 0.4;
    while (!a->quit && term_read(&in)) {
        act_input(a, &in);
        must(a->sc.input.at <= a->sc.input.len && strlen(a->sc.input.s) == a->sc.input.len,
             "the text field is in disorder");
    }
    while (engine_take_screen(a->engine, &c))
        capture_command(a, &c);
    act_probe(a);
    a->suspend = SUSPEND_NO;
    show(a);
}

static void happen(struct app *a, uint64_t *now_ns, uint8_t what)
{
    if (what % 4 == 1 || what % 4 == 2) {
        *now_ns += (what % 4 == 1 ? 100 : 1000) * NS_PER_MS;
        engine_step(a->engine, *now_ns);
        take_snapshot(a);
    } else if (what % 4 == 3) {
        set_size(what / 4);
    }
}

static void type(const uint8_t *data, size_t size)
{
    if (size && write(keyboard, data, size) != (ssize_t)size)
        abort();
}

/* Reads and drops whatever is still pending, so that each input starts from the same state. */
static void end_sequences(void)
{
    static const char end[] = "\033[201~\033[201~";
    struct input in;
    type((const uint8_t *)end, sizeof end - 1);
    for (int n = 0; n < 4;)
        n = term_read(&in) ? 0 : n + 1;
    set_size(1);
}

static void finish(struct app *a)
{
    engine_end(a->engine, END_NOW, END_BY_USER);
    form_close(&a->sc.form);
    baseline_free(&a->sc.baselines);
    snapshot_release(a->frozen);
    snapshot_release(a->live);
    cells_free(&a->cells);
    engine_free(a->engine);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct app a;
    struct app_settings settings = {.backends = backends, .command = "loadtop null:"};
    struct err err = {0};
    uint64_t now_ns = 300 * NS_PER_MS;
    LLVMFuzzerInitialize(NULL, NULL);
    memset(&a, 0, sizeof a);
    a.settings = &settings;
    a.engine = start();
    settings.screens = json_array();
    screen_init(&a.sc, views);
    a.cells.glyphs = glyphs_find("braille");
    a.tier = term_tier();
    a.sc.clock = 1000;
    if (theme_load(&a.theme, theme_default(), &err))
        abort();
    engine_step(a.engine, now_ns);
    take_snapshot(&a);
    show(&a);
    for (size_t at = 0; at < size && !a.quit;) {
        const uint8_t *mark = memchr(data + at, MARK, size - at);
        size_t n = mark ? (size_t)(mark - data) - at : size - at;
        n = n < CHUNK_MOST ? n : CHUNK_MOST;
        type(data + at, n);
        turn(&a);
        at += n;
        if (at < size && data[at] == MARK) {
            happen(&a, &now_ns, at + 1 < size ? data[at + 1] : 0);
            at += 2;
        }
    }
    end_sequences();
    finish(&a);
    json_decref(settings.screens);
    return 0;
}
