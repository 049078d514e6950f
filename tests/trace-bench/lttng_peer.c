#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "tp.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint8_t packet[240];
static int packets, batches;
static long count;
static pthread_barrier_t barrier;

static double cpu(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * 1e9 + t.tv_nsec;
}
static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}
static void *run(void *arg) {
    double *ns = calloc(batches, sizeof *ns);
    pthread_barrier_wait(&barrier);
    for (int i = -1; i < batches; i++) {
        double begin = cpu();
        for (long n = 0; n < count; n++) {
            if (packets) {
                lttng_ust_tracepoint(zbench, packet, 3, 1, packet, sizeof packet);
            } else {
                lttng_ust_tracepoint(zbench, event48, n, n + 1, n + 2, n + 3, n + 4, n + 5);
            }
        }
        if (i >= 0) ns[i] = (cpu() - begin) / count;
    }
    qsort(ns, batches, sizeof *ns, compare);
    *(double *)arg = ns[batches / 2];
    free(ns);
    return 0;
}
/* kind, threads, batches, events a batch: prints the median of ns an event for each thread. */
int main(int argc, char **argv) {
    if (argc < 5) return 2;
    packets = !strcmp(argv[1], "packet");
    int threads = atoi(argv[2]);
    batches = atoi(argv[3]);
    count = atol(argv[4]);
    double result[16];
    pthread_t id[16];
    if (threads < 1 || threads > 16) return 2;
    pthread_barrier_init(&barrier, 0, threads);
    for (int i = 0; i < threads; i++) pthread_create(&id[i], 0, run, &result[i]);
    for (int i = 0; i < threads; i++) pthread_join(id[i], 0);
    for (int i = 0; i < threads; i++) printf("%.1f\n", result[i]);
    return 0;
}
