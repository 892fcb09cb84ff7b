/* The help's topics: see help_text.h. Called by main and by the dashboard's help. */
#include "ui/help_text.h"

#include <stddef.h>
#include <string.h>

#include "engine/command.h"
#include "engine/err.h"
#include "ui/backends_list.h"
#include "ui/cli.h"
#include "ui/compare.h"
#include "ui/keys.h"
#include "ui/report/doc.h"

static const char patterns[] =
    "How a client keeps requests in flight (--pattern), for every backend:\n\n"
    "  sync         one in flight\n"
    "  batch        send DEPTH, wait for all of them, again; on Redis a pipeline in one write\n"
    "  queue        DEPTH in flight; the next starts when the OLDEST is done\n"
    "  chain        DEPTH in flight; the next starts when ANY is done\n"
    "  unthrottled  as fast as the client accepts, until its requests hold 64 MB in a thread;\n"
    "               then it runs empty. What they held at most is shown with the threads\n\n"
    "The notes of Cassandra's driver name the same five: synchronous requests, batched futures,\n"
    "queued futures, callback chains (DEPTH is how many) and unthrottled futures.\n\n"
    "A client is one virtual user (k6's VU, Locust's user). A thread has its own clients and\n"
    "connections: 4 threads x 50 clients = 200 clients. With --connections=K the clients of a\n"
    "thread lease K connections, first come first served, and the lease wait is measured apart.\n\n"
    "--rate makes the arrival open: starts come from a schedule, constant or poisson, whatever "
    "the\n"
    "server does. A due start waits, in order, for a client with room, and its response time "
    "counts\n"
    "from when it was due.\n";

static const char counting[] =
    "What is counted\n\n"
    "  offered      starts that were accepted, failed or dropped; a received message when it "
    "comes\n"
    "  completed    answered without an error\n"
    "  errors       answered with one, refused, or lost with its connection (outcome unknown)\n"
    "  timeouts     without an answer within --timeout\n"
    "  in flight    sent and not answered; counted by the connections, never derived\n"
    "  dropped      due but overdue by more than the timeout, late and still owed when the load\n"
    "               stopped, or not to be placed\n\n"
    "At every moment offered = completed + errors + timeouts + in flight + dropped, for a thread,\n"
    "a pool and the run. -n bounds offered. -n and -d start after the warm-up, which is counted\n"
    "apart. At the end up to 5 s of draining, none after a signal; what is still unanswered stays\n"
    "in flight.\n\n"
    "  not started  due and not placed when the load stopped (a stop, a pause, rate off, the "
    "end),\n"
    "               but not late: by 1 ms, or 10 % of the median response time if that is more\n\n"
    "Of an open load also due = offered + not started + still due, by its schedule.\n\n"
    "  throughput      completed / seconds not paused, after the warm-up\n"
    "  service time    from the actual send to the answer\n"
    "  response time   from the intended start to the answer; what is more is queueing in here\n"
    "  percentile      of the whole run; '-' (null in JSON) with fewer than 10 samples above it\n"
    "  batch           from the first send of a batch to its last answer\n\n"
    "A figure is NOT VALID when Little's law is off by more than 5 %, the generator's CPU is "
    "above\n"
    "80 %, starts lag behind their schedule, or anything was dropped. A threshold that "
    "nothing\n"
    "is there to judge by has failed; one on a percentile with fewer than 10 samples above it is\n"
    "judged by those that there are, and says so (`few` in JSON).\n";

static const char protection[] =
    "Protection\n"
    "\n"
    "targets.conf says which hosts may be loaded: a rule a line, in ~/.config/loadtop/targets.conf "
    "(or\n"
    "where $LOADTOP_TARGETS_CONF says) and, always, in /etc/loadtop/targets.conf.\n"
    "\n"
    "  allow   127.0.0.0/8\n"
    "  protect *.staging.example.com    # only after its name was typed, or --confirm HOST\n"
    "  deny    10.20.0.0/16             # never: exit 2\n"
    "  deny    kafka=MkU3OEVBNTcwNTJENDM2Qg   # whatever name or tunnel leads there\n"
    "  errors  5% for 5s                # when a pool elsewhere is paused; else 10% for 10s\n"
    "\n"
    "A host's name, *.DOMAIN, an address, a network, * for everything (unix sockets too), or\n"
    "BACKEND=IDENTITY, what a server says of itself: the run_id or a replication id of Redis (new "
    "after\n"
    "a restart), the cluster's id of Kafka, the cluster's name of CrateDB and Cassandra. The more\n"
    "specific rule wins; of two alike deny, then protect. What /etc denies is denied whatever the\n"
    "other file allows, and the errors that it allows are the most that the other one may. Rules "
    "are\n"
    "checked at every connect, nodes that a cluster names included. A host that is denied or\n"
    "protected by its name is so by its addresses, too.\n"
    "\n"
    "On this machine a load starts at once. Elsewhere (by the addresses, not by the name) the "
    "dashboard\n"
    "looks first, makes nothing, and asks; only that yes starts it, no `resume` and no --at (--yes "
    "does\n"
    "not ask). Without being told, there hold --max-threads 64, --max-clients 1024, "
    "--max-connections\n"
    "1000 in all and --max-time 15m; a scenario file can lower them, not raise them. A pool there "
    "is\n"
    "paused, with the reason, when errors are too many, when the server evicts, refuses "
    "connections or\n"
    "writes, or loses replicas; data that would not fit is asked about or refused. --max-bytes N "
    "ends a\n"
    "pool that has written as much. --read-only, --locked, --max-rate and --max-time hold "
    "everywhere,\n"
    "for keys, commands, --at and sweeps alike. The server's list of clients, and at the start and "
    "end\n"
    "of a load elsewhere the system's log, say who loads: user, host and run.\n"
    "\n"
    "An option that reads a file, calls another host or weakens TLS is taken from the command line "
    "or\n"
    "the keyboard only, not from a scenario file or a saved run.\n"
    "\n"
    "loadtop touches only what it made: keys under its prefix, tables and topics it created. An "
    "empty\n"
    "prefix, an existing table or topic, own statements that write, and a consumer group with "
    "members or\n"
    "committed offsets need --allow-destructive. What a run makes bears its id on the server. What "
    "it\n"
    "leaves behind is on the screen and in its JSON; `loadtop clean RUN.json` lists what bears "
    "that\n"
    "run's mark, asks (--yes does not), and removes it. The file says only where to look; a "
    "password\n"
    "goes to a host that only the file names after a typed yes or --confirm HOST.\n"
    "\n"
    "The marks: Redis, a hash PREFIXloadtop:runs; Kafka, an offset in a group "
    "loadtop.made.topic.TOPIC\n"
    "(brokers drop it after offsets.retention.minutes, usually 7 days; its user needs Read on "
    "groups\n"
    "loadtop.*, Delete to clean); CrateDB, the name of a CHECK, and the ids of rows; Cassandra, "
    "the\n"
    "comment of a table. What bears none is left, with the command that removes it by hand.\n";

static const char exit_codes[] =
    "Exit codes\n\n"
    "  0      done\n"
    "  1      could not run, or could not write what was asked for (the summary is printed all\n"
    "         the same)\n"
    "  2      wrong usage, or refused by targets.conf or a ceiling\n"
    "  3      without a screen: no target was reached within 10 s of the start\n"
    "  99     a threshold failed\n"
    "  128+n  ended by signal n; the partial summary and JSON are out within 500 ms\n\n"
    "With --repeat it is the worst of all runs; of several reasons a signal counts most, then 2, "
    "3,\n"
    "1 and 99.\n\n"
    "Without a screen nobody can be asked: a host that targets.conf protects needs --confirm "
    "HOST;\n"
    "any other host is loaded, because its address was typed for this run.\n";

static void add_commands(struct text *t)
{
    text_add(t, "Commands, for `:` in the dashboard, --at and scenarios\n\n"
                "POOL is a name or a number; left out, it is the selected pool on the screen, and "
                "all\npools in --at and scenarios.\n\n");
    for (const struct verb_help *v = verb_table; v->name; v++)
        text_add(t, "  %s\n      %s\n", v->form, v->help);
}

static void add_keys(struct text *t)
{
    const char *group = "";
    text_add(t, "Keys of the dashboard\n");
    for (const struct key_binding *k = key_table; k->action != ACT_NONE; k++) {
        if (strcmp(group, k->group) != 0)
            text_add(t, "\n%s\n", k->group);
        group = k->group;
        text_add(t, "  %-14s %s\n", k->shown, k->help);
    }
}

static void add_compare(struct text *t)
{
    struct doc d = {.format = DOC_PLAIN, .t = t};
    text_add(t,
             "loadtop compare BASE.json[,MORE.json...] NEW.json[,...] [--threshold 5%%] [-o FILE]\n"
             "loadtop history compare ID ID [...]\n\n"
             "FILE ends in .html, .md or .txt. Exit 99 when a figure became worse by more than "
             "the threshold\nand that is more than noise. --repeat N makes a run of N runs.\n\n");
    doc_para(&d, "%s", compare_method);
}

int help_text(struct text *t, const char *topic, const struct backend *const *backends,
              struct err *err)
{
    static const char *const topics[] = {"commands",   "keys",       "patterns",
                                         "backends",   "counting",   "compare",
                                         "protection", "exit-codes", NULL};
    if (!topic) {
        cli_usage(t);
    } else if (strcmp(topic, "commands") == 0) {
        add_commands(t);
    } else if (strcmp(topic, "keys") == 0) {
        add_keys(t);
    } else if (strcmp(topic, "patterns") == 0) {
        text_add(t, "%s", patterns);
    } else if (strcmp(topic, "backends") == 0) {
        text_add(t, "Backends (`loadtop backends NAME` lists the options of one)\n\n");
        backends_overview(t, backends);
    } else if (strcmp(topic, "counting") == 0) {
        text_add(t, "%s", counting);
    } else if (strcmp(topic, "compare") == 0) {
        add_compare(t);
    } else if (strcmp(topic, "protection") == 0) {
        text_add(t, "%s", protection);
    } else if (strcmp(topic, "exit-codes") == 0) {
        text_add(t, "%s", exit_codes);
    } else {
        const char *near = nearest_name(topic, topics);
        return err_set(err, ERR_USAGE,
                       "help %.60s: no such topic%s%s%s, allowed: commands keys patterns "
                       "backends counting compare protection exit-codes",
                       topic, near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
    }
    return 0;
}
