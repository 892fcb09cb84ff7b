/* Statements, placeholders, names of errors and the test of a balancer: the pure parts of the crate
 * backend. */
#include "backends/crate_sql/error.h"
#include "backends/crate_sql/nodes.h"
#include "backends/crate_sql/record.h"
#include "backends/crate_sql/sql.h"
#include "backends/crate_sql/stmt.h"
#include "engine/base/err.h"

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct crate_table table_of(const char *path, const char *schema)
{
    struct crate_table t;
    struct err err = {0};
    if (crate_table_parse(&t, path, schema, &err) < 0)
        fail_msg("%s", err.msg);
    return t;
}

static void tables(void **state)
{
    (void)state;
    struct crate_table t = table_of("/doc.events", "");
    assert_string_equal(t.quoted, "\"doc\".\"events\"");
    assert_string_equal(t.shown, "doc.events");
    t = table_of("/events", "");
    assert_string_equal(t.quoted, "\"events\"");
    assert_string_equal(t.schema, "doc");
    t = table_of("/events", "mine");
    assert_string_equal(t.shown, "mine.events");
    t = table_of("", "");
    assert_string_equal(t.name, "loadtop");
    static const char *const bad[] = {"/_x", "/a.b.c", "/a\"b", "/.x",
                                      "/x.", "/a b",   "/a/b",  "/a;\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err err = {0};
        struct crate_table unused;
        if (i + 1 < sizeof bad / sizeof *bad) /* the last one is only for white space */
            assert_int_equal(crate_table_parse(&unused, bad[i], "", &err), ERR_USAGE);
    }
    assert_true(crate_replicas_ok("0") && crate_replicas_ok("0-1") && crate_replicas_ok("1-all"));
    assert_false(crate_replicas_ok("") || crate_replicas_ok("0'; DROP") ||
                 crate_replicas_ok("1-") || crate_replicas_ok("all"));
}

static void creates_what_facts_say(void **state)
{
    (void)state;
    struct crate_table t = table_of("/doc.t", "");
    struct text sql = {0};
    struct crate_layout l = {
        .run = "1a2b3c4d", .shards = 6, .replicas = "0-1", .refresh_ms = 1000, .objects = 2};
    crate_sql_create(&sql, &t, &l);
    assert_string_equal(
        sql.s,
        "CREATE TABLE \"doc\".\"t\" (\"id\" TEXT NOT NULL, \"timestamp\" TIMESTAMP WITH TIME ZONE, "
        "\"region\" TEXT, \"product_category\" TEXT, \"event_type\" TEXT, \"user_id\" INTEGER, "
        "\"user_segment\" TEXT, \"amount\" DOUBLE PRECISION, \"quantity\" INTEGER, \"metadata\" "
        "OBJECT(DYNAMIC), \"obj_0\" TEXT, \"obj_1\" TEXT, PRIMARY KEY (\"id\"), CONSTRAINT "
        "\"loadtop_run_1a2b3c4d\" CHECK (\"quantity\" >= 0)) CLUSTERED INTO 6 SHARDS WITH "
        "(number_of_replicas = '0-1', refresh_interval = 1000)");
    text_clear(&sql);
    l.partition = CRATE_PARTITION_DAY;
    l.objects = l.shards = 0;
    crate_sql_create(&sql, &t, &l);
    assert_non_null(
        strstr(sql.s, "\"day\" TIMESTAMP WITH TIME ZONE GENERATED ALWAYS AS (date_trunc('day', "
                      "\"timestamp\")), PRIMARY KEY (\"id\", \"day\"), "));
    assert_non_null(strstr(sql.s, " PARTITIONED BY (\"day\") WITH"));
    assert_null(strstr(sql.s, "SHARDS"));
    text_clear(&sql);
    /* An insert names as many columns as it has arguments, and as a record has fields. */
    struct crate_records r;
    char *record = malloc(65536);
    crate_records_init(&r, "00000000", 0, 0, 7, -1);
    crate_sql_insert(&sql, &t, 7, true);
    char *end = crate_record_put(&r, record, 0, 0);
    text_put(&sql, record, (size_t)(end - record));
    text_put(&sql, "]}", 2);
    json_t *v = json_loads(sql.s, 0, NULL);
    assert_non_null(v);
    const char *stmt = json_string_value(json_object_get(v, "stmt"));
    unsigned marks = 0;
    for (const char *p = stmt; *p; p++)
        marks += *p == '?';
    assert_int_equal(marks, 17);
    assert_int_equal(json_array_size(json_array_get(json_object_get(v, "bulk_args"), 0)), 17);
    assert_non_null(strstr(stmt, "ON CONFLICT DO NOTHING"));
    json_decref(v);
    free(record);
    text_free(&sql);
}

/* What a run made is known by its id, and only by the whole of it. */
static void marks(void **state)
{
    (void)state;
    static const struct {
        const char *constraint;
        bool mark, of_run;
    } names[] = {{"loadtop_run_1a2b3c4d", true, true},
                 {"loadtop_run_1a2b3c4e", true, false},
                 {"made_by_loadtop", true, false},
                 {"loadtop_run_", false, false},
                 {"loadtop_run_1a2b3c4d5", false, false},
                 {"loadtop_run_1A2B3C4D", false, false},
                 {"x_loadtop_run_1a2b3c4d", false, false},
                 {"quantity_check", false, false},
                 {"", false, false}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        bool of_run = true;
        assert_int_equal(crate_is_mark(names[i].constraint, "1a2b3c4d", &of_run), names[i].mark);
        assert_int_equal(of_run, names[i].of_run);
        crate_is_mark(names[i].constraint, "", &of_run); /* a file that names no run */
        assert_false(of_run);
    }
    /* The pattern takes every key of the run, whichever pool wrote it, and is as long as one. */
    struct crate_records r;
    char like[CRATE_LIKE_MAX], key[CRATE_KEY_LEN];
    crate_run_like(like, "1a2b3c4d");
    assert_int_equal(strlen(like), CRATE_KEY_LEN);
    for (uint64_t seq = 1; seq < UINT64_C(1) << 40; seq = seq * 5 + 3) {
        crate_records_init(&r, "1a2b3c4d", 1 + (unsigned)(seq % CRATE_POOLS_MAX), seq, 0, -1);
        crate_key_put(&r, key, seq);
        for (unsigned i = 0; i < CRATE_KEY_LEN; i++)
            assert_true(like[i] == '_' || like[i] == key[i]);
    }
    assert_memory_equal(like, "1a2b3c4d-", 9);
    assert_null(strchr(like, '%'));
}

static void copies(void **state)
{
    (void)state;
    assert_int_equal(crate_copies("0", 3), 1);
    assert_int_equal(crate_copies("2", 1), 3); /* as many as it says: more nodes may come */
    assert_int_equal(crate_copies("0-1", 1), 1);
    assert_int_equal(crate_copies("0-1", 3), 2);
    assert_int_equal(crate_copies("1-all", 5), 5);
    assert_int_equal(crate_copies("", 5), 2);
    assert_int_equal(crate_copies("0-99999999999999999999", 4), 2);
    assert_int_equal(crate_copies("0-all", 0), 1);
}

/* Encodes st in just the room that it asks for and reads it back. */
static json_t *encoded(const struct crate_stmt *st, uint64_t random)
{
    struct crate_records r;
    crate_records_init(&r, "abcdef01", 2, 3, 0, -1);
    struct crate_draw d = {.records = &r,
                           .random = random,
                           .now_ms = 1700000000000,
                           .new_seq = 77,
                           .key = "\"k\\\"1\"",
                           .key_len = 6,
                           .oldest = "\"old\"",
                           .oldest_len = 5};
    char *room = malloc(st->max + 4);
    assert_non_null(room);
    memset(room + st->max, '#', 4);
    char *end = crate_stmt_put(st, room, &d);
    assert_true(end <= room + st->max);
    assert_memory_equal(room + st->max, "####", 4);
    json_t *v = json_loadb(room, (size_t)(end - room), 0, NULL);
    if (!v)
        fail_msg("%.*s", (int)(end - room), room);
    free(room);
    return v;
}

static void placeholders(void **state)
{
    (void)state;
    static const char sql[] = "SELECT {key}, {oldest}, {new}, {seq}, {now}, {ago:1h}, {region}, "
                              "{user_id}, {amount}, {int:-5-5}, {real:0.5-1}, {text:20}, "
                              "{choice:a|b\"c|}, '{key} ?' , {\"a\" = 1}, \"{x}\" -- {nothing} ?\n"
                              " FROM t";
    struct crate_stmt st;
    struct err err = {0};
    assert_int_equal(crate_stmt_parse(&st, sql, strlen(sql), &err), 0);
    assert_int_equal(st.args, 13);
    assert_true(st.reads);
    for (uint64_t i = 0; i < 500; i++) {
        json_t *v = encoded(&st, i * 977), *a = json_object_get(v, "args");
        assert_string_equal(
            json_string_value(json_object_get(v, "stmt")),
            "SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '{key} ?' , {\"a\" = 1}, \"{x}\" -- "
            "{nothing} ?\n FROM t");
        assert_string_equal(json_string_value(json_array_get(a, 0)), "k\"1");
        assert_string_equal(json_string_value(json_array_get(a, 1)), "old");
        assert_memory_equal(json_string_value(json_array_get(a, 2)), "abcdef01-0002-4", 15);
        assert_int_equal(json_integer_value(json_array_get(a, 3)), 77);
        assert_int_equal(json_integer_value(json_array_get(a, 4)), 1700000000000);
        assert_int_equal(json_integer_value(json_array_get(a, 5)), 1700000000000 - 3600000);
        json_int_t n = json_integer_value(json_array_get(a, 9));
        assert_true(n >= -5 && n <= 5);
        double x = json_real_value(json_array_get(a, 10));
        assert_true(x >= 0.5 && x <= 1);
        assert_int_equal(json_string_length(json_array_get(a, 11)), 20);
        const char *word = json_string_value(json_array_get(a, 12));
        assert_true(strcmp(word, "a") == 0 || strcmp(word, "b\"c") == 0 || strcmp(word, "") == 0);
        json_decref(v);
    }
    crate_stmt_fini(&st);
}

static void wrong_placeholders(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *says;
    } cases[] = {{"SELECT {regoin}", "{region}"},   {"SELECT ?", "generator"},
                 {"SELECT {int:5-1}", "{int:5-1}"}, {"SELECT {ago:1}", "{ago:1}"},
                 {"SELECT {text:99999}", "text"},   {"SELECT {key:x}", "{key:x}"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct crate_stmt st;
        struct err err = {0};
        assert_int_equal(crate_stmt_parse(&st, cases[i].sql, strlen(cases[i].sql), &err),
                         ERR_USAGE);
        assert_non_null(strstr(err.msg, cases[i].says));
        crate_stmt_fini(&st);
    }
}

static void several_statements(void **state)
{
    (void)state;
    struct crate_stmt *st = calloc(CRATE_STMTS_MAX, sizeof *st);
    unsigned n;
    struct err err = {0};
    assert_int_equal(crate_stmts_parse(st, &n,
                                       "-- first; not here\nSELECT ';' ; ;\n/* ; */ delete from t;",
                                       &err),
                     0);
    assert_int_equal(n, 2);
    assert_true(st[0].reads);
    assert_false(st[1].reads);
    for (unsigned i = 0; i < n; i++)
        crate_stmt_fini(&st[i]);
    assert_int_equal(crate_stmts_parse(st, &n, " ;; -- nothing", &err), ERR_USAGE);
    static const struct {
        const char *sql;
        bool reads;
    } kinds[] = {{"select 1", true},
                 {" (SELECT 1)", true},
                 {"WITH a AS (SELECT 1) SELECT * FROM a", true},
                 {"/* x */ EXPLAIN SELECT 1", true},
                 {"EXPLAIN ANALYZE (SELECT 1)", true},
                 {"EXPLAIN ANALYZE COPY t FROM '/x'", false}, /* ANALYZE carries it out */
                 {"EXPLAIN INSERT INTO t SELECT 1", false},
                 {"-- a\r\nSELECT 1", true},
                 /* CrateDB's comment ends at the carriage return (SqlBaseLexer.g4) */
                 {"--\rDELETE FROM t WHERE id IN ( --\nSELECT 1)", false},
                 {"INSERT INTO t SELECT 1", false},
                 {"selection", false},
                 {"REFRESH TABLE t", false},
                 {"DROP TABLE t", false},
                 {"", false}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        assert_int_equal(crate_stmt_parse(&st[0], kinds[i].sql, strlen(kinds[i].sql), &err), 0);
        assert_int_equal(st[0].reads, kinds[i].reads);
        crate_stmt_fini(&st[0]);
    }
    free(st);
}

static void own_statements_parse(void **state)
{
    (void)state;
    struct crate_table t = table_of("/s.t", "");
    struct text sql = {0};
    struct crate_stmt st;
    struct err err = {0};
    for (unsigned i = 0; i < CRATE_AGGREGATES + 3; i++) {
        text_clear(&sql);
        if (i < CRATE_AGGREGATES)
            crate_sql_aggregate(&sql, &t, i);
        else
            (i == CRATE_AGGREGATES       ? crate_sql_select
             : i == CRATE_AGGREGATES + 1 ? crate_sql_update
                                         : crate_sql_delete)(&sql, &t);
        assert_non_null(strstr(sql.s, "\"s\".\"t\""));
        assert_int_equal(crate_stmt_parse(&st, sql.s, sql.len, &err), 0);
        json_decref(encoded(&st, i));
        assert_int_equal(st.reads, i <= CRATE_AGGREGATES);
        crate_stmt_fini(&st);
    }
    text_free(&sql);
}

static void error_names(void **state)
{
    (void)state;
    char s[CRATE_CLASS_MAX], shown[64];
    assert_string_equal(crate_code_class(s, sizeof s, 4091), "4091 DuplicateKey");
    assert_string_equal(crate_code_class(s, sizeof s, 4999), "4999");
    assert_string_equal(crate_code_class(s, sizeof s, 0), "row failed");
    assert_string_equal(crate_status_class(s, sizeof s, 503), "503 Service Unavailable");
    assert_string_equal(crate_status_class(s, sizeof s, 599), "HTTP 599");
    static const long pass[] = {429, 502, 503, 504},
                      stay[] = {200, 302, 400, 401, 403, 404, 413, 500};
    for (unsigned i = 0; i < sizeof pass / sizeof *pass; i++)
        assert_true(crate_status_passes(pass[i]));
    for (unsigned i = 0; i < sizeof stay / sizeof *stay; i++)
        assert_false(crate_status_passes(stay[i]));
    assert_int_equal(crate_code_of_message("DuplicateKeyException[x]", 24), 4091);
    assert_int_equal(crate_code_of_message("Dup", 3), 0);
    size_t n = crate_message(shown, sizeof shown, "abc", 3, "do it");
    assert_string_equal(shown, "abc -> do it");
    assert_int_equal(n, strlen(shown));
    char said[200];
    memset(said, 'x', sizeof said);
    /* the advice is never cut off */
    n = crate_message(shown, sizeof shown, said, sizeof said, "do it");
    assert_int_equal(n, strlen(shown));
    assert_true(n < sizeof shown);
    assert_string_equal(shown + n - 9, " -> do it");
    for (size_t i = 0; i + 1 < sizeof said; i += 2) {
        said[i] = (char)0xc3;
        said[i + 1] = (char)0xa9;
    }
    n = crate_message(shown, 10, said, sizeof said, NULL);
    assert_int_equal(n, 8); /* not within a character */
    assert_int_equal(crate_message(shown, sizeof shown, "", 0, "do it"), 5);
}

/* Tabulated: upper 5 % and 1 % points of the chi-square distribution
 * (Abramowitz and Stegun, 26.8). */
static void chi_square(void **state)
{
    (void)state;
    static const struct {
        unsigned df;
        double x, p;
    } table[] = {{1, 3.84146, 0.05}, {2, 5.99147, 0.05}, {5, 11.0705, 0.05},  {30, 43.7729, 0.05},
                 {1, 6.63490, 0.01}, {2, 9.21034, 0.01}, {10, 23.2093, 0.01}, {100, 135.807, 0.01},
                 {1, 10.828, 0.001}, {10, 9.34182, 0.5}, {50, 34.7642, 0.95}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        assert_true(fabs(crate_chi_square_tail(table[i].x, table[i].df) - table[i].p) <
                    table[i].p * 5e-4);
    assert_true(isnan(crate_chi_square_tail(1, 0)));
    assert_true(crate_chi_square_tail(0, 3) > 0.9999);
    struct crate_verdict_spread v;
    crate_spread_judge((uint64_t[]){10, 10, 10}, 3, &v);
    assert_true(v.even && !v.uneven);
    crate_spread_judge((uint64_t[]){30, 0, 0}, 3, &v);
    assert_false(v.even);
    assert_true(v.uneven && fabs(v.chi_square - 60) < 1e-9);
    assert_non_null(strstr(v.words, "no balancing"));
    crate_spread_judge((uint64_t[]){20, 8, 2}, 3, &v);
    assert_true(v.uneven && v.df == 2 && fabs(v.chi_square - 16.8) < 1e-9);
    crate_spread_judge((uint64_t[]){30}, 1, &v);
    assert_true(v.even && !v.uneven && isnan(v.p));
    crate_spread_judge((uint64_t[]){1, 0}, 2, &v); /* p is 0.3, but one node had it all */
    assert_true(!v.even && !v.uneven);
    crate_spread_judge(NULL, 0, &v);
    assert_string_equal(v.words, "no node was reached");
    assert_false(v.even);
    crate_spread_judge((uint64_t[]){4, 3, 4, 3, 4, 3, 3, 3, 2, 1}, 10, &v);
    assert_non_null(strstr(v.words, "few for so many nodes"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables),
        cmocka_unit_test(creates_what_facts_say),
        cmocka_unit_test(marks),
        cmocka_unit_test(copies),
        cmocka_unit_test(placeholders),
        cmocka_unit_test(wrong_placeholders),
        cmocka_unit_test(several_statements),
        cmocka_unit_test(own_statements_parse),
        cmocka_unit_test(error_names),
        cmocka_unit_test(chi_square),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
