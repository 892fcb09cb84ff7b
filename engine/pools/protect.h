/* targets.conf: which hosts and networks may be loaded.
 *
 *   allow   127.0.0.0/8
 *   protect *.staging.example.com           # loaded only after its name was typed (--confirm HOST)
 *   deny    10.20.0.0/16
 *   deny    kafka=MkU3OEVBNTcwNTJENDM2Qg    # whatever name or tunnel leads to it
 *   errors  5% for 5s                       # when a pool is paused, see rules_errors
 *
 * A line is allow, protect or deny, then a host's name, *.DOMAIN, an address, a CIDR, * for
 * everything (unix sockets too), or BACKEND=IDENTITY, an identity that a server reports (Redis: its
 * run_id or replication id; Kafka: the cluster's id; CrateDB and Cassandra: the cluster's name, to
 * the end of the line); '#' begins a comment. The rules of the user's and the system's file are
 * combined, but a deny in the system's file always wins. Otherwise the more specific rule wins: an
 * exact name beats every network; a longer prefix beats a shorter; at equal specificity deny beats
 * protect beats allow, and so does it between a *.DOMAIN and a network, which cannot be compared.
 * Names are compared as they were typed or discovered, without case. A host that is denied or
 * protected by name is also denied or protected by its addresses at the start (`deny localhost`
 * means all addresses of this machine); a host that is allowed by name is allowed by that name
 * only. A *.DOMAIN has no addresses: to forbid loading hosts by address as well, deny their
 * network.
 *
 * IPv4 addresses mapped into IPv6 count as IPv4. Rules are read once and never change; checks come
 * from any thread. */
#ifndef LOADTOP_ENGINE_POOLS_PROTECT_H
#define LOADTOP_ENGINE_POOLS_PROTECT_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct sockaddr;
struct rules;

enum rule_verdict {
    RULE_NONE, /* no rule matches */
    RULE_ALLOW,
    RULE_PROTECT,
    RULE_DENY
};

/* Reads the user's file ($LOADTOP_TARGETS_CONF, which then must exist, else
 * $XDG_CONFIG_HOME/loadtop/targets.conf, else ~/.config/loadtop/targets.conf) and always the
 * system's, /etc/loadtop/targets.conf. A missing file has no rules. NULL when a file cannot be read
 * (ERR_FAILED) or a line is wrong (ERR_USAGE with file:line and what is allowed): misread
 * protection must prevent the start. Resolves the names that are denied or protected, for up to two
 * seconds. */
struct rules *rules_load(struct err *);
/* The same from a text, without resolving names; `file` is for messages and verdicts. */
struct rules *rules_parse(const char *text, const char *file, struct err *);
/* Adds the rules of the system's file. 0, or ERR_USAGE. */
int rules_add_system(struct rules *, const char *text, const char *file, struct err *);
void rules_free(struct rules *); /* takes NULL */
/* The deny and protect rules whose name had no address when they were loaded, one per line as in
 * *where below: they apply to the name only, which the user should be told. "": none. */
const char *rules_unknown(const struct rules *);

/* The verdict for a host (its name as typed or discovered; NULL or "": none) at an address (NULL:
 * not resolved yet; a host that is an address counts as one; a unix socket is on this machine).
 * *where (may be NULL) is set to "FILE:LINE: RULE", owned by the rules, or NULL when no rule
 * matches. rules may be NULL. Any thread. */
enum rule_verdict rules_check(const struct rules *, const char *host, const struct sockaddr *,
                              const char **where);

/* The strictest verdict for a host's name and all its present addresses (blocks: resolves the name;
 * a name without an address is checked by name only). host NULL: a unix socket. *remote (may be
 * NULL) is set to true when an address is not on this machine. */
enum rule_verdict rules_judge(const struct rules *, const char *host, const char **where,
                              bool *remote);

/* The verdict for a server with this identity (NULL or "": unknown; then RULE_PROTECT if any rule
 * denies or protects an identity of this backend, because it may be that one). *where: the rule
 * that decided. */
enum rule_verdict rules_check_identity(const struct rules *, const char *backend,
                                       const char *identity, const char **where);

/* Checks that the backends of identity rules are among these names (NULL-terminated). A rule that
 * can never match must prevent the start: ERR_USAGE names it. */
int rules_check_backends(const struct rules *, const char *const *names, struct err *);
/* Does a rule name an identity of this backend? */
bool rules_name_identity(const struct rules *, const char *backend);

/* The rule that pauses a remote pool: errors above `share` (0..1) of ended operations for `for_ns`.
 * The user's rule applies only where it is at least as strict as the system's; the default is 10 %
 * for 10 s. */
struct errors_rule {
    double share;
    uint64_t for_ns;
};
struct errors_rule rules_errors(const struct rules *); /* NULL: the default */

/* Is this address on this machine: a loopback address, a unix socket, or one
 * of its own interfaces? */
bool address_is_local(const struct sockaddr *);

#endif
