/* Lists and removes a run's leftovers in CrateDB, for `loadtop clean`, and for drop=yes at a run's
 * end.
 *
 * A table is dropped if it has this run's mark (crate_sql/sql.h) and contains no records of others;
 * otherwise only the run's records, identified by their keys, are deleted. The mark is checked
 * again right before each DROP. CrateDB cannot check and drop in one statement, so a table that
 * others drop and recreate between the two would be dropped by mistake.
 *
 * SELECT, DELETE and count(*) see only refreshed records (docs/general/dql/refresh.rst), so there
 * is a REFRESH before each of them, and the counts are the server's. */
#if LOADTOP_HAVE_CURL && LOADTOP_HAVE_ZLIB
#include "backends/crate/clean.h"

#include "backends/crate/site.h"
#include "backends/crate/table.h"
#include "backends/crate/types.h"
#include "engine/base/err.h"
#include "engine/base/quantity.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define CLEAN_MS 600000L /* a DELETE of many rows may take long */
#define ENTRIES_MAX 1000

/* ---- counting ---- */

/* A statement about the table: `before` "schema"."name" `after`. args: stolen, may be NULL. */
static int about_table(struct crate_site *s, const struct crate_table *t, const char *before,
                       const char *after, json_t *args, json_t **reply, long timeout_ms,
                       struct err *err)
{
    struct text sql = {0};
    text_add(&sql, "%s \"%s\".\"%s\"%s", before, t->schema, t->name, after);
    int result = crate_site_sql(s, text_str(&sql), args, reply, timeout_ms, err);
    text_free(&sql);
    return result;
}

static int refresh(struct crate_site *s, const struct crate_table *t, long timeout_ms,
                   struct err *err)
{
    return about_table(s, t, "REFRESH TABLE", "", NULL, NULL, timeout_ms, err);
}

static int count(struct crate_site *s, const struct crate_table *t, const char *where, json_t *args,
                 int64_t *n, long timeout_ms, struct err *err)
{
    json_t *reply = NULL;
    int result = about_table(s, t, "SELECT count(*) FROM", where, args, &reply, timeout_ms, err);
    *n = result == 0 ? whole_count(crate_cell(reply, 0, 0, -1)) : -1;
    json_decref(reply);
    if (result == 0 && *n < 0)
        return err_set(err, ERR_FAILED, "%s: the server's count is no number", t->shown);
    return result;
}

/* Counts the run's records. Call it after a refresh. */
static int count_own(struct crate_site *s, const struct crate_table *t, const char *run, int64_t *n,
                     long timeout_ms, struct err *err)
{
    char like[CRATE_LIKE_MAX];
    return count(s, t, " WHERE \"id\" LIKE ?", json_pack("[s]", crate_run_like(like, run)), n,
                 timeout_ms, err);
}

/* Counts records whose keys do not begin with the run's id: two ranges, which are cheap when empty.
 * '.' is the character after '-'. After a refresh. */
static int count_others(struct crate_site *s, const struct crate_table *t, const char *run,
                        int64_t *n, long timeout_ms, struct err *err)
{
    char from[16], to[16];
    snprintf(from, sizeof from, "%.8s-", run);
    snprintf(to, sizeof to, "%.8s.", run);
    return count(s, t, " WHERE \"id\" < ? OR \"id\" >= ?", json_pack("[ss]", from, to), n,
                 timeout_ms, err);
}

/* ---- removing ---- */

int crate_drop_own(struct crate_site *s, const struct crate_table *t, const char *run,
                   long timeout_ms, bool *dropped, struct err *err)
{
    struct crate_made made;
    int64_t others = 0;
    json_t *reply = NULL;
    *dropped = false;
    int result = crate_table_inspect(s, t, run, &made, err);
    if (result < 0 || !made.exists)
        return result;
    if (!made.marked)
        return err_set(err, ERR_REFUSED, "it does not bear the mark of this run (" CRATE_MARK "%s)",
                       run);
    result = refresh(s, t, timeout_ms, err);
    if (result == 0)
        result = count_others(s, t, run, &others, timeout_ms, err);
    if (result == 0 && others > 0)
        result = err_set(err, ERR_REFUSED, "it holds %lld row%s not of this run", (long long)others,
                         others == 1 ? " that is" : "s that are");
    if (result == 0)
        result = about_table(s, t, "DROP TABLE IF EXISTS", "", NULL, &reply, timeout_ms, err);
    *dropped = result == 0 && json_integer_value(json_object_get(reply, "rowcount")) > 0;
    json_decref(reply);
    return result;
}

/* ---- clean ---- */

/* A table that the file names. */
struct place {
    struct clean *c;
    struct crate_site *site;
    struct crate_table table;
    bool made; /* according to the file, its pool created the table */
    bool ours; /* according to the server, some run of loadtop created it */
    char table_words[2 * CRATE_NAME_MAX + 16];
};

/* Reports the run's records. In a table created by others they are identified by their ids only. */
static void say_rows(const struct place *p, enum clean_fate fate, int64_t n, const char *why)
{
    char words[2 * CRATE_NAME_MAX + 40];
    bool by_id = !*why && !p->ours && fate != CLEAN_ABSENT;
    snprintf(words, sizeof words, "row%s of this run in table %s", n == 1 ? "" : "s",
             p->table.shown);
    p->c->say(p->c, fate, words, n,
              by_id ? "known by their ids only: the table bears no mark of loadtop" : why);
}

/* Reports that the table is kept; the reason ends with the statement that removes it by hand. */
static void table_stays(const struct place *p, const char *reason)
{
    struct text why = {0};
    text_add(&why, "%s; by hand: DROP TABLE \"%s\".\"%s\"", reason, p->table.schema, p->table.name);
    p->c->say(p->c, CLEAN_STAYS, p->table_words, -1, text_str(&why));
    text_free(&why);
}

static int drop_table(const struct place *p, struct err *err)
{
    bool dropped = false;
    int result = crate_drop_own(p->site, &p->table, p->c->run, CLEAN_MS, &dropped, err);
    if (result == ERR_REFUSED) { /* the table was replaced meanwhile */
        table_stays(p, err->msg);
        return 0;
    }
    if (result == 0)
        p->c->say(p->c, dropped ? CLEAN_GONE : CLEAN_ABSENT, p->table_words, -1, "");
    return result;
}

static int delete_rows(const struct place *p, struct err *err)
{
    char like[CRATE_LIKE_MAX];
    json_t *reply = NULL;
    int64_t left = 0;
    int result =
        about_table(p->site, &p->table, "DELETE FROM", " WHERE \"id\" LIKE ?",
                    json_pack("[s]", crate_run_like(like, p->c->run)), &reply, CLEAN_MS, err);
    const json_t *n = json_object_get(reply, "rowcount");
    int64_t gone = json_is_integer(n) ? (int64_t)json_integer_value(n) : -1;
    json_decref(reply);
    if (result == 0)
        result = refresh(p->site, &p->table, CLEAN_MS, err);
    if (result == 0)
        result = count_own(p->site, &p->table, p->c->run, &left, CLEAN_MS, err);
    if (result < 0)
        return result;
    if (gone != 0)
        say_rows(p, CLEAN_GONE, gone < 0 ? -1 : gone, "");
    if (left > 0) {
        struct text why = {0};
        text_add(&why,
                 "they are there after the DELETE; by hand: DELETE FROM \"%s\".\"%s\" "
                 "WHERE \"id\" LIKE '%s'",
                 p->table.schema, p->table.name, like);
        say_rows(p, CLEAN_STAYS, left, text_str(&why));
        text_free(&why);
    }
    if (gone == 0 && left == 0)
        say_rows(p, CLEAN_ABSENT, -1, "");
    return 0;
}

/* Deletes or lists the run's records in a table that is kept. */
static int clean_rows(const struct place *p, struct err *err)
{
    int64_t own = 0;
    int result = count_own(p->site, &p->table, p->c->run, &own, CLEAN_MS, err);
    if (result < 0)
        return result;
    if (own == 0)
        say_rows(p, CLEAN_ABSENT, -1, "");
    else if (!p->c->remove)
        say_rows(p, CLEAN_OURS, own, "");
    else
        return delete_rows(p, err);
    return 0;
}

/* Drops or lists the table that this run created. */
static int clean_table(const struct place *p, struct err *err)
{
    char words[sizeof p->table_words + 40];
    int64_t others = 0, own = 0;
    int result = count_others(p->site, &p->table, p->c->run, &others, CLEAN_MS, err);
    if (result < 0)
        return result;
    if (others > 0) {
        char reason[96];
        snprintf(reason, sizeof reason, "it holds %lld row%s not of this run", (long long)others,
                 others == 1 ? " that is" : "s that are");
        table_stays(p, reason);
        return clean_rows(p, err);
    }
    if (p->c->remove)
        return drop_table(p, err);
    result = count(p->site, &p->table, "", NULL, &own, CLEAN_MS, err);
    if (result == 0) {
        snprintf(words, sizeof words, "%s with its %lld row%s", p->table_words, (long long)own,
                 own == 1 ? "" : "s");
        p->c->say(p->c, CLEAN_OURS, words, -1, "");
    }
    return result;
}

static int clean_place(struct place *p, struct err *err)
{
    struct crate_made made;
    int result = crate_table_inspect(p->site, &p->table, p->c->run, &made, err);
    if (result < 0)
        return result;
    p->ours = made.ours;
    if (!made.exists) {
        p->c->say(p->c, CLEAN_ABSENT, p->table_words, -1, "this user sees none of that name");
        return 0;
    }
    if (!crate_run_ok(p->c->run)) {
        table_stays(p, "the file does not say which run it was, so nothing there bears its mark");
        return 0;
    }
    result = refresh(p->site, &p->table, CLEAN_MS, err);
    if (result < 0)
        return result;
    if (made.marked)
        return clean_table(p, err);
    if (p->made)
        table_stays(p, made.ours ? "another run made it, or a version that left no mark"
                                 : "it bears no mark of loadtop");
    return clean_rows(p, err);
}

/* Handles an entry of a run's leftovers; the file is not trusted. */
static int clean_entry(struct clean *c, struct crate_site *s, const json_t *entry, struct err *err)
{
    const char *what = json_string_value(json_object_get(entry, "what"));
    const char *made = json_string_value(json_object_get(entry, "made"));
    struct place p = {.c = c, .site = s, .made = made && strcmp(made, "table") == 0};
    struct err each = {0};
    if (!what) {
        c->say(c, CLEAN_STAYS, "an entry of the file", -1, "it names no table");
        return 0;
    }
    if (!*what || crate_table_parse(&p.table, what, "", &each) < 0) {
        char name[200];
        copy_str(name, sizeof name, what);
        c->say(c, CLEAN_STAYS, name, -1, "that is not the name of a table that loadtop makes");
        return 0;
    }
    snprintf(p.table_words, sizeof p.table_words, "table %s", p.table.shown);
    int result = clean_place(&p, &each);
    if (result == ERR_FAILED && s->code) { /* it answers, but not for this table */
        c->say(c, CLEAN_STAYS, p.table_words, -1, each.msg);
        return 0;
    }
    return result < 0 ? err_set(err, result, "%s", each.msg) : 0;
}

/* Was the same table named by an entry before? */
static bool named_before(const json_t *left, size_t at)
{
    const char *what = json_string_value(json_object_get(json_array_get(left, at), "what"));
    for (size_t i = 0; what && i < at; i++) {
        const char *other = json_string_value(json_object_get(json_array_get(left, i), "what"));
        if (other && strcmp(what, other) == 0)
            return true;
    }
    return false;
}

/* Checks the identity of each host. 0 if one of them may be cleaned. */
static int identify_hosts(const struct clean *c, struct crate_site *s, struct err *err)
{
    unsigned known = 0;
    for (unsigned i = 0; i < s->hosts; i++) {
        struct err each = {0};
        int result = crate_site_identify(s, i, &each);
        if (result == 0)
            result = clean_identity_allowed(c, "crate", s->cluster, &each);
        if (result == ERR_REFUSED)
            return err_set(err, result, "%s", each.msg);
        if (result < 0 && !err->code)
            *err = each;
        atomic_store(&s->host[i].known, result == 0);
        known += result == 0;
    }
    if (!known)
        return err->code;
    err->code = 0;
    return 0;
}

int crate_clean(struct clean *c, struct err *err)
{
    const json_t *left = c->leftovers;
    struct crate_site site;
    if (json_array_size(left) > ENTRIES_MAX)
        return err_set(err, ERR_USAGE, "the file names more than %d things", ENTRIES_MAX);
    int result = crate_site_open(&site, NULL, c->target, c->options, c->sender, err);
    if (result < 0)
        return result;
    result = identify_hosts(c, &site, err);
    for (size_t i = 0; i < json_array_size(left) && result == 0; i++)
        if (!named_before(left, i))
            result = clean_entry(c, &site, json_array_get(left, i), err);
    crate_site_close(&site);
    return result;
}

#else
extern int crate_not_built; /* ISO C wants a declaration */
#endif
