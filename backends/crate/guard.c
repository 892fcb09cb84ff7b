/* Protection of the target, by its own figures: free room on its disks before the first record, and
 * signs of overload during the load.
 *
 * Room is the sum of the nodes' free disk space (sys.nodes, fs['total']['available']), divided by
 * the number of copies; a record counts with its size in a request, which is a lower bound of what
 * CrateDB stores (the document, plus an index of each column). Signs of overload come from the
 * pool's queries once a second, and from errors of workers (codes:
 * server/src/main/java/io/crate/rest/action/HttpErrorStatus.java). */
#if LOADTOP_HAVE_CURL && LOADTOP_HAVE_ZLIB
#include "backends/crate/guard.h"

#include "backends/crate/site.h"
#include "backends/crate/types.h"
#include "backends/crate_sql/error.h"
#include "engine/base/err.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SQL_MS 15000L
#define USUAL_MS INT64_C(1735689600000) /* any timestamp with as many digits as today's */
/* seconds in a row; a shard that is being moved is missing for a moment */
#define MISSING_LOOKS 2

/* ---- room ---- */

/* The nodes' total free room, NaN when one does not report it; *nodes: their number. */
static double free_bytes(struct pool *pool, struct crate_site *s, unsigned *nodes)
{
    struct err err = {0};
    json_t *reply = NULL;
    double sum = 0;
    *nodes = 0;
    if (crate_site_sql(s, "SELECT fs['total']['available'] FROM sys.nodes", NULL, &reply, SQL_MS,
                       &err) < 0) { /* a user may have no right to see it */
        if (err.code != ERR_UNREACHED && !pool_inspects_only(pool))
            pool_event(pool, "no figures of the servers, their free disk is not known: %.120s",
                       err.msg);
        return NAN;
    }
    *nodes = (unsigned)json_array_size(json_object_get(reply, "rows"));
    for (unsigned i = 0; i < *nodes; i++) {
        double free = crate_cell(reply, i, 0, NAN);
        sum += free < 0 ? NAN : free; /* -1: the node does not know */
    }
    json_decref(reply);
    return *nodes ? sum : NAN;
}

uint64_t crate_record_bytes(const struct crate_records *r)
{
    char *room = malloc(crate_record_max(r));
    if (!room)
        return crate_record_max(r);
    uint64_t n = (uint64_t)(crate_record_put(r, room, 0, USUAL_MS) - room);
    free(room);
    return n;
}

double crate_to_come(const struct pool *pool, const struct options *o, const double *weight)
{
    const struct crate_pool *p = pool_data(pool);
    double row = (double)atomic_load(&p->row_takes), rows = (double)pool_count(pool);
    (void)o;
    if (!(weight[CRATE_INSERT] > 0) || !(row > 0))
        return 0;
    return rows > 0 ? rows * row : INFINITY;
}

int crate_room(struct pool *pool, struct crate_pool *p, const char *replicas, struct err *err)
{
    unsigned nodes;
    double weight[CRATE_STMT + 1] = {[CRATE_INSERT] = pool_ops_include(pool, CRATE_INSERT)};
    double room = free_bytes(pool, &p->site, &nodes);
    unsigned copies = crate_copies(replicas, nodes);
    atomic_store(&p->row_takes, copies * p->record_bytes);
    struct room r = {.to_come_bytes = crate_to_come(pool, pool_options(pool), weight),
                     .stored_per_byte = copies,
                     .free_bytes = room,
                     .of = "disk",
                     .asked = "sys.nodes"};
    return pool_room_allowed(pool, &r, err);
}

/* ---- strain ---- */

void crate_strain_check(struct pool *pool, struct crate_pool *p, double rejected, double copies)
{
    struct crate_strain *s = &p->strain;
    if (!s->known) {
        *s = (struct crate_strain){.known = true, .rejected = rejected, .copies = copies};
        return;
    }
    /* A restarted node counts from 0. */
    if (rejected > s->rejected)
        pool_strain(pool, STRAIN_THREADS, "its thread pools rejected %.0f tasks (sys.nodes)",
                    rejected - s->rejected);
    if (isfinite(rejected))
        s->rejected = rejected;
    if (!isfinite(copies))
        return;
    s->missing_seconds = copies < s->copies ? s->missing_seconds + 1 : 0;
    /* more copies than before, or the first count: a new table's replicas, a new partition */
    if (!(copies <= s->copies))
        s->copies = copies;
    if (s->missing_seconds >= MISSING_LOOKS)
        pool_strain(pool, STRAIN_REPLICAS, "%.0f of %.0f copies of shards of %.40s are left",
                    copies, s->copies, p->table.shown);
}

static bool says(const char *msg, size_t len, const char *what)
{
    return memmem(msg, len, what, strlen(what)) != NULL;
}

void crate_strain_error(struct pool *pool, int code, long status, const char *msg, size_t len)
{
    char name[CRATE_CLASS_MAX];
    size_t shown = len < 60 ? len : 60;
    crate_code_class(name, sizeof name, code);
    switch (code) {
    case 4007: /* blocks.write as reported by 6.4.3 */
    case 4033: /* blocks.read_only */
    case 4035: /* blocks.write as reported by later versions */
    case 4037: /* blocks.read_only_allow_delete: a disk is past its flood stage */
        pool_strain_said(pool, STRAIN_READ_ONLY, msg, shown,
                         "the table is blocked for writing: %s: ", name);
        return;
    default:
        break;
    }
    if (status == 429 || says(msg, len, "EsRejectedExecution") ||
        says(msg, len, "rejected execution"))
        pool_strain_said(pool, STRAIN_THREADS, msg, shown, "its queues are full: %s",
                         shown ? "" : "HTTP 429");
    else if (says(msg, len, "CircuitBreakingException") || says(msg, len, "breaker would use"))
        pool_strain_said(pool, STRAIN_MEMORY, msg, shown, "its memory is short: ");
}

#else
extern int crate_not_built; /* ISO C wants a declaration */
#endif
