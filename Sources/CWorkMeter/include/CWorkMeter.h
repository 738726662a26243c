/* What one piece of work holds and whether it should stop, for the thread that does it.

   The one who starts the work binds a meter to its thread. The allocator of the program (CAllocationCount) charges it what
   is allocated and releases what is freed; a timer may stop it from another thread; parsers and engines ask
   `work_stops` every so often. Where no meter is bound, the question costs one load. */
#ifndef PILLION_WORK_METER_H
#define PILLION_WORK_METER_H

enum work_stop { work_goes_on = 0, work_deadline = 1, work_client_gone = 2, work_overload = 3, work_memory = 4 };

/* What all metered work of a process holds at one time, with the answers that wait to be sent, and its limit. */
struct work_pool {
    long total, answers, limit;
};

/* The one that meters of the program share; a test may have its own. */
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
    /* Bytes that the thread allocated since the meter was bound, without those that it freed. Written by that thread. */
    long live;
    /* The most of `live`. */
    long limit;
    /* A work_stop, written by any thread. */
    int stop;
    /* What of `live` is in the total of its pool. */
    long flushed;
    struct work_pool *pool;
    /* All that was allocated: bytes and how often. */
    unsigned long long bytes, count;
};

/* Of this thread; NULL where nothing is metered. */
extern __thread struct work_meter *work_meter_of_thread __attribute__((tls_model("initial-exec")));

static inline struct work_meter *work_meter_current(void) { return work_meter_of_thread; }

/* Binds a meter, or none, to this thread. Returns the one before. */
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

/* The first reason stays. */
static inline void work_meter_stop(struct work_meter *meter, int reason) {
    int none = work_goes_on;
    __atomic_compare_exchange_n(&meter->stop, &none, reason, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

/* Brings the total of the meter's pool up to date with a meter whose `live` changed by much. Past the total's limit, work that
   holds more than its share is stopped. */
void work_meter_flush(struct work_meter *meter);
/* Takes a meter out of its pool's total. */
void work_meter_leave(struct work_meter *meter);

/* How far a meter may go before the total is brought up to date. */
enum { work_flush_bytes = 256 << 10 };

/* Answers that wait to be sent: charged to the total, up to half of its limit. 1, or 0 where there is no room. */
int work_hold_answer(struct work_pool *pool, long bytes);
void work_release_answer(struct work_pool *pool, long bytes);

/* The allocator's settings for a server: see ProcessMemory. */
void work_memory_tune(void);
void work_memory_trim(void);

/* Why the work of this thread should stop: a work_stop. */
static inline int work_stops(void) {
    struct work_meter *meter = work_meter_of_thread;
    if (__builtin_expect(meter == 0, 1)) return work_goes_on;
    int stop = __atomic_load_n(&meter->stop, __ATOMIC_RELAXED);
    if (stop != work_goes_on) return stop;
    return meter->live > meter->limit ? work_memory : work_goes_on;
}

#endif
