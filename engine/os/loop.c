/* The event loop of one worker: epoll for descriptors, a binary heap for alarms.
 *
 * epoll_pwait2 takes nanoseconds; with a timer slack of 1 ns a wake-up is some tens of microseconds
 * late; with epoll_wait's millisecond timeouts it would be up to a thousand. Kernels without it use
 * a timerfd, at the cost of one more system call. A watch removed while a batch of events is being
 * handled is also removed from the rest of the batch, so its owner may free it at once. */
#include "engine/os/loop.h"
#include "engine/base/err.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define BURST 128

struct loop {
    int epoll_fd, wake_fd, timer_fd; /* timer_fd -1: epoll_pwait2 works */
    bool slack_set;
    uint64_t now_ns, *virtual_clock;
    struct alarm **heap; /* [1..alarms] */
    uint32_t alarms, room;
    struct epoll_event burst[BURST];
    int burst_at, burst_n;
};

uint64_t clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

uint64_t loop_now(const struct loop *l)
{
    return l->now_ns;
}

uint64_t loop_refresh(struct loop *l)
{
    return l->now_ns = l->virtual_clock ? *l->virtual_clock : clock_ns();
}

struct loop *loop_new(uint64_t *virtual_clock, struct err *err)
{
    struct loop *l = calloc(1, sizeof *l);
    if (!l) {
        err_set(err, ERR_FAILED, "event loop: out of memory");
        return NULL;
    }
    l->epoll_fd = l->wake_fd = l->timer_fd = -1;
    l->virtual_clock = virtual_clock;
    loop_refresh(l);
    if (virtual_clock)
        return l;
    l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event wake = {.events = EPOLLIN, .data.ptr = NULL};
    if (l->epoll_fd < 0 || l->wake_fd < 0 ||
        epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, l->wake_fd, &wake) < 0) {
        err_set(err, ERR_FAILED, "event loop: %s%s", strerror(errno), err_descriptor_advice(errno));
        loop_free(l);
        return NULL;
    }
    return l;
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    if (l->epoll_fd >= 0)
        close(l->epoll_fd);
    if (l->wake_fd >= 0)
        close(l->wake_fd);
    if (l->timer_fd >= 0)
        close(l->timer_fd);
    free(l->heap);
    free(l);
}

int loop_watch(struct loop *l, struct watch *w, int fd, uint32_t events)
{
    if (w->fd == fd && w->events == events)
        return 0;
    struct epoll_event e = {.events = events, .data.ptr = w};
    if (epoll_ctl(l->epoll_fd, w->fd < 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &e) < 0)
        return -1;
    w->fd = fd;
    w->events = events;
    return 0;
}

void loop_unwatch(struct loop *l, struct watch *w)
{
    if (w->fd < 0)
        return;
    epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
    w->fd = -1;
    w->events = 0;
    for (int i = l->burst_at; i < l->burst_n; i++)
        if (l->burst[i].data.ptr == w)
            l->burst[i].events = 0;
}

/* ---- alarms: a binary heap by due time ---- */

static void heap_put(struct loop *l, uint32_t at, struct alarm *a)
{
    l->heap[at] = a;
    a->place = at;
}

static void heap_up(struct loop *l, uint32_t at)
{
    struct alarm *a = l->heap[at];
    for (; at > 1 && l->heap[at / 2]->due_ns > a->due_ns; at /= 2)
        heap_put(l, at, l->heap[at / 2]);
    heap_put(l, at, a);
}

static void heap_down(struct loop *l, uint32_t at)
{
    struct alarm *a = l->heap[at];
    for (;;) {
        uint32_t child = 2 * at;
        if (child > l->alarms)
            break;
        if (child < l->alarms && l->heap[child + 1]->due_ns < l->heap[child]->due_ns)
            child++;
        if (l->heap[child]->due_ns >= a->due_ns)
            break;
        heap_put(l, at, l->heap[child]);
        at = child;
    }
    heap_put(l, at, a);
}

static void heap_remove(struct loop *l, struct alarm *a)
{
    uint32_t at = a->place;
    struct alarm *last = l->heap[l->alarms--];
    a->place = 0;
    a->due_ns = NS_NEVER;
    if (last == a)
        return;
    heap_put(l, at, last);
    heap_up(l, at);
    heap_down(l, last->place);
}

void loop_alarm(struct loop *l, struct alarm *a, uint64_t due_ns)
{
    if (due_ns == NS_NEVER) {
        if (a->place)
            heap_remove(l, a);
        a->due_ns = NS_NEVER;
        return;
    }
    if (a->place) {
        uint64_t old = a->due_ns;
        a->due_ns = due_ns;
        if (due_ns < old)
            heap_up(l, a->place);
        else
            heap_down(l, a->place);
        return;
    }
    if (l->alarms + 1 >= l->room) {
        uint32_t room = l->room ? 2 * l->room : 16;
        struct alarm **heap = realloc(l->heap, room * sizeof *heap);
        /* happens at set-up only: a loop has a few alarms, and one for each connection */
        if (!heap)
            abort();
        l->heap = heap;
        l->room = room;
    }
    a->due_ns = due_ns;
    heap_put(l, ++l->alarms, a);
    heap_up(l, l->alarms);
}

uint64_t loop_next_alarm(const struct loop *l)
{
    return l->alarms ? l->heap[1]->due_ns : NS_NEVER;
}

void loop_wake(struct loop *l)
{
    uint64_t one = 1;
    if (l->wake_fd >= 0 && write(l->wake_fd, &one, sizeof one) < 0) {
        /* The eventfd counter is full: the loop is awake already. */
    }
}

/* ---- waiting ---- */

static int wait_by_timerfd(struct loop *l, uint64_t wait_ns)
{
    if (l->timer_fd < 0) {
        l->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL};
        if (l->timer_fd >= 0)
            epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, l->timer_fd, &e);
    }
    struct itimerspec when = {
        .it_value = {(time_t)(wait_ns / NS_PER_S), (long)(wait_ns % NS_PER_S)}};
    if (wait_ns)
        timerfd_settime(l->timer_fd, 0, &when, NULL);
    return epoll_wait(l->epoll_fd, l->burst, BURST, wait_ns ? 1000 : 0);
}

static int wait_for_events(struct loop *l, uint64_t wait_ns)
{
    static _Atomic bool without_pwait2; /* the kernel is older than 5.11 */
    if (!l->slack_set) {
        prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
        l->slack_set = true;
    }
    if (!without_pwait2) {
        struct timespec t = {(time_t)(wait_ns / NS_PER_S), (long)(wait_ns % NS_PER_S)};
        int n = epoll_pwait2(l->epoll_fd, l->burst, BURST, &t, NULL);
        if (n >= 0 || errno != ENOSYS)
            return n;
        without_pwait2 = true;
    }
    return wait_by_timerfd(l, wait_ns);
}

static void drain_wake(struct loop *l)
{
    uint64_t count;
    while (read(l->wake_fd, &count, sizeof count) > 0)
        ;
    while (l->timer_fd >= 0 && read(l->timer_fd, &count, sizeof count) > 0)
        ;
}

/* Fires the alarms that are due. Bounded: an alarm that sets itself again to a time that is already
 * due fires in the next turn. */
static void fire_alarms(struct loop *l, void (*after)(void *), void *ctx)
{
    uint64_t due_by = l->now_ns;
    for (uint32_t i = 0, most = l->alarms + 8; i < most && l->alarms; i++) {
        struct alarm *a = l->heap[1];
        if (a->due_ns > due_by)
            return;
        heap_remove(l, a);
        a->fire(a);
        if (after)
            after(ctx);
    }
}

uint64_t loop_turn(struct loop *l, uint64_t max_wait_ns, void (*before)(void *),
                   void (*after)(void *), void *ctx)
{
    uint64_t waited = 0;
    l->burst_at = l->burst_n = 0;
    loop_refresh(l);
    if (!l->virtual_clock) {
        uint64_t next = loop_next_alarm(l), start = l->now_ns;
        uint64_t wait = next <= start ? 0 : next - start;
        if (wait > max_wait_ns)
            wait = max_wait_ns;
        int n = wait_for_events(l, wait);
        l->burst_n = n > 0 ? n : 0;
        waited = loop_refresh(l) - start;
    }
    if (before)
        before(ctx);
    for (; l->burst_at < l->burst_n;) {
        struct epoll_event *e = &l->burst[l->burst_at++];
        struct watch *w = e->data.ptr;
        if (!w) {
            drain_wake(l);
            continue;
        }
        if (!e->events)
            continue;
        w->ready(w, e->events);
        if (after)
            after(ctx);
    }
    if (loop_next_alarm(l) <= l->now_ns)
        fire_alarms(l, after, ctx);
    return waited;
}

void loop_signal_fd(int fd)
{
    uint64_t one = 1;
    if (fd >= 0 && write(fd, &one, sizeof one) < 0) {
        /* The eventfd counter is full: its reader is awake already. */
    }
}
