/* Measures what recording one latency costs, in ns per record; run by tests/bench/engine.py. Two
 * cases: a busy worker, whose interval has no notes left, so that each latency goes into the
 * histogram; and a worker that is drained often. */
#include "engine/os/loop.h"
#include "engine/stats/recorder.h"

#include <stdio.h>
#include <time.h>

#define RECORDS 20000000u

/* Of this thread: what else runs on the machine is not in it. */
static uint64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static struct recorder recorder;
static struct histogram into[SERIES];

/* ns a record, when the interval is drained after each `each`; draining is not in it. */
static double cost(unsigned each)
{
    uint64_t spent = 0, seed = 1;
    for (unsigned done = 0; done < RECORDS; done += each) {
        uint64_t begin = cpu_ns();
        for (unsigned i = 0; i < each; i++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
            recorder_add(&recorder, 0, MEASURE_SAME, 20000 + (seed >> 49), 1);
        }
        spent += cpu_ns() - begin;
        interval_drain(recorder.live, into);
    }
    return (double)spent / RECORDS;
}

int main(void)
{
    if (recorder_init(&recorder) || recorder_prepare(&recorder, 0))
        return 1;
    recorder_turn_begin(&recorder);
    cost(1000000);
    printf("%.2f %.2f\n", cost(1000000), cost(1000));
    recorder_fini(&recorder);
    return 0;
}
