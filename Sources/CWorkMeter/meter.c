#include "CWorkMeter.h"

#include <limits.h>
#include <malloc.h>

__thread struct work_meter *work_meter_of_thread __attribute__((tls_model("initial-exec")));

static long total, answers, limit = LONG_MAX;

/* Work that holds no more than this is never stopped for what others hold. */
enum { own_share = 8 << 20 };

static long load(const long *value) { return __atomic_load_n(value, __ATOMIC_RELAXED); }

void work_meter_flush(struct work_meter *meter) {
    long change = meter->live - meter->flushed;
    meter->flushed = meter->live;
    long now = __atomic_add_fetch(&total, change, __ATOMIC_RELAXED);
    if (change > 0 && now > load(&limit) && meter->live > own_share) work_meter_stop(meter, work_overload);
}

void work_meter_leave(struct work_meter *meter) {
    __atomic_sub_fetch(&total, meter->flushed, __ATOMIC_RELAXED);
    meter->flushed = 0;
}

long work_total(void) { return load(&total); }
long work_total_limit(void) { return load(&limit); }
void work_total_set_limit(long bytes) { __atomic_store_n(&limit, bytes, __ATOMIC_RELAXED); }

int work_hold_answer(long bytes) {
    if (__atomic_add_fetch(&answers, bytes, __ATOMIC_RELAXED) > load(&limit) / 2) {
        __atomic_sub_fetch(&answers, bytes, __ATOMIC_RELAXED);
        return 0;
    }
    __atomic_add_fetch(&total, bytes, __ATOMIC_RELAXED);
    return 1;
}

void work_release_answer(long bytes) {
    __atomic_sub_fetch(&answers, bytes, __ATOMIC_RELAXED);
    __atomic_sub_fetch(&total, bytes, __ATOMIC_RELAXED);
}

#ifdef __GLIBC__
void work_memory_tune(void) {
    /* Set by hand they stay: glibc would raise the first to 32 MiB with the first large block that is freed. */
    mallopt(M_MMAP_THRESHOLD, 512 << 10);
    mallopt(M_TRIM_THRESHOLD, 1 << 20);
    mallopt(M_ARENA_MAX, 8);
}
void work_memory_trim(void) { malloc_trim(0); }
#else
void work_memory_tune(void) {}
void work_memory_trim(void) {}
#endif
