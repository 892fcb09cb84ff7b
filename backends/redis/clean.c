/* Removes a run's leftovers: the keys claimed by this run's marks on the server (mark.c) and by no
 * other run's mark.
 *
 * The run's file is only a hint for the database and the prefix. Everything in it is bounded and
 * checked, and without this run's mark on the server nothing is removed, whatever the file lists;
 * the user is then told how to remove it by hand. Keys are removed by name, never by pattern. Keys
 * that two runs may have created are left to the other run: only this run's mark is removed. */
#include "backends/redis/clean.h"

#include "backends/redis/guard.h"
#include "backends/redis/hello.h"
#include "backends/redis/leftovers.h"
#include "backends/redis/link.h"
#include "backends/redis/mark.h"
#include "backends/redis/probe.h"
#include "backends/redis/target.h"
#include "backends/redis/types.h"
#include "engine/base/secret.h"
#include "engine/base/text.h"

#ifdef LOADTOP_HAVE_HIREDIS

#include <hiredis/hiredis.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNKNOWN_RUN "unknown"
#define MARKS_NS (20 * NS_PER_S) /* time limit for reading all marks of one prefix */
#define MARKS_AT_ONCE 500u
#define MARKS_STEPS_MAX 5000u    /* of one clean */
#define BATCH_NS (10 * NS_PER_S) /* for each thousand names */
#define AT_ONCE 1000u
#define COUNTED_MOST 1000000u /* most names that are queried one by one to count existing keys */
#define ENTRIES_MAX 16u

/* Keys that the file lists; they are only hints. */
struct entry {
    char prefix[REDIS_PREFIX_MAX + 8]; /* with the family's */
    uint64_t first, end;
};

struct cleaning {
    struct clean *clean;
    struct redis_link *link;
    char prefix[REDIS_PREFIX_MAX + 1], mark[REDIS_MARK_NAME]; /* mark "": the file names no mark */
    unsigned db;
    bool has_info; /* the server answers INFO */
    struct entry entry[ENTRIES_MAX];
    unsigned entries;
    /* upper bounds of key numbers, from the marks on the server */
    uint64_t ours[FAMILIES], others[FAMILIES];
    char other_run[FAMILIES][9];
    struct text fields; /* fields of this run, each terminated by NUL: the arguments of HDEL */
    uint64_t budget;    /* remaining steps for reading marks */
};

/* ---- The file ---- */

static bool read_db(const json_t *one, unsigned *db)
{
    const json_t *in = json_object_get(one, "db");
    if (!json_is_integer(in) || json_integer_value(in) < 0 || json_integer_value(in) > 65535)
        return false;
    *db = (unsigned)json_integer_value(in);
    return true;
}

static bool read_entry(const json_t *one, struct entry *e)
{
    const char *prefix = json_string_value(json_object_get(one, "prefix"));
    const json_t *first = json_object_get(one, "first"), *last = json_object_get(one, "last");
    if (!prefix || strlen(prefix) > REDIS_PREFIX_MAX + 2 || !json_is_integer(first) ||
        !json_is_integer(last) || json_integer_value(first) < 0 ||
        json_integer_value(last) < json_integer_value(first) ||
        json_integer_value(last) >= (json_int_t)REDIS_KEYS_MAX)
        return false;
    copy_str(e->prefix, sizeof e->prefix, prefix);
    e->first = (uint64_t)json_integer_value(first);
    e->end = (uint64_t)json_integer_value(last) + 1;
    return true;
}

/* Reads the file's entries. A pool has one prefix and one database, so the first of each that is
 * named counts. */
static int read_file(struct cleaning *k, struct err *err)
{
    const json_t *left = k->clean->leftovers;
    bool known = false;
    for (size_t i = 0; i < json_array_size(left); i++) {
        const json_t *one = json_array_get(left, i);
        const char *kind = json_string_value(json_object_get(one, "kind"));
        const char *prefix = json_string_value(json_object_get(one, "prefix"));
        unsigned db;
        bool keys = kind && strcmp(kind, "keys") == 0, mark = kind && strcmp(kind, "mark") == 0;
        if ((!keys && !mark) || !read_db(one, &db) || (known && db != k->db))
            return err_set(err, ERR_USAGE,
                           "left_behind: entry %zu is none of a Redis pool: keys or a mark, all of "
                           "one database (0 to 65535)",
                           i + 1);
        known = true;
        k->db = db;
        if (mark && prefix && strlen(prefix) <= REDIS_PREFIX_MAX && !k->mark[0]) {
            copy_str(k->prefix, sizeof k->prefix, prefix);
            redis_mark_name(k->mark, k->prefix);
        } else if (mark || k->entries == ENTRIES_MAX || !read_entry(one, &k->entry[k->entries])) {
            return err_set(err, ERR_USAGE,
                           "left_behind: entry %zu: keys need prefix, first and last, at most %u "
                           "times, and a mark its prefix, once",
                           i + 1, ENTRIES_MAX);
        }
        k->entries += keys;
    }
    return known ? 0 : err_set(err, ERR_USAGE, "left_behind: it is empty");
}

/* ---- Messages ---- */

static const char *keys_words(char *buf, size_t size, const struct cleaning *k, const char *prefix,
                              uint64_t from, uint64_t end, int64_t count)
{
    char first[REDIS_PREFIX_MAX + 24];
    snprintf(buf, size, "key%s %s..%012llu of database %u", count == 1 ? "" : "s",
             redis_key_name(first, sizeof first, prefix, from), (unsigned long long)end - 1, k->db);
    return buf;
}

/* Adds one shell word. False: it contains bytes that should not be passed to a shell. */
static bool add_word(struct text *t, const char *s)
{
    text_add(t, "'");
    for (; *s; s++) {
        if (*s < 0x20 || *s > 0x7e)
            return false;
        text_add(t, *s == '\'' ? "'\\''" : "%c", *s);
    }
    text_add(t, "'");
    return true;
}

static bool add_redis_cli(struct text *t, const struct cleaning *k)
{
    const struct target *target = k->clean->target;
    const struct target_host *host = &target->host[0];
    bool ok;
    text_add(t, "redis-cli ");
    if (target->hosts) {
        text_add(t, "-h ");
        ok = add_word(t, host->name);
        text_add(t, " -p %u", host->port ? host->port : 6379);
    } else {
        text_add(t, "-s ");
        ok = add_word(t, target->path);
    }
    text_add(t, strcmp(target->scheme, "rediss") == 0 ? " --tls -n %u" : " -n %u", k->db);
    if (target->user[0]) {
        text_add(t, " --user ");
        ok = ok && add_word(t, target->user);
    }
    return ok;
}

/* Adds the command that removes every key made of this prefix and twelve digits, including keys of
 * others. */
static void add_by_hand(struct text *t, const struct cleaning *k, const char *prefix)
{
    struct text pattern = {0}, command = {0};
    for (const char *s = prefix; *s; s++)
        text_add(&pattern, strchr("\\*?[]^", *s) ? "\\%c" : "%c", *s);
    for (int i = 0; i < REDIS_DIGITS; i++)
        text_add(&pattern, "[0-9]");
    bool ok = add_redis_cli(&command, k);
    text_add(&command, " --scan --pattern ");
    ok = add_word(&command, text_str(&pattern)) && ok;
    text_add(&command, " | xargs -r -d '\\n' -n 100 ");
    ok = add_redis_cli(&command, k) && ok;
    text_add(t,
             ok ? "; by hand, all keys of such names: %s unlink"
                : "; its names have bytes that no command is given for%s",
             ok ? text_str(&command) : "");
    text_free(&pattern);
    text_free(&command);
}

/* ---- Queries ---- */

/* Sends `command NAME` for each of the prefix's keys [from, from + n) separately, so that no
 * command blocks the server for long, and sums the integer replies. */
static int each_key(struct redis_link *l, const char *command, const char *prefix, uint64_t from,
                    unsigned n, int64_t *sum, struct err *err)
{
    struct text bytes = {0};
    char name[REDIS_PREFIX_MAX + 24];
    uint64_t deadline_ns = clock_ns() + BATCH_NS;
    for (unsigned i = 0; i < n; i++)
        redis_words(&bytes, 2,
                    (const char *[]){command, redis_key_name(name, sizeof name, prefix, from + i)});
    int rc = bytes.cut ? err_set(err, ERR_FAILED, "out of memory")
                       : redis_link_send(l, text_str(&bytes), bytes.len, deadline_ns, err);
    for (unsigned i = 0; rc == 0 && i < n; i++) {
        char said[161];
        redisReply *r = redis_link_reply(l, deadline_ns, err);
        if (!r)
            rc = ERR_UNREACHED;
        else if (r->type == REDIS_REPLY_ERROR)
            rc = err_set(err, ERR_FAILED, "%s: %s", command,
                         secret_said(said, sizeof said, r->str, r->len));
        else
            *sum += r->type == REDIS_REPLY_INTEGER && r->integer == 1;
        if (r)
            freeReplyObject(r);
    }
    text_free(&bytes);
    return rc;
}

static int all_keys(struct redis_link *l, const char *command, const char *prefix, uint64_t from,
                    uint64_t end, int64_t *sum, struct err *err)
{
    int rc = 0;
    for (; rc == 0 && from < end; from += AT_ONCE)
        rc = each_key(l, command, prefix, from,
                      end - from < AT_ONCE ? (unsigned)(end - from) : AT_ONCE, sum, err);
    return rc;
}

/* Counts how many of these keys exist; -1: too many to query. */
static int count_keys(const struct cleaning *k, const char *prefix, uint64_t from, uint64_t end,
                      int64_t *count, struct err *err)
{
    *count = 0;
    if (end - from <= COUNTED_MOST)
        return all_keys(k->link, "EXISTS", prefix, from, end, count, err);
    *count = -1;
    return 0;
}

/* UNLINK (Redis 4) frees memory in the background; older servers have only DEL. A proxy, which does
 * not answer INFO either, may close the connection on UNLINK. */
static int removing_command(const struct cleaning *k, const char **command, struct err *err)
{
    char name[REDIS_PREFIX_MAX + 24];
    *command = "DEL";
    if (!k->has_info)
        return 0;
    /* a name like that of a mark, but not of any key of the run */
    snprintf(name, sizeof name, "%sloadtop:none", k->prefix);
    redisReply *r =
        redis_link_ask(k->link, 2, (const char *[]){"UNLINK", name}, clock_ns() + BATCH_NS, err);
    if (!r)
        return err->code;
    if (r->type != REDIS_REPLY_ERROR)
        *command = "UNLINK";
    freeReplyObject(r);
    return 0;
}

/* ---- The marks ---- */

/* Takes the keys claimed by another run's field. An unreadable field may claim everything. */
static void take_other(struct cleaning *k, const char *run, const uint64_t *bound)
{
    for (int i = 0; i < FAMILIES; i++)
        if (bound[i] > k->others[i]) {
            k->others[i] = bound[i];
            copy_str(k->other_run[i], sizeof k->other_run[i], run);
        }
}

static void take_field(struct cleaning *k, const redisReply *field, const redisReply *value)
{
    uint64_t bound[FAMILIES];
    char run[9] = UNKNOWN_RUN;
    bool known = redis_mark_field(field->str, field->len, run);
    bool ours = known && strcmp(run, k->clean->run) == 0;
    bool readable = known && redis_mark_read(value->str, value->len, bound);
    if (!readable)
        for (int i = 0; i < FAMILIES; i++)
            bound[i] = ours ? 0 : REDIS_KEYS_MAX;
    if (ours)
        text_put(&k->fields, field->str, field->len + 1);
    else
        take_other(k, run, bound);
    for (int i = 0; ours && i < FAMILIES; i++)
        if (bound[i] > k->ours[i])
            k->ours[i] = bound[i];
}

typedef void mark_fn(struct cleaning *k, void *ctx, const redisReply *field,
                     const redisReply *value);

/* Reads an HSCAN reply: the next cursor, and passes the fields to take. False: not such a reply. */
static bool take_scan(struct cleaning *k, const redisReply *r, char cursor[24], mark_fn *take,
                      void *ctx)
{
    if (r->type != REDIS_REPLY_ARRAY || r->elements != 2 ||
        r->element[0]->type != REDIS_REPLY_STRING || r->element[0]->len >= 24 ||
        r->element[1]->type != REDIS_REPLY_ARRAY)
        return false;
    const redisReply *found = r->element[1];
    for (size_t i = 0; i + 1 < found->elements; i += 2)
        if (found->element[i]->type == REDIS_REPLY_STRING &&
            found->element[i + 1]->type == REDIS_REPLY_STRING)
            take(k, ctx, found->element[i], found->element[i + 1]);
    copy_str(cursor, 24, r->element[0]->str);
    return true;
}

/* Calls take for every field of a hash of marks, possibly repeatedly. Reads in parts, so that a
 * large hash does not block the server. `refusal`, if not NULL: the server's error reply, or "". */
static int each_mark(struct cleaning *k, const char *name, mark_fn *take, void *ctx,
                     struct text *refusal, struct err *err)
{
    char cursor[24] = "0", count[16];
    uint64_t deadline_ns = clock_ns() + MARKS_NS;
    snprintf(count, sizeof count, "%u", MARKS_AT_ONCE);
    do {
        if (!k->budget || clock_ns() > deadline_ns)
            return err_set(err, ERR_FAILED,
                           "%.120s: more marks than are read here: nothing is removed (HDEL those "
                           "of runs whose keys are gone: each field begins with its run)",
                           name);
        k->budget--;
        redisReply *r = redis_link_ask(
            k->link, 5, (const char *[]){"HSCAN", name, cursor, "COUNT", count}, deadline_ns, err);
        if (!r)
            return err->code;
        char said[101];
        bool refused = r->type == REDIS_REPLY_ERROR;
        bool read = !refused && take_scan(k, r, cursor, take, ctx);
        if (refused && refusal)
            text_add(refusal, "%s", secret_said(said, sizeof said, r->str, r->len));
        freeReplyObject(r);
        if (refused)
            return 0;
        if (!read)
            return err_set(err, ERR_FAILED, "HSCAN %.120s: the answer is none", name);
    } while (strcmp(cursor, "0") != 0);
    return k->fields.cut ? err_set(err, ERR_FAILED, "%.120s: too many marks of this run", name) : 0;
}

static void take_any(struct cleaning *k, void *ctx, const redisReply *field,
                     const redisReply *value)
{
    (void)ctx;
    take_field(k, field, value);
}

/* Reads all marks. `why`: the reason why this run's marks could not be found. */
static int read_marks(struct cleaning *k, char *why, size_t size, struct err *err)
{
    struct text refusal = {0};
    if (!k->mark[0]) {
        copy_str(why, size, "the file names no mark of its run");
        return 0;
    }
    int rc = each_mark(k, k->mark, take_any, NULL, &refusal, err);
    snprintf(why, size, "no mark of this run in %.120s%s%.100s", k->mark, refusal.len ? ": " : "",
             text_str(&refusal));
    text_free(&refusal);
    return rc;
}

/* a prefix under which keys of family `from` have the same names as ours of family `to` */
struct neighbour {
    enum redis_family from, to;
};

static void take_neighbour(struct cleaning *k, void *ctx, const redisReply *field,
                           const redisReply *value)
{
    const struct neighbour *n = ctx;
    uint64_t bound[FAMILIES];
    char run[9];
    if (!redis_mark_field(field->str, field->len, run) || strcmp(run, k->clean->run) == 0 ||
        !redis_mark_read(value->str, value->len, bound) || bound[n->from] <= k->others[n->to])
        return;
    k->others[n->to] = bound[n->from];
    copy_str(k->other_run[n->to], sizeof k->other_run[n->to], run);
}

/* Runs under another prefix may have created keys with the same names: "tests:000000000001" is a
 * set of prefix "test" and a string of prefix "tests:". Reads their marks too. */
static int read_neighbour(struct cleaning *k, const char *prefix, enum redis_family from,
                          enum redis_family to, struct err *err)
{
    char name[REDIS_MARK_NAME];
    return each_mark(k, redis_mark_name(name, prefix), take_neighbour,
                     &(struct neighbour){from, to}, NULL, err);
}

/* The length of a prefix without the family's infix at its end ("tests:" is also the prefix of the
 * sets of "test"). False: it does not end in an infix. */
static bool drop_infix(const char *prefix, enum redis_family family, size_t *len)
{
    char infix[8];
    size_t tail = strlen(redis_key_prefix(infix, sizeof infix, "", family));
    *len = strlen(prefix);
    if (!tail || *len < tail || strcmp(prefix + *len - tail, infix) != 0)
        return false;
    *len -= tail;
    return true;
}

static int read_neighbours(struct cleaning *k, struct err *err)
{
    int rc = 0;
    for (int i = FAMILY_STRING + 1; rc == 0 && i < FAMILIES; i++) {
        char other[REDIS_PREFIX_MAX + 8];
        size_t len = strlen(redis_key_prefix(other, sizeof other, k->prefix, (enum redis_family)i));
        if (len <= REDIS_PREFIX_MAX) /* longer prefixes do not exist */
            rc = read_neighbour(k, other, FAMILY_STRING, (enum redis_family)i, err);
        if (rc || !drop_infix(k->prefix, (enum redis_family)i, &len))
            continue;
        copy_part(other, sizeof other, k->prefix, len);
        rc = read_neighbour(k, other, (enum redis_family)i, FAMILY_STRING, err);
    }
    return rc;
}

/* ---- Keys without a mark of this run ---- */

struct other_runs { /* other runs with a mark under a prefix */
    char run[9];
    bool any, more;
};

static void note_other_run(struct cleaning *k, void *ctx, const redisReply *field,
                           const redisReply *value)
{
    struct other_runs *s = ctx;
    char run[9] = UNKNOWN_RUN;
    (void)value;
    redis_mark_field(field->str, field->len, run);
    if (strcmp(run, k->clean->run) == 0)
        return;
    s->more = s->more || (s->any && strcmp(s->run, run) != 0);
    if (!s->any)
        copy_str(s->run, sizeof s->run, run);
    s->any = true;
}

/* Finds the other runs that may have created keys of this prefix, which may end in a family's
 * infix. */
static int find_other_runs(struct cleaning *k, const char *prefix, struct other_runs *s,
                           struct err *err)
{
    char name[REDIS_MARK_NAME], base[REDIS_PREFIX_MAX + 8];
    size_t len = strlen(prefix);
    int rc = 0;
    if (len <= REDIS_PREFIX_MAX)
        rc = each_mark(k, redis_mark_name(name, prefix), note_other_run, s, NULL, err);
    for (int i = FAMILY_STRING + 1; rc == 0 && i < FAMILIES; i++)
        if (drop_infix(prefix, (enum redis_family)i, &len)) {
            copy_part(base, sizeof base, prefix, len);
            rc = each_mark(k, redis_mark_name(name, base), note_other_run, s, NULL, err);
        }
    return rc;
}

/* True for an empty prefix or a family's infix alone: it would match every name of twelve digits,
 * including keys of others. */
static bool is_bare(const char *prefix)
{
    size_t len;
    for (int i = FAMILY_STRING + 1; i < FAMILIES; i++)
        if (drop_infix(prefix, (enum redis_family)i, &len) && len == 0)
            return true;
    return !*prefix;
}

/* Adds the command to remove keys by hand, with the necessary warnings. */
static int add_advice(struct cleaning *k, struct text *t, const char *prefix, struct err *err)
{
    struct other_runs s = {0};
    if (is_bare(prefix)) {
        text_add(t, "; no command is given for an empty prefix: it would take anybody's keys");
        return 0;
    }
    int rc = find_other_runs(k, prefix, &s, err);
    if (rc)
        return rc;
    if (s.any)
        text_add(t, "; run %s%s has a mark there, and such names are its keys too", s.run,
                 s.more ? " (and not that one alone)" : "");
    else
        text_add(t, "; the prefix is the file's word, the server has no mark of any run there: "
                    "look before you run it");
    add_by_hand(t, k, prefix);
    return 0;
}

/* ---- Listing and removing ---- */

/* Handles an entry without a mark: only counts the keys that the file lists. */
static int leave_entry(struct cleaning *k, const struct entry *e, const char *why, struct err *err)
{
    char what[2 * REDIS_PREFIX_MAX + 80];
    int64_t count;
    int rc = count_keys(k, e->prefix, e->first, e->end, &count, err);
    if (rc)
        return rc;
    keys_words(what, sizeof what, k, e->prefix, e->first, e->end, count);
    if (count == 0) {
        k->clean->say(k->clean, CLEAN_ABSENT, what, -1, "");
        return 0;
    }
    struct text reason = {0};
    text_add(&reason, "%s", why);
    rc = add_advice(k, &reason, e->prefix, err);
    if (rc == 0)
        k->clean->say(k->clean, CLEAN_STAYS, what, count, text_str(&reason));
    text_free(&reason);
    return rc;
}

/* Reports the keys below `end` that another run may also have created: they are kept. */
static int leave_shared(struct cleaning *k, const char *prefix, uint64_t end, const char *run,
                        struct err *err)
{
    char what[2 * REDIS_PREFIX_MAX + 80], why[200];
    int64_t count;
    int rc = count_keys(k, prefix, 0, end, &count, err);
    if (rc || count == 0)
        return rc;
    if (strcmp(run, UNKNOWN_RUN) == 0)
        copy_str(why, sizeof why,
                 "perhaps another run's too: there is a mark that is not readable");
    else
        snprintf(why, sizeof why,
                 "also written by run %s: they go with `loadtop clean` of its file (if that is "
                 "lost, where it ran: loadtop history show %s -o FILE.json)",
                 run, run);
    k->clean->say(k->clean, CLEAN_SHARED, keys_words(what, sizeof what, k, prefix, 0, end, count),
                  count, why);
    return 0;
}

/* Removes or lists the keys of a family that only this run may have created. */
static int take_own(struct cleaning *k, const char *prefix, uint64_t from, uint64_t end,
                    const char *command, struct err *err)
{
    char what[2 * REDIS_PREFIX_MAX + 80];
    int64_t count = 0;
    bool remove = k->clean->remove;
    int rc = remove ? all_keys(k->link, command, prefix, from, end, &count, err)
                    : count_keys(k, prefix, from, end, &count, err);
    keys_words(what, sizeof what, k, prefix, from, end, count);
    if (count)
        k->clean->say(k->clean, remove ? CLEAN_GONE : CLEAN_OURS, what, count, "");
    else if (rc == 0)
        k->clean->say(k->clean, CLEAN_ABSENT, what, -1, "");
    return rc;
}

/* Sends HDEL for as many fields from `at` on as fit into one command. *gone: how many of them
 * existed. */
static int remove_fields(struct cleaning *k, size_t *at, int64_t *gone, struct text *refusal,
                         struct err *err)
{
    const char *words[2 + MARKS_AT_ONCE] = {"HDEL", k->mark};
    char said[161];
    unsigned n = 2;
    for (; *at < k->fields.len && n < 2 + MARKS_AT_ONCE; *at += strlen(k->fields.s + *at) + 1)
        words[n++] = k->fields.s + *at;
    redisReply *r = redis_link_ask(k->link, n, words, clock_ns() + BATCH_NS, err);
    if (!r)
        return err->code;
    if (r->type == REDIS_REPLY_ERROR)
        text_add(refusal, "%s", secret_said(said, sizeof said, r->str, r->len));
    if (r->type == REDIS_REPLY_INTEGER && r->integer > 0 && r->integer <= n - 2)
        *gone += r->integer;
    freeReplyObject(r);
    return 0;
}

/* At the end: removes this run's fields. Redis removes the hash with its last field. */
static int take_mark(struct cleaning *k, struct err *err)
{
    char what[REDIS_MARK_NAME + 60];
    struct text refusal = {0};
    int64_t gone = 0;
    int rc = 0;
    snprintf(what, sizeof what, "the mark of this run in %s of database %u", k->mark, k->db);
    for (size_t at = 0; k->clean->remove && rc == 0 && !refusal.len && at < k->fields.len;)
        rc = remove_fields(k, &at, &gone, &refusal, err);
    if (rc == 0)
        k->clean->say(k->clean,
                      !k->clean->remove ? CLEAN_OURS
                      : refusal.len     ? CLEAN_STAYS
                      : gone            ? CLEAN_GONE
                                        : CLEAN_ABSENT,
                      what, -1, text_str(&refusal));
    text_free(&refusal);
    return rc;
}

static int clean_marked(struct cleaning *k, struct err *err)
{
    const char *command = NULL;
    int rc = read_neighbours(k, err);
    if (rc == 0 && k->clean->remove)
        rc = removing_command(k, &command, err);
    for (int i = 0; i < FAMILIES && rc == 0; i++) {
        char prefix[REDIS_PREFIX_MAX + 8];
        uint64_t shared = k->others[i] < k->ours[i] ? k->others[i] : k->ours[i];
        redis_key_prefix(prefix, sizeof prefix, k->prefix, (enum redis_family)i);
        if (shared)
            rc = leave_shared(k, prefix, shared, k->other_run[i], err);
        if (rc == 0 && k->ours[i] > shared)
            rc = take_own(k, prefix, shared, k->ours[i], command, err);
    }
    return rc ? rc : take_mark(k, err);
}

/* ---- The whole ---- */

struct asking {
    struct clean *clean;
    struct err *err;
};

static int ask_clean(void *ctx, const char *identity)
{
    const struct asking *a = ctx;
    return clean_identity_allowed(a->clean, "redis", identity, a->err);
}

/* info: NULL: it is not answered. */
static int check_identity(struct cleaning *k, const redisReply *info, struct err *err)
{
    return redis_identities(info ? info->str : "", ask_clean, &(struct asking){k->clean, err});
}

/* Checks that the target's database is the one in the file, if the file names one. */
static int check_db(const struct cleaning *k, struct err *err)
{
    const struct target *t = k->clean->target;
    unsigned db;
    if (redis_target_db(t, k->clean->options, &db, err) < 0)
        return err->code;
    bool says = option_given(k->clean->options, REDIS_DB) ||
                (t->hosts && t->path[0] && strcmp(t->path, "/") != 0);
    if (says && db != k->db)
        return err_set(err, ERR_USAGE, "%s: the run used database %u", t->shown, k->db);
    return 0;
}

int redis_clean(struct clean *c, struct err *err)
{
    struct err spare = {0};
    char why[256];
    err = err ? err : &spare;
    struct cleaning *k = calloc(1, sizeof *k);
    if (!k)
        return err_set(err, ERR_FAILED, "out of memory");
    redisReply *info = NULL;
    k->clean = c;
    k->budget = MARKS_STEPS_MAX;
    int rc = read_file(k, err);
    if (rc == 0)
        rc = check_db(k, err);
    if (rc == 0 &&
        !(k->link = redis_probe_plain(c->target, c->options, k->db, c->sender, &info, err)))
        rc = err->code;
    k->has_info = info != NULL;
    if (rc == 0)
        rc = check_identity(k, info, err);
    if (rc == 0)
        rc = read_marks(k, why, sizeof why, err);
    if (rc == 0 && k->fields.len)
        rc = clean_marked(k, err);
    else if (rc == 0 && !k->entries)
        c->say(c, CLEAN_ABSENT, k->mark, -1, why);
    else
        for (unsigned i = 0; rc == 0 && i < k->entries; i++)
            rc = leave_entry(k, &k->entry[i], why, err);
    text_free(&k->fields);
    redis_link_free(k->link);
    if (info)
        freeReplyObject(info);
    free(k);
    return rc;
}

#endif
