/* The table of a pool: made or checked, its shards, keys that are in it. On the pool's thread. */
#ifndef LOADTOP_BACKENDS_CRATE_TABLE_H
#define LOADTOP_BACKENDS_CRATE_TABLE_H

struct crate_made;
struct crate_pool;
struct crate_site;
struct crate_table;
struct err;
struct pool;

/* Is there such a table, and who made it? run: the id of the run that is
 * asked about. 0 or ERR_*. */
int crate_table_look(struct crate_site *, const struct crate_table *, const char *run,
                     struct crate_made *, struct err *);
/* Makes the table or checks it. ERR_REFUSED: it is not ours to write to. */
int crate_ensure_table(struct pool *, struct crate_pool *, struct err *);
/* Waits until every primary shard has started: before, inserts would fail with 4041 or 5002. */
int crate_wait_for_shards(struct pool *, struct crate_pool *, struct err *);
/* Keys that are in the table already, for reading by a pool that has inserted none. Only of tables
 * with a text key named id; without any, {key} finds nothing until rows are inserted. */
void crate_sample_keys(struct crate_pool *);

#endif
