/* A pool's start: hosts, the check of a balancer, the user's statements. On the pool's thread. */
#ifndef LOADTOP_BACKENDS_CRATE_SETUP_H
#define LOADTOP_BACKENDS_CRATE_SETUP_H

struct crate_pool;
struct crate_stmt;
struct err;
struct options;
struct pool;

int crate_pool_open(struct pool *, struct err *);
/* Asks a host for its name. 0 if it can be used. */
int crate_identify(struct pool *, struct crate_pool *, unsigned host, struct err *);
void crate_pool_reset(struct crate_pool *); /* frees; idempotent */
/* The statements of `stmt` or `stmt-file`; *n is 0 when neither is given. ERR_USAGE. Free with the
 * other. */
int crate_user_statements(const struct options *, struct crate_stmt **, unsigned *n, struct err *);
void crate_user_statements_free(struct crate_stmt **, unsigned *n);
/* Opens fresh connections and counts the nodes that they reach. */
void crate_balance(struct pool *, struct crate_pool *);

#endif
