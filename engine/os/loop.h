/* The event loop of one worker: epoll, nanosecond alarms, and the only source of time.
 *
 * Code waits through a watch (for a descriptor) or an alarm (for a time), both embedded in the
 * waiter's own structure; the loop allocates nothing per event. Time is read once for each turn
 * and, with loop_refresh, once for each burst of work inside it. A virtual loop has no descriptors
 * and steps from alarm to alarm, so that hours pass in seconds. */
#ifndef LOADTOP_ENGINE_OS_LOOP_H
#define LOADTOP_ENGINE_OS_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

#define NS_PER_S UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_NEVER UINT64_MAX

struct err;
struct loop;

struct watch {
    int fd; /* -1 while not watched; set it so before the first loop_watch */
    uint32_t events;
    void (*ready)(struct watch *, uint32_t events); /* EPOLLIN EPOLLOUT EPOLLERR EPOLLHUP */
};

struct alarm {
    uint64_t due_ns; /* NS_NEVER while not set */
    uint32_t place;  /* index in the heap; 0 while not set */
    void (*fire)(struct alarm *);
};

/* A loop on the real clock, or (virtual_clock not NULL) on *virtual_clock,
 * which the caller moves. */
struct loop *loop_new(uint64_t *virtual_clock, struct err *);
void loop_free(struct loop *); /* takes NULL; watches and alarms are the caller's */

/* Watches fd for events, or changes the events if w is watched already. Level triggered. 0 or -1
 * (errno). */
int loop_watch(struct loop *, struct watch *w, int fd, uint32_t events);
void loop_unwatch(struct loop *, struct watch *w); /* before the descriptor is closed; idempotent */

/* Sets (or moves) an alarm; NS_NEVER clears it. An alarm fires once, never before its due time. */
void loop_alarm(struct loop *, struct alarm *, uint64_t due_ns);

/* Monotonic nanoseconds, as of the turn's start or the last refresh. */
uint64_t loop_now(const struct loop *);
uint64_t loop_refresh(struct loop *); /* reads the clock */
uint64_t clock_ns(void);              /* CLOCK_MONOTONIC */

/* Makes the loop, which runs on another thread, return from its wait. Async-signal-safe. */
void loop_wake(struct loop *);

/* One turn: waits until a descriptor is ready, an alarm is due, loop_wake is called or max_wait_ns
 * has passed, then runs the callbacks. `after` (may be NULL) is called after each callback: the
 * worker uses it to send what it has queued. Returns the ns spent waiting. */
uint64_t loop_turn(struct loop *, uint64_t max_wait_ns, void (*before)(void *),
                   void (*after)(void *), void *ctx);
uint64_t loop_next_alarm(const struct loop *); /* due time of the earliest, or NS_NEVER */
/* signals an eventfd; does nothing for -1. Any thread */
void loop_signal_fd(int eventfd);

#endif
