/* The table of a pool: creation, checks, shards, existing keys. On the pool's thread. */
#ifndef LOADTOP_BACKENDS_CRATE_TABLE_H
#define LOADTOP_BACKENDS_CRATE_TABLE_H

struct crate_made;
struct crate_pool;
struct crate_site;
struct crate_table;
struct err;
struct pool;

/* Checks whether the table exists and who created it. run: the id of the run to compare with. 0 or
 * ERR_*. */
int crate_table_inspect(struct crate_site *, const struct crate_table *, const char *run,
                        struct crate_made *, struct err *);
/* Creates or checks the table. ERR_REFUSED: writing to it is not allowed. */
int crate_ensure_table(struct pool *, struct crate_pool *, struct err *);
/* Waits until every primary shard has started, because inserts before that fail with 4041 or
 * 5002. */
int crate_wait_for_shards(struct pool *, struct crate_pool *, struct err *);
/* Reads existing keys of the table for pools that have not inserted any. Only for tables with a
 * text key named id; without existing keys, {key} finds nothing until rows are inserted. */
void crate_sample_keys(struct crate_pool *);

#endif
