/* A person's own statements, cut apart at semicolons. */
#ifndef LOADTOP_BACKENDS_CASSANDRA_OWN_H
#define LOADTOP_BACKENDS_CASSANDRA_OWN_H

struct cass_pool;
struct err;
struct pool;
struct text;

/* Own statements of the options into p->statement[ST_STMT...], p->own of them. ERR_USAGE;
 * ERR_REFUSED: one may write, and nobody said that it is meant. */
int cass_own_statements(struct cass_pool *, const struct pool *, struct err *);
/* The first statement of s into one (replaced), without comments. Where the next one begins, or
 * NULL: there is none in s. */
const char *cass_next_statement(const char *s, struct text *one);

#endif
