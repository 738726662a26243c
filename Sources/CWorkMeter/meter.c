#include "CWorkMeter.h"

#include <limits.h>
#include <malloc.h>

__thread struct work_meter *work_meter_of_thread __attribute__((tls_model("initial-exec")));

struct work_pool work_pool_of_process = {.limit = LONG_MAX};

/* Work that holds no more than this is never stopped because of other work. */
enum { own_share = 8 << 20 };

void work_meter_flush(struct work_meter *meter) {
    long change = meter->live - meter->flushed;
    meter->flushed = meter->live;
    long now = __atomic_add_fetch(&meter->pool->total, change, __ATOMIC_RELAXED);
    if (change > 0 && now > work_pool_limit(meter->pool) && meter->live > own_share) work_meter_stop(meter, work_overload);
}

void work_meter_leave(struct work_meter *meter) {
    __atomic_sub_fetch(&meter->pool->total, meter->flushed, __ATOMIC_RELAXED);
    meter->flushed = 0;
}

int work_hold_answer(struct work_pool *pool, long bytes) {
    if (__atomic_add_fetch(&pool->answers, bytes, __ATOMIC_RELAXED) > work_pool_limit(pool) / 2) {
        __atomic_sub_fetch(&pool->answers, bytes, __ATOMIC_RELAXED);
        return 0;
    }
    __atomic_add_fetch(&pool->total, bytes, __ATOMIC_RELAXED);
    return 1;
}

void work_release_answer(struct work_pool *pool, long bytes) {
    __atomic_sub_fetch(&pool->answers, bytes, __ATOMIC_RELAXED);
    __atomic_sub_fetch(&pool->total, bytes, __ATOMIC_RELAXED);
}

#ifdef __GLIBC__
void work_memory_tune(void) {
    /* If set explicitly, they are fixed: otherwise glibc would raise the first one up to 32 MiB when a large block is
       freed. */
    mallopt(M_MMAP_THRESHOLD, 512 << 10);
    mallopt(M_TRIM_THRESHOLD, 1 << 20);
    mallopt(M_ARENA_MAX, 8);
}
void work_memory_trim(void) { malloc_trim(0); }
#else
void work_memory_tune(void) {}
void work_memory_trim(void) {}
#endif
