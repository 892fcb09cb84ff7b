/* A target: one system under test, given by its URL.
 *
 *   scheme://[user[:password]@]host[:port][,host[:port]...][/path][?name=value&...]
 *
 * The scheme decides the backend. The query sets options of the pool and of the backend. A password
 * is kept only here and in the backend, never in `shown`. */
#ifndef LOADTOP_ENGINE_CONFIG_TARGET_H
#define LOADTOP_ENGINE_CONFIG_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/secret.h"

struct err;

#define TARGET_HOSTS_MAX 32

struct target_host {
    char name[256]; /* a name or an address; IPv6 without its brackets */
    unsigned port;  /* 0: the backend's default */
};

struct target {
    char scheme[24];
    char user[128];
    char password[SECRET_MAX + 1]; /* wiped by target_fini */
    bool has_password;
    struct target_host host[TARGET_HOSTS_MAX];
    unsigned hosts;  /* 0: none in the URL (null:, redis+unix:///path) */
    char path[512];  /* with its leading '/', percent-decoded, or "" */
    char *query;     /* owned, undecoded, or NULL */
    char shown[512]; /* without password and query; for screens, logs and files */
};

/* Reads url. ERR_USAGE with what is wrong and an example. */
int target_parse(struct target *, const char *url, struct err *);
/* To be called after a URL's options were refused. If the '/' or '?' that ended its hosts may be
 * part of a password, err may quote some of that password: replaces err by how to write the
 * password. */
void target_doubt(const char *url, struct err *);
void target_copy(struct target *to, const struct target *from);
void target_fini(struct target *); /* wipes the password; takes NULL */
/* Calls each(name, value, ctx) for every pair of the query, percent-decoded; stops at the first
 * non-zero result and returns it. */
int target_query(const struct target *, int (*each)(const char *name, const char *value, void *ctx),
                 void *ctx, struct err *);
/* Removes the user, password and query from a text that may be a URL: for messages about malformed
 * URLs. Returns buf. */
char *target_masked(const char *url, char *buf, size_t size);
/* True if every host is on this machine, judging by its name: a loopback address, localhost, a unix
 * socket, or none. Other names are known only once they are resolved (engine/pools/guard.h). */
bool target_is_local(const struct target *);

#endif
