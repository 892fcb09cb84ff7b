/* Any bytes as the files of the history: the journal of a run whose program was killed (J), the
 * database file (D), or a run in a row of a valid database, as text (R) or as allegedly deflated
 * data (Z). The first byte chooses which. Each goes through the verbs that read it.
 *
 * ctest: not-tsan
 * fuzz: mutations=1000 */
#include "engine/base/err.h"
#include "engine/base/text.h"
#include "tests/fuzz/mutate_json.h"
#include "tests/fuzz/scratch.h"
#include "ui/cli/history_verb.h"

#include <errno.h>
#include <stdint.h>
#ifdef LOADTOP_HAVE_SQLITE
#include <sqlite3.h>
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

static char folder[128], database[160], journal[200];

static void prepare(void)
{
    if (!folder[0]) {
        scratch_make();
        snprintf(folder, sizeof folder, "%s/loadtop", scratch);
        snprintf(database, sizeof database, "%s/history.db", folder);
        snprintf(journal, sizeof journal, "%s/running/5f0e1a2b-1.run", folder);
        setenv("XDG_STATE_HOME", scratch, 1);
    }
    char running[160];
    snprintf(running, sizeof running, "%s/running", folder);
    scratch_empty(folder);
    if ((mkdir(folder, 0700) < 0 && errno != EEXIST) || mkdir(running, 0700) < 0)
        abort();
}

static void say(int n, const char *const *words)
{
    struct text t = {0};
    struct err err = {0};
    bool regressed;
    int code = history_verb(&t, n, (char *const *)(uintptr_t)words, &regressed, &err);
    if ((code == 0) == (err.msg[0] != '\0') || (t.s && strlen(t.s) != t.len)) {
        fprintf(stderr, "fuzz_history: %s: code %d, '%s'\n", words[0], code, err.msg);
        abort();
    }
    text_free(&t);
}

static void read_all(void)
{
    const char *const list[] = {"list"}, *const show[] = {"show", "last"},
                      *const compare[] = {"compare", "last", "last"},
                      *const prune[] = {"prune", "--keep", "1"};
    say(1, list);
    say(2, show);
    say(3, compare);
    say(3, prune);
}

/* A run in a row; `packed`: its text is what a deflated one would be. */
static void put_row(const uint8_t *data, size_t size, bool packed)
{
#ifdef LOADTOP_HAVE_SQLITE
    const char *const list[] = {"list"};
    sqlite3 *db = NULL;
    sqlite3_stmt *q = NULL;
    scratch_write(database, "", 0);
    say(1, list); /* makes the table */
    if (sqlite3_open(database, &db) != SQLITE_OK ||
        sqlite3_prepare_v2(db,
                           "INSERT INTO run (run_id, started, targets, ended_by, command, packed, "
                           "size, json) VALUES ('5f0e1a2b', ?1, ?1, ?1, ?1, ?2, ?3, ?4)",
                           -1, &q, NULL) != SQLITE_OK)
        abort();
    sqlite3_bind_text(q, 1, (const char *)data, size < 40 ? (int)size : 40, SQLITE_STATIC);
    sqlite3_bind_int(q, 2, packed);
    sqlite3_bind_int64(q, 3, packed && size > 2 ? data[1] * 256 : (sqlite3_int64)size);
    sqlite3_bind_blob64(q, 4, data, size, SQLITE_STATIC);
    if (sqlite3_step(q) != SQLITE_DONE)
        abort();
    sqlite3_finalize(q);
    sqlite3_close(db);
#else
    (void)data;
    (void)size;
    (void)packed;
#endif
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    prepare();
    if (data[0] == 'J')
        scratch_write(journal, data + 1, size - 1);
    else if (data[0] == 'D')
        scratch_write(database, data + 1, size - 1);
    else
        put_row(data + 1, size - 1, data[0] == 'Z');
    read_all();
    return 0;
}

/* The JSON of a row, or of one line of a journal, stays JSON. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    size_t from = 1, new;
    if (!size || (data[0] != 'J' && data[0] != 'R') || seed % 4 == 0)
        return LLVMFuzzerMutate(data, size, max);
    const uint8_t *second = data[0] == 'J' ? memchr(data, '\n', size) : NULL;
    if (second && seed % 4 != 1)
        from = (size_t)(second - data) + 1;
    const uint8_t *end = data[0] == 'J' ? memchr(data + from, '\n', size - from) : NULL;
    size_t len = end ? (size_t)(end - data) - from : size - from, rest = size - from - len;
    uint8_t *line = malloc(max + 1), *tail = malloc(rest + 1);
    if (!line || !tail)
        abort();
    memcpy(line, data + from, len);
    memcpy(tail, data + from + len, rest);
    new = from + rest < max ? json_mutate(line, len, max - from - rest, seed, NULL) : 0;
    if (new) {
        memcpy(data + from, line, new);
        memcpy(data + from + new, tail, rest);
        new += from + rest;
    }
    free(line);
    free(tail);
    return new ? new : LLVMFuzzerMutate(data, size, max);
}
