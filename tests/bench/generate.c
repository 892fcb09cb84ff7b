/* Measures the CPU time to generate and encode one record; run by tests/bench/generate.py. Prints
 * one line for each number of extra columns: objects, ns per record, bytes per record. */
#include "backends/crate_sql/record.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(void)
{
    static const unsigned objects[] = {0, 10, 100};
    enum { ROWS = 100, ROUNDS = 2000 }; /* a request of 100 rows, again and again, as fill() does */
    for (unsigned k = 0; k < sizeof objects / sizeof *objects; k++) {
        struct crate_records r;
        crate_records_init(&r, "7f3a21bc", 0, 1, objects[k], -1);
        char *room = malloc(ROWS * (crate_record_max(&r) + 1));
        if (!room)
            return 1;
        double best = 1e18;
        size_t bytes = 0;
        uint64_t seq = 0;
        unsigned sum = 0;
        for (unsigned repeat = 0; repeat < 7; repeat++) {
            double from = cpu_ns();
            for (unsigned round = 0; round < ROUNDS; round++) {
                char *at = room;
                for (unsigned i = 0; i < ROWS; i++) {
                    at = crate_record_put(&r, at, seq++, 1700000000000);
                    *at++ = ',';
                }
                bytes = (size_t)(at - room) / ROWS;
                sum += (unsigned char)room[bytes / 2];
            }
            double ns = (cpu_ns() - from) / (ROWS * ROUNDS);
            best = ns < best ? ns : best;
        }
        printf("%u %.1f %zu %u\n", objects[k], best, bytes, sum & 1);
        free(room);
    }
    return 0;
}
