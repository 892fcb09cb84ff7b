/* The dashboard: one thread that reads keys, sends commands, takes snapshots and draws them.
 *
 * It never blocks on the engine: commands go into its queue, snapshots come out. It redraws at once
 * on a key and otherwise with each new snapshot, ten times a second. */
#ifndef LOADTOP_UI_APP_H
#define LOADTOP_UI_APP_H

#include <stdbool.h>

struct backend;
struct engine;
struct journal;
struct json_t;
struct err;
struct snapshot;

struct app_settings {
    const char *theme;   /* name, or NULL: the default */
    const char *colors;  /* direct, 256, 16, none, or NULL: what the terminal can do */
    const char *glyphs;  /* braille, block, acs, ascii, or NULL: what the locale can do */
    const char *out_dir; /* where captures and reports go; NULL: here */
    const char *command; /* that repeats the run, for files; may be NULL */
    bool quiet;
    const struct backend *const *backends;
    struct json_t *screens; /* array: what is captured is added to it; borrowed */
    /* Told once, when every pool has ended while the screen stays; or NULL. */
    int (*ended)(void *ctx, const struct snapshot *, struct err *);
    void *ended_ctx;
};

/* Would app_run refuse (no terminal, an unknown TERM, theme or glyph set)? To be asked before load
 * is started. */
int app_check(const struct app_settings *, struct err *);
/* Runs the dashboard until the person quits; the terminal is then restored. Returns 0, or 128+n
 * when ended by signal n, or an enum err_code with err set when the terminal or a setting cannot be
 * used. The engine is made and started by the caller, who also waits for its end and prints the
 * report. The journal (or NULL) gets each second of the run. */
int app_run(struct engine *, const struct app_settings *, struct journal *, struct err *);

#endif
