/* The table of verbs, used by the parser, completion and help. */
#include "engine/config/verb.h"
#include "engine/config/pattern.h"

#include <stddef.h>

#define AMOUNT_FORM " N|+N|-N|*N|/N [over T]"

const struct verb_help verb_table[] = {
    {"threads", "[POOL] threads" AMOUNT_FORM, "Threads (workers) of the pool.", VERB_THREADS},
    {"clients", "[POOL] clients" AMOUNT_FORM, "Clients (virtual users) of each thread.",
     VERB_CLIENTS},
    {"connections", "[POOL] connections N|+N|-N|*N|/N [over T] | auto",
     "Connections of each thread, leased by its clients; auto: as many as they need.",
     VERB_CONNECTIONS},
    {"depth", "[POOL] depth N|+N|-N|*N|/N [over T] | auto",
     "Requests in flight for each client; auto: 1 for sync, 16 for the others.", VERB_DEPTH},
    {"rate", "[POOL] rate R|+R|-R|*N|/N [over T] | off",
     "Open arrival: operations a second of the pool; off: closed again.", VERB_RATE},
    {"pattern", "[POOL] pattern " PATTERN_CHOICES, "How a client keeps requests in flight.",
     VERB_PATTERN},
    {"ops", "[POOL] ops MIX", "The mix of operations with weights: get:80,set:20.", VERB_OPS},
    {"set", "[POOL] set OPTION VALUE",
     "think, arrival, or an option of the backend that can change while it runs.", VERB_SET},
    {"pause", "[POOL] pause", "Stops starting; what is in flight ends.", VERB_PAUSE},
    {"resume", "[POOL] resume", "Goes on after a pause.", VERB_RESUME},
    {"stop", "[POOL] stop", "Drains the pool and ends its threads.", VERB_STOP},
    {"start", "[POOL] start", "Starts a stopped pool again.", VERB_START},
    {"add", "add TARGET", "Adds a pool for a target's URL.", VERB_ADD},
    {"remove", "remove POOL", "Stops a pool and takes it away.", VERB_REMOVE},
    {"pause all", "pause all", "Pauses all load at once.", VERB_PAUSE_ALL},
    {"resume all", "resume all", "Goes on with all load.", VERB_RESUME_ALL},
    {"undo", "undo", "Undoes the last change of load.", VERB_UNDO},
    {"lock", "lock", "Load cannot be changed, except to pause and stop.", VERB_LOCK},
    {"unlock", "unlock", "Load can be changed again.", VERB_UNLOCK},
    {"sweep",
     "sweep [POOL] VAR=LIST [VAR=LIST] [hold=T] [order=random] [fresh] [whole] | [POOL] capacity "
     "[from=R] [to=R] | [POOL] resume",
     "Holds each value until it is steady and finds the knee, or the capacity. It ends "
     "when the curve has turned (not with whole). The same again, or resume, goes on with "
     "one that ended early.",
     VERB_SWEEP},
    {"sweep stop", "sweep stop", "Ends the sweep that runs.", VERB_SWEEP_STOP},
    {"mark", "mark [TEXT]", "Marks this moment with a note.", VERB_MARK},
    {"screenshot", "screenshot [FILE]", "Saves what is on the screen.", VERB_SCREENSHOT},
    {"report", "report [FILE]", "Saves a report of the run so far.", VERB_REPORT},
    {"baseline", "baseline [FILE]", "Takes the present, or a saved run, as what to compare with.",
     VERB_BASELINE},
    {"theme", "theme NAME", "Changes the colours.", VERB_THEME},
    {"quit", "quit", "Ends the run.", VERB_QUIT},
    {NULL, NULL, NULL, VERBS},
};
