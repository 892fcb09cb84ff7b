/* targets.conf: which hosts and networks may be loaded.
 *
 *   allow   127.0.0.0/8
 *   protect *.staging.example.com           # loaded only after its name was typed (--confirm HOST)
 *   deny    10.20.0.0/16
 *   deny    kafka=MkU3OEVBNTcwNTJENDM2Qg    # whatever name or tunnel leads to it
 *   errors  5% for 5s                       # when a pool is paused, see rules_errors
 *
 * A line is allow, protect or deny, then a host's name, *.DOMAIN, an address, a CIDR, * for
 * everything (unix sockets too), or BACKEND=IDENTITY, what a server says of itself (Redis: its
 * run_id or replication id; Kafka: the cluster's id; CrateDB and Cassandra: the cluster's name, to
 * the end of the line); '#' begins a comment. The user's file and the system's count together, but
 * what the system's file denies is denied, whatever the user's file allows. Else the more specific
 * rule wins: an exact name beats every network; a longer prefix beats a shorter; at equal
 * specificity deny beats protect beats allow, and so does it between a *.DOMAIN and a network,
 * which cannot be compared. Names are compared as they were typed or discovered, without case. A
 * host that is denied or protected by its name is so by its addresses, too, as they were found at
 * the start (`deny localhost` means this machine, by whichever of its own addresses); a host that
 * is allowed by its name is allowed by that name alone. A *.DOMAIN has no addresses: what must
 * never be loaded whoever types the address is denied by its network.
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
    RULE_NONE, /* no rule speaks of it */
    RULE_ALLOW,
    RULE_PROTECT,
    RULE_DENY
};

/* Reads the user's file ($LOADTOP_TARGETS_CONF, which then must exist, else
 * $XDG_CONFIG_HOME/loadtop/targets.conf, else ~/.config/loadtop/targets.conf) and always the
 * system's, /etc/loadtop/targets.conf. A file that is not there has no rules. NULL when a file
 * cannot be read (ERR_FAILED) or a line is wrong (ERR_USAGE with file:line and what is allowed):
 * protection that was misread must stop the start. Looks up the names that are denied or protected,
 * for up to two seconds. */
struct rules *rules_load(struct err *);
/* The same from texts, without looking anything up; `file` is for messages and verdicts. */
struct rules *rules_parse(const char *text, const char *file, struct err *);
/* Adds the rules of the system's file. 0, or ERR_USAGE. */
int rules_add_system(struct rules *, const char *text, const char *file, struct err *);
void rules_free(struct rules *); /* takes NULL */
/* The rules, a line each as in *where below, that deny or protect a host by a name that
 * had no address when they were loaded: they hold for the name alone, and a person
 * should know. "": none. */
const char *rules_unknown(const struct rules *);

/* What holds for this host (its name as typed or discovered; NULL or "": none) at this address
 * (NULL: not resolved yet; an address as host counts as one; a unix socket is this machine's).
 * *where (may be NULL) is then "FILE:LINE: RULE", owned by the rules, or NULL when no rule speaks.
 * rules may be NULL. Any thread. */
enum rule_verdict rules_check(const struct rules *, const char *host, const struct sockaddr *,
                              const char **where);

/* What holds for a host by its name and by every address that it has now, the strictest of them
 * (blocks: looks names up; a name without an address is judged by its name). host NULL: a unix
 * socket. *away (may be NULL) becomes true when an address is not this machine's. */
enum rule_verdict rules_judge(const struct rules *, const char *host, const char **where,
                              bool *away);

/* What holds for a server that says of itself that it is `identity` (NULL or "": it does not say;
 * then RULE_PROTECT if a rule names an identity of this backend at all, for it may be that one). */
enum rule_verdict rules_check_identity(const struct rules *, const char *backend,
                                       const char *identity, const char **where);

/* Are the backends that identities are of among these names (NULL-terminated)? A rule that can
 * never match must stop the start: ERR_USAGE names it. */
int rules_check_backends(const struct rules *, const char *const *names, struct err *);
/* Does a rule name an identity of this backend? */
bool rules_name_identity(const struct rules *, const char *backend);

/* The rule that pauses a pool whose target is not on this machine: errors above `share` (0..1) of
 * what ended, for `for_ns`. The user's line is taken as far as it is no looser than the system's;
 * without lines above 10 % for 10 s. */
struct errors_rule {
    double share;
    uint64_t for_ns;
};
struct errors_rule rules_errors(const struct rules *); /* NULL: the default */

/* Is this address on this machine: a loopback address, a unix socket, or one
 * of its own interfaces? */
bool address_is_local(const struct sockaddr *);

#endif
