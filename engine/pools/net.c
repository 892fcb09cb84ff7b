/* Connecting sockets for backends that use their own: checks the address and connects without
 * blocking. */
#include "engine/pools/net.h"

#include "engine/state/engine_state.h"
#include "engine/pools/permission.h"
#include "engine/config/limits.h"
#include "engine/base/err.h"
#include "engine/pools/guard.h"
#include "engine/state/pool.h"
#include "engine/pools/protect.h"
#include "engine/base/text.h"

#include <errno.h>
#include <limits.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Names given with --confirm, for connections without a pool. */
static char confirmed_alone[CONFIRM_MAX];

void net_confirm(const char *names)
{
    copy_str(confirmed_alone, sizeof confirmed_alone, names);
}

/* e NULL: a connection without a pool (clean). */
static int check(const struct rules *rules, const struct engine *e, const char *host,
                 const struct sockaddr *addr, struct err *err)
{
    const char *where = NULL;
    switch (rules_check(rules, host, addr, &where)) {
    case RULE_DENY:
        return err_set(err, ERR_REFUSED, "%s: %s: this host is never loaded", host,
                       where ? where : "");
    case RULE_PROTECT:
        if (e ? !engine_confirmed(e, host) : !confirm_lists(confirmed_alone, host))
            return err_set(err, ERR_REFUSED, "%s: %s; --confirm '%s' says that you mean it", host,
                           where ? where : "", host);
        return 0;
    default:
        return 0;
    }
}

int pool_connect_allowed(const struct pool *p, const char *host, const struct sockaddr *addr,
                         struct err *err)
{
    struct rules *own = p ? NULL : rules_load(err);
    /* without readable rules nothing is allowed */
    if (!p && !own)
        return ERR_REFUSED;
    int code = check(p ? p->engine->rules : own, p ? p->engine : NULL, host, addr, err);
    rules_free(own);
    if (!code && p)
        code = guard_note_address((struct pool *)(uintptr_t)p, host, addr, err);
    return code;
}

/* Without a connection begun: is it the server, or this machine? Another address may do where it is
 * not certain. */
static void refuse_connect(const char *shown, int family, int error, struct err *err)
{
    const char *why = "";
    int code = ERR_UNREACHED;
    if (error == ECONNREFUSED || error == ENOENT)
        why = " (is the server running?)";
    else if (error == EAGAIN && family == AF_UNIX)
        why = " (its queue of new connections is full: fewer at once, or a higher backlog there)";
    else if (error == EADDRNOTAVAIL && family == AF_INET6)
        why = " (no IPv6 on this machine, or no local port left)";
    else if (err_is_own_limit(error)) {
        why = err_descriptor_advice(error);
        code = ERR_OWN_LIMIT;
    }
    err_set(err, code, "%s: %s%s", shown, strerror(error), why);
}

int net_connect(const struct pool *p, const char *host, const struct sockaddr *addr, unsigned len,
                struct err *err)
{
    if (pool_connect_allowed(p, host, addr, err) < 0)
        return -1;
    int fd = socket(addr->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
    if (fd < 0) {
        err_set(err, err_is_own_limit(errno) ? ERR_OWN_LIMIT : ERR_FAILED, "%s: no socket: %s%s",
                host, strerror(errno), err_descriptor_advice(errno));
        return -1;
    }
    if (addr->sa_family == AF_INET || addr->sa_family == AF_INET6) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    }
    if (connect(fd, addr, len) < 0 && errno != EINPROGRESS) {
        const char *shown = *host || addr->sa_family != AF_UNIX
                                ? host
                                : ((const struct sockaddr_un *)addr)->sun_path;
        refuse_connect(shown, addr->sa_family, errno, err);
        close(fd);
        return -1;
    }
    return fd;
}

int net_connected(int fd)
{
    int error = 0;
    socklen_t len = sizeof error;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0 ? errno : error;
}
