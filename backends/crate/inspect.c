/* Queries the state of the server and of the table, about once a second.
 *
 * It comes from CrateDB's system tables (sys.nodes, sys.shards), which the server answers without
 * touching the data; the rows in the table lag by its refresh interval, and no REFRESH is issued
 * because that would be load. */
#if LOADTOP_HAVE_CURL && LOADTOP_HAVE_ZLIB
#include "backends/crate/inspect.h"

#include "backends/crate/guard.h"
#include "backends/crate/site.h"
#include "backends/crate/types.h"
#include "engine/base/quantity.h"

#include <jansson.h>
#include <math.h>

#define LOOK_MS 1000L /* short, so that a hanging server does not delay our own counts */

/* Queries the load of the nodes. False: the server did not answer. */
static bool server_load(struct crate_pool *p, struct stats *out, double *rejected)
{
    struct err err = {0};
    json_t *reply = NULL;
    p->heap_share = NAN;
    int result = crate_site_sql(
        &p->site,
        "SELECT name, process['cpu']['percent'], os_info['available_processors'], heap['used'], "
        "heap['max'], connections['http']['open'], thread_pools['rejected'], "
        "fs['total']['available'] FROM sys.nodes",
        NULL, &reply, LOOK_MS, &err);
    if (result < 0) /* a user may have no right to see it */
        return result != ERR_UNREACHED;
    double cpu = 0, cores = 0, used = 0, most = 0, open = 0, left = 0;
    size_t rows = json_array_size(json_object_get(reply, "rows"));
    for (unsigned i = 0; i < rows; i++) {
        double percent = crate_cell(reply, i, 1, NAN); /* CPU of the machine; -1: unknown */
        double processors = crate_cell(reply, i, 2, NAN);
        cores += processors;
        cpu += percent < 0 ? NAN : percent / 100 * processors;
        used += crate_cell(reply, i, 3, NAN);
        most += crate_cell(reply, i, 4, NAN);
        open += crate_cell(reply, i, 5, NAN);
        double disk = crate_cell(reply, i, 7, NAN);
        left += disk < 0 ? NAN : disk;
        *rejected = (i ? *rejected : 0) + crate_cell_sum(reply, i, 6);
    }
    json_decref(reply);
    if (rows == 0)
        return true;
    out->server_cpu_share = cpu;
    out->server_cores = cores;
    out->free_bytes = left;
    out->free_of = "disk";
    p->heap_share = used / most;
    int64_t ours = 1; /* this one */
    for (unsigned i = 0; i < atomic_load(&p->nodes); i++)
        ours += atomic_load_explicit(&p->node[i].connections, memory_order_relaxed);
    int64_t all = whole_count(open);
    if (all >= 0)
        out->other_clients = all > ours ? all - ours : 0;
    return true;
}

static void table_rows(struct crate_pool *p, struct stats *out, double *copies)
{
    struct err err = {0};
    json_t *reply = NULL;
    if (crate_site_sql(&p->site,
                       "SELECT sum(CASE WHEN \"primary\" = true THEN num_docs ELSE 0 END), "
                       "sum(CASE WHEN state IN ('STARTED', 'RELOCATING') THEN 1 ELSE 0 END) "
                       "FROM sys.shards WHERE schema_name = ? AND table_name = ?",
                       json_pack("[ss]", p->table.schema, p->table.name), &reply, LOOK_MS,
                       &err) < 0)
        return;
    double rows = crate_cell(reply, 0, 0, -1);
    p->rows_in_table = out->data_items = rows < 0 ? 0 : whole_count(rows);
    *copies = crate_cell(reply, 0, 1, NAN);
    json_decref(reply);
}

void crate_inspect(struct pool *pool, struct crate_pool *p, struct stats *out)
{
    double rejected = NAN, copies = NAN;
    if (!p->dropped)
        p->rows_in_table = -1;
    if (server_load(p, out, &rejected) && !p->dropped)
        table_rows(p, out, &copies);
    crate_strain_check(pool, p, rejected, copies);
}

void crate_inspect_first(struct pool *pool, struct crate_pool *p)
{
    struct stats unused = {0};
    crate_inspect(pool, p, &unused);
}

#else
extern int crate_not_built; /* ISO C wants a declaration */
#endif
