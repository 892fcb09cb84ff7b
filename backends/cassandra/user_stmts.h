/* The user's statements, split at semicolons. */
#ifndef LOADTOP_BACKENDS_CASSANDRA_USER_STMTS_H
#define LOADTOP_BACKENDS_CASSANDRA_USER_STMTS_H

struct cass_pool;
struct err;
struct pool;
struct text;

/* Parses the user's statements from the options into p->statement[ST_STMT...], p->user_stmts of
 * them. ERR_USAGE; ERR_REFUSED: a statement may write, and this was not allowed explicitly. */
int cass_user_statements(struct cass_pool *, const struct pool *, struct err *);
/* Copies the first statement of s, without comments, to `one`. Returns the start of the next one,
 * or NULL: s has no statement. */
const char *cass_next_statement(const char *s, struct text *one);

#endif
