/* Files of `n,throughput` as other tools write them: which are read, and which are refused with a
 * line number. */
#include "engine/base/err.h"
#include "engine/base/text.h"
#include "engine/stats/usl.h"
#include "engine/stats/usl_csv.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static size_t n;
static struct err err;

static struct usl_point *read_text(const char *text)
{
    n = 0;
    err = (struct err){0};
    return usl_read_csv(text, strlen(text), &n, &err);
}

/* Every way to write the same three points. */
static void same(const char *text)
{
    static const double want[3][2] = {{1, 10}, {2, 19.5}, {4, 35}};
    struct usl_point *p = read_text(text);
    if (!p)
        fail_msg("refused: %s: %s", err.msg, text);
    assert_int_equal(n, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_float_equal(p[i].n, want[i][0], 1e-12);
        assert_float_equal(p[i].x, want[i][1], 1e-12);
    }
    free(p);
}

static void refused(const char *text, const char *line, const char *why)
{
    struct usl_point *p = read_text(text);
    if (p)
        fail_msg("taken: %s", text);
    assert_int_equal(err.code, ERR_USAGE);
    if (!strstr(err.msg, line) || !strstr(err.msg, why))
        fail_msg("'%s' has no '%s' or no '%s'", err.msg, line, why);
}

static void test_every_way_to_write_it(void **state)
{
    (void)state;
    same("1,10\n2,19.5\n4,35\n");
    same("1,10\r\n2,19.5\r\n4,35\r\n");
    same("1,10\n2,19.5\n4,35");
    same("n,throughput\n1,10\n2,19.5\n4,35\n");
    same("users;requests\n1;10\n2;19,5\n4;35\n");
    same("1\t10\n2\t19.5\n4\t35\n");
    same("  1   10\n\n 2   19.5 \n# nothing\n4   35   \n\n");
    same("\xef\xbb\xbfN,X\n\"1\",\"10\"\n2e0,1.95e1\n+4,35\n");
    same("\"mix, said \"\"so\"\"\",throughput,n\n"
         "\"a,b\",10,1\n"
         " \"get:80,set:20\" ,19.5,2\n"
         "c,35,4\n");
    same("time,throughput,threads\n100,10,1\n200,19.5,2\n300,35,4\n");
    same("threads,in_flight,throughput_per_s,valid\n"
         "9,1,10,true\n"
         "9,2,19.5,true\n"
         "9,3,1,false\n"
         "9,4,35,yes\n");
}

/* The same points times a thousand, and a bit. */
static void thousands(const char *text)
{
    static const double want[3][2] = {{1, 10000.25}, {2, 19500}, {4, 1035000.5}};
    struct usl_point *p = read_text(text);
    if (!p)
        fail_msg("refused: %s: %s", err.msg, text);
    assert_int_equal(n, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_float_equal(p[i].n, want[i][0], 1e-12);
        assert_float_equal(p[i].x, want[i][1], 1e-6);
    }
    free(p);
}

static void test_separators_of_thousands(void **state)
{
    (void)state;
    thousands("1\t10,000.25\n2\t19,500\n4\t1,035,000.5\n");
    thousands("1\t10.000,25\n2\t19.500\n4\t1.035.000,5\n");
    thousands("n;x\n1;10.000,25\n2;19.500\n4;1.035.000,5\n");
    thousands("n;x\n1;10000,25\n2;19500,0\n4;1035000,5\n");
    thousands("n;x\n1;10'000.25\n2;19'500\n4;1'035'000.5\n");
    thousands("n;x\n1;10\xc2\xa0"
              "000,25\n2;19\xe2\x80\xaf"
              "500\n4;1\xe2\x80\x99"
              "035\xe2\x80\x99"
              "000,5\n");
    thousands("n,x\n1,\"10,000.25\"\n2,\"19,500\"\n4,\"1,035,000.5\"\n");
    thousands("n;x\n1;10 000,25\n2;19 500\n4;1 035 000,5\n"); /* a plain blank */
    thousands("1\t10 000.25\n2\t19 500\n4\t1 035 000.5\n");
    thousands("n,x\n1,\"10000,25\"\n2,\"19500\"\n4,\"1035000,5\"\n");
    thousands("1 10000.25\n2 19500.000\n4 1035000.5\n");
}

/* Blanks or commas between columns come from programs that write points before decimals. */
static void test_three_decimals(void **state)
{
    (void)state;
    same("1,10.000\n2,19.500\n4,35.000\n");
    same("1 10.000\n2 19.500\n4 35.000\n");
    same("1;10.000\n2;19.5\n4;35.000\n");
    same("0001;10,0000\n2;19,500\n4;35,000\n");
}

static void test_what_could_be_two_numbers(void **state)
{
    (void)state;
    refused("n;x\n1;950\n2;1,800\n4;3,100\n", "line 3", "1800 or 1.800");
    refused("n;x\n1;950\n2;1.800\n4;3.100\n", "line 3", "1800 or 1.800");
    refused("1\t950\n2\t1,800\n4\t3,100\n", "line 2", "write 1800, or 1.8000");
    refused("1\t950\n2\t1.800\n4\t3.100\n", "line 2", "1800 or 1.800");
    refused("1 950\n2 1,800\n4 3,100\n", "line 2", "1800 or 1.800");
    refused("n,x\n1,950\n2,\"1,800\"\n", "line 3", "1800 or 1.800");
    refused("n;x\n1.000;950\n2.000;1800\n", "line 2", "N is '1.000'");
    refused("n;x\n1;19.5\n2;30,5\n", "line 3", "line 2 has '19.5'");
    refused("n;x\n1;1,234.5\n2;1.234,5\n", "line 3", "line 2 has '1,234.5'");
    refused("n;x\n1;1,234,567\n2;19,5\n", "line 3", "decimal mark");
    refused("n;x\n1;19.5\n2;12,34.5\n", "line 3", "no number");
    refused("n;x\n1;19.5\n2;1234,567\n", "line 3", "decimal mark");
    refused("n;x\n1;19.5\n2;1,23,456\n", "line 3", "no number");
    refused("n;x\n1;19.5\n2;1'23\n", "line 3", "no number");
    refused("n;x\n1;19.5\n2;1 23\n", "line 3", "no number");
    refused("n;x\n1;19.5\n2;1  234\n", "line 3", "no number");
}

/* The columns of N and of throughput are found in a header. */
static void columns(const char *head, int n_at, int x_at)
{
    struct text t = {0};
    unsigned fields = 1;
    for (const char *s = strrchr(head, '\n') ? strrchr(head, '\n') : head; *s; s++)
        fields += *s == ',';
    text_add(&t, "%s\n", head);
    for (int line = 1; line <= 3; line++)
        for (int i = 0; i < (int)fields; i++)
            text_add(&t, "%s%d%s", i ? "," : "",
                     i == n_at   ? line
                     : i == x_at ? 10 * line
                                 : 7,
                     i + 1 == (int)fields ? "\n" : "");
    struct usl_point *p = read_text(text_str(&t));
    if (!p)
        fail_msg("refused: %s: %s", err.msg, head);
    assert_int_equal(n, 3);
    for (int line = 1; line <= 3; line++)
        if (p[line - 1].n < line || p[line - 1].n > line || p[line - 1].x < 10 * line ||
            p[line - 1].x > 10 * line)
            fail_msg("other columns were taken: %s", head);
    free(p);
    text_free(&t);
}

static void test_headers_of_the_trade(void **state)
{
    (void)state;
    columns("processors,throughput", 0, 1);
    columns("Cores,X", 0, 1);
    columns("nodes,rate", 0, 1);
    columns("Number of users,ops", 0, 1);
    columns("num_threads,Transactions per second", 0, 1);
    columns("N [users],X (ops/s)", 0, 1);
    columns("p,X(p)", 0, 1);
    columns("requests/s,user count", 1, 0);
    columns("throughput,clients", 1, 0);
    columns("requests,users", 1, 0); /* one known name says which the other is */
    columns("vus,what it did", 0, 1);
    columns("Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,66%", 1, 4);  /* Locust */
    columns("time,iodepth,bw,IOPS", 1, 3);                                          /* fio */
    columns("run,Concurrency Level,Requests per second [#/sec] (mean)", 1, 2);      /* ab */
    columns("label,allThreads,Throughput", 1, 2);                                   /* JMeter */
    columns("clients,latency average,tps (without initial connection time)", 0, 2); /* pgbench */
    columns("size,Ops/sec,Hits/sec,connections", 3, 1);                             /* memtier */
    columns("threads,clients,in_flight,throughput_per_s,rate_per_s,ops", 2, 3);     /* our own */
}

/* gnuplot and numpy want it to be a comment; the last one before the values counts. */
static void test_a_header_in_a_comment(void **state)
{
    (void)state;
    columns("#throughput,threads", 1, 0);
    columns("# of a run\n#rps,threads", 1, 0);
    columns("# run,clients,p99,tps", 1, 3);
    same("#rps\tthreads\n10\t1\n19.5\t2\n35\t4\n");
    same("# X   N\n10 1\n19.5 2\n35 4\n");
    same("# threads tps\n1,10\n2,19.5\n4,35\n"); /* numpy: blanks there, commas in the values */
    same("# measured on a Monday, all of it\n1,10\n2,19.5\n4,35\n");
    same("# load test\n1 10\n2 19.5\n4 35\n");
    same("# tps,threads\nthreads,tps\n1,10\n2,19.5\n4,35\n"); /* the header itself wins */
    same("1,10\n# tps,threads\n2,19.5\n4,35\n");
    refused("# tps,foo\n1,10\n2,19\n", "line 1", "is this comment the header? 'tps'");
    refused("# foo;threads\n1;10\n2;19\n", "line 1", "'threads' would be N then");
    refused("# a,b,tps\n1,2,10\n2,3,19\n", "line 2", "3 columns");
}

static void test_which_columns_were_taken(void **state)
{
    (void)state;
    static const struct {
        const char *text, *n, *x;
        bool n_known, x_known;
    } cases[] = {
        {"time,tps,threads\n1,2,3\n", "threads", "tps", true, true},
        {"what it was;req/s\n1;2\n", "what it was", "req/s", false, true},
        {"vus,what it did\n1,2\n", "vus", "what it did", true, false},
        {"# rps threads\n1 2\n", "threads", "rps", true, true},
        {"1,2\n", "", "", false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct usl_column column[2];
        usl_csv_columns(cases[i].text, strlen(cases[i].text), &column[0], &column[1]);
        assert_string_equal(column[0].name, cases[i].n);
        assert_string_equal(column[1].name, cases[i].x);
        assert_int_equal(column[0].known, cases[i].n_known);
        assert_int_equal(column[1].known, cases[i].x_known);
    }
}

static void test_what_spreadsheets_begin_with(void **state)
{
    (void)state;
    same("sep=;\nn;x\n1;10\n2;19,5\n4;35\n");
    same("\"sep=;\"\r\n1;10\r\n2;19,5\r\n4;35\r\n");
    same("\xef\xbb\xbfSEP=,\nn,x\n1,10\n2,19.5\n4,35\n");
    refused("sep=;\n", "no line", "throughput");
    refused("\xff\xfe"
            "1",
            "UTF-16", "save it as");
    refused("\xfe\xff", "UTF-16", "save it as");
}

/* One whose name is that of throughput, in a unit of time. */
static void test_throughput_in_a_time(void **state)
{
    (void)state;
    refused("threads,Throughput (ms)\n1,10\n", "line 1", "no column of throughput");
    refused("# threads,rate [us]\nthreads,rate [us]\n1,10\n", "line 2", "no column of throughput");
    columns("run,Throughput (ms),ops/s,threads", 3, 2);
}

/* The same curve, in the unit that its name says. */
static void test_units_of_throughput(void **state)
{
    (void)state;
    same("threads,Throughput (k req/s)\n1,0.010\n2,0.0195\n4,0.035\n");
    same("threads,rps (thousands)\n1,0.010\n2,0.0195\n4,0.035\n");
    same("cores;X [kTPS]\n1;0.010\n2;0.0195\n4;0.035\n");
    same("threads,kops\n1,0.010\n2,0.0195\n4,0.035\n");
    same("threads,ops/ms\n1,0.010\n2,0.0195\n4,0.035\n");
    same("threads,Mreq/s\n1,0.00001\n2,0.0000195\n4,0.000035\n");
    same("threads,Throughput (req/min)\n1,600\n2,1170\n4,2100\n");
    same("threads,requests per minute\n1,600\n2,1170\n4,2100\n");
    same("threads,tpmC\n1,600\n2,1170\n4,2100\n");
    same("threads,orders per hour\n1,36000\n2,70200\n4,126000\n");
    same("threads,Throughput (k req/min)\n1,0.600\n2,1.170\n4,2.100\n");
    same("threads,ReqPerSec\n1,10\n2,19.5\n4,35\n");
    static const char *const unclear[] = {
        "req/s (m)",  "Throughput (MB/s)",   "kB/s",   "ops/m",  "tps x1000",
        "rps ('000)", "k req/s (thousands)", "Gops/s", "req/day"};
    for (size_t i = 0; i < sizeof unclear / sizeof *unclear; i++) {
        char head[96];
        snprintf(head, sizeof head, "clients,%s\n1,10\n2,19\n4,35\n", unclear[i]);
        refused(head, "line 1", "which unit is that? Write it as operations per second");
    }
    refused("users (k),tps\n1,10\n", "line 1", "N is 'users (k)': which unit");
    refused("# tps (MB/s),users\n1,10\n", "line 1", "which unit");
}

static void test_headers_that_say_nothing(void **state)
{
    (void)state;
    /* the other one is known to be something else */
    static const char *const others[] = {
        "time", "timestamp", "Elapsed (s)", "latency_ms", "p99", "Error rate", "95%", "Failures/s",
        "run", "avg response time",
        /* Go's benchmarks, fio, sysbench and others */
        "ns/op", "avg_ms", "mean_ms", "lat_us", "lat(us)", "RT", "s/op", "B/op", "allocs/op",
        "avgLatencyMs", "time per request", "efficiency", "memory", "max rss", "cost", "mean (s)",
        "p99 [\u00b5s]", "usec"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        char head[96];
        snprintf(head, sizeof head, "%s,throughput\n1,10\n2,19\n4,35\n", others[i]);
        refused(head, "line 1", "no column of N among");
        snprintf(head, sizeof head, "clients,%s\n1,10\n2,19\n4,35\n", others[i]);
        refused(head, "line 1", "no column of throughput among");
    }
    refused("time,vus,foo\n1,2,3\n", "line 1",
            "no column of throughput among 'time', 'vus', 'foo'");
    refused("time,foo,tps\n1,2,3\n", "line 1", "name it n, in flight, threads");
    refused("a,b,c,d,e,f\n1,2,3,4,5,6\n", "no column of N", "'d' ...");
    refused("time,value\n1,10\n2,19\n4,35\n", "line 1", "no column of N among 'time', 'value'");
    refused("threads,clients\n1,10\n", "line 1", "no column of throughput");
    refused("tps,qps\n1,10\n", "line 1", "no column of N");
}

static void test_what_is_refused(void **state)
{
    (void)state;
    refused("", "no line", "throughput");
    refused("n,throughput\n", "no line", "throughput");
    refused("# only\n\n", "no line", "throughput");
    refused("1,10\n2\n", "line 2", "1 column");
    refused("1\n2\n", "line 1", "one column");
    refused("1,10\n2,19\nthree,30\n", "line 3", "no number");
    refused("1,10\n\n# x\n2,nan\n", "line 4", "finite");
    refused("1,10\n2,inf\n", "line 2", "finite");
    refused("1,10\n2,1e999\n", "line 2", "finite");
    refused("n,x\n0,10\n", "line 2", "above 0");
    refused("1,10\n2,0\n", "line 2", "above 0");
    refused("1,10\n-2,5\n", "line 2", "above 0");
    refused("1,10\n2,-5\n", "line 2", "above 0");
    refused("1,10\n2,0x10\n", "line 2", "no number");
    refused("n,x\n1,10\n\"2,19\n3,30\n", "line 3", "1 column");
    refused("1,10\n2,\n", "line 2", "no number");
    refused("1,10,5\n2,19,6\n", "line 1", "header");
    refused("a,b,c\n1,2,3\n", "line 1", "no column of N among 'a', 'b', 'c'");
    refused("pool,n,x\na,1,10\na,2,19\nb,3,25\n", "line 4", "one pool");
    refused("1,10\n2,19,6\n", "line 2", "3 columns");
}

static void test_bytes_that_are_no_text(void **state)
{
    (void)state;
    const char zero[] = "1,10\n2,1\0009\n3,30\n";
    assert_null(usl_read_csv(zero, sizeof zero - 1, &n, &err));
    assert_non_null(strstr(err.msg, "line 2"));
    char wide[4096];
    memset(wide, ',', sizeof wide);
    assert_null(usl_read_csv(wide, sizeof wide, &n, &err));
    memset(wide, '1', sizeof wide);
    assert_null(usl_read_csv(wide, sizeof wide, &n, &err));
}

static void test_a_million_lines(void **state)
{
    (void)state;
    size_t room = 32u * 1000 * 1000, len = 0;
    char *text = malloc(room);
    assert_non_null(text);
    for (unsigned i = 0; i < 1000000; i++) {
        double at = 1 + i % 64;
        len = text_append(text, room, len, "%g,%.6f\n", at,
                          1000 * at / (1 + 0.05 * (at - 1)) * (1 + 0.001 * (i % 3)));
    }
    struct usl_point *p = usl_read_csv(text, len, &n, &err);
    assert_non_null(p);
    assert_int_equal(n, 1000000);
    assert_float_equal(p[999999].n, 1 + 999999 % 64, 0);
    free(p);
    free(text);
}

static void test_five_points_of_a_curve_are_no_straight_line(void **state)
{
    (void)state;
    struct usl_point p[5];
    struct usl_fit f;
    for (unsigned i = 0; i < 5; i++) {
        double at = 1 << i;
        p[i] = (struct usl_point){
            at, 1000 * at / (1 + 0.05 * (at - 1) + 5e-3 * at * (at - 1)) * (i & 1 ? 1.005 : 0.995),
            0};
    }
    assert_int_equal(usl_fit(&f, p, 5, &err), 0);
    assert_int_equal(f.best, USL_FULL);
    for (unsigned i = 0; i < 5; i++)
        p[i].x = 1000 * p[i].n * (i & 1 ? 1.005 : 0.995);
    assert_int_equal(usl_fit(&f, p, 5, &err), 0);
    assert_int_equal(f.best, USL_LINEAR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_way_to_write_it),
        cmocka_unit_test(test_separators_of_thousands),
        cmocka_unit_test(test_three_decimals),
        cmocka_unit_test(test_what_could_be_two_numbers),
        cmocka_unit_test(test_headers_of_the_trade),
        cmocka_unit_test(test_a_header_in_a_comment),
        cmocka_unit_test(test_which_columns_were_taken),
        cmocka_unit_test(test_what_spreadsheets_begin_with),
        cmocka_unit_test(test_throughput_in_a_time),
        cmocka_unit_test(test_units_of_throughput),
        cmocka_unit_test(test_headers_that_say_nothing),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_bytes_that_are_no_text),
        cmocka_unit_test(test_a_million_lines),
        cmocka_unit_test(test_five_points_of_a_curve_are_no_straight_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
