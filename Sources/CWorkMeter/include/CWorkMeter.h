/* Measures the memory that one piece of work holds, and tells its thread whether it should stop.

   The code that starts the work binds a meter to its thread. The program's allocator (CAllocationCount) charges
   allocated bytes to the meter and deducts freed ones; a timer may stop the meter from another thread; parsers and
   engines call `work_stops` regularly. Without a meter, the call costs one load. */
#ifndef PILLION_WORK_METER_H
#define PILLION_WORK_METER_H

enum work_stop { work_goes_on = 0, work_deadline = 1, work_client_gone = 2, work_overload = 3, work_memory = 4 };

/* The memory that all metered work of a process holds at one time, with the answers that wait to be sent, and its
   limit. */
struct work_pool {
    long total, answers, limit;
};

/* The pool that the program's meters share; a test may have its own. */
extern struct work_pool work_pool_of_process;
static inline struct work_pool *work_pool_shared(void) { return &work_pool_of_process; }

static inline long work_pool_total(const struct work_pool *pool) {
    return __atomic_load_n(&pool->total, __ATOMIC_RELAXED);
}
static inline long work_pool_limit(const struct work_pool *pool) {
    return __atomic_load_n(&pool->limit, __ATOMIC_RELAXED);
}
static inline void work_pool_set_limit(struct work_pool *pool, long bytes) {
    __atomic_store_n(&pool->limit, bytes, __ATOMIC_RELAXED);
}

struct work_meter {
    /* The bytes that the thread has allocated since the meter was bound, minus those that it has freed. Written only by
       that thread. */
    long live;
    /* The largest allowed value of `live`. */
    long limit;
    /* A work_stop, written by any thread. */
    int stop;
    /* The part of `live` that is included in the total of its pool. */
    long flushed;
    struct work_pool *pool;
    /* All allocations: their bytes and their number. */
    unsigned long long bytes, count;
};

/* The meter of this thread; NULL without one. */
extern __thread struct work_meter *work_meter_of_thread __attribute__((tls_model("initial-exec")));

static inline struct work_meter *work_meter_current(void) { return work_meter_of_thread; }

/* Binds a meter, or none, to this thread. Returns the previous one. */
static inline struct work_meter *work_meter_bind(struct work_meter *meter) {
    struct work_meter *before = work_meter_of_thread;
    work_meter_of_thread = meter;
    return before;
}

static inline long work_meter_live(const struct work_meter *meter) {
    return __atomic_load_n(&meter->live, __ATOMIC_RELAXED);
}

static inline int work_meter_stopped(const struct work_meter *meter) {
    return __atomic_load_n(&meter->stop, __ATOMIC_RELAXED);
}

/* Stops the work of a meter. The first reason is kept. */
static inline void work_meter_stop(struct work_meter *meter, int reason) {
    int none = work_goes_on;
    __atomic_compare_exchange_n(&meter->stop, &none, reason, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

/* Updates the total of the meter's pool after a large change of `live`. If the total exceeds its limit, the work is
   stopped if it holds more than its share. */
void work_meter_flush(struct work_meter *meter);
/* Removes a meter from its pool's total. */
void work_meter_leave(struct work_meter *meter);

/* The change of a meter after which the total is updated. */
enum { work_flush_bytes = 256 << 10 };

/* Charges answers that wait to be sent to the total, up to half of its limit. Returns 1, or 0 if there is no room. */
int work_hold_answer(struct work_pool *pool, long bytes);
void work_release_answer(struct work_pool *pool, long bytes);

/* The allocator's settings for a server: see ProcessMemory. */
void work_memory_tune(void);
void work_memory_trim(void);

/* Returns the reason why the work of this thread should stop: a work_stop. */
static inline int work_stops(void) {
    struct work_meter *meter = work_meter_of_thread;
    if (__builtin_expect(meter == 0, 1)) return work_goes_on;
    int stop = __atomic_load_n(&meter->stop, __ATOMIC_RELAXED);
    if (stop != work_goes_on) return stop;
    return meter->live > meter->limit ? work_memory : work_goes_on;
}

#endif
