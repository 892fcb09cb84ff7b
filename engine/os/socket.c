/* Socket buffers: how much memory the kernel and this process use for connections. */
#include "engine/backend.h"

#include <linux/tcp.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

bool net_hold(size_t *mine, size_t bytes)
{
    static _Atomic size_t buffered;
    if (bytes > *mine) {
        size_t more = bytes - *mine;
        size_t before = atomic_fetch_add_explicit(&buffered, more, memory_order_relaxed);
        if (more > NET_BUFFERED_MAX || before > NET_BUFFERED_MAX - more) {
            atomic_fetch_sub_explicit(&buffered, more, memory_order_relaxed);
            return false;
        }
    } else if (bytes < *mine) {
        atomic_fetch_sub_explicit(&buffered, *mine - bytes, memory_order_relaxed);
    }
    *mine = bytes;
    return true;
}

int64_t net_round_trip_ns(int fd)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof info;
    const socklen_t needed = offsetof(struct tcp_info, tcpi_min_rtt) + sizeof info.tcpi_min_rtt;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0 || len < needed ||
        info.tcpi_min_rtt == 0 || info.tcpi_min_rtt == UINT_MAX)
        return -1;
    return (int64_t)info.tcpi_min_rtt * 1000;
}
