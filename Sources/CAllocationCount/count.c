/* Replaces the C library's allocator in the program, and charges allocated and freed bytes to the meter of the thread,
   if there is one. glibc exports its own functions under these names for this purpose. Without a meter, an allocation
   costs one additional test. */
#include "CAllocationCount.h"
#include "CWorkMeter.h"
#include <limits.h>
#include <malloc.h>
#include <stdlib.h>

static struct work_meter counted;

void count_allocations(int on) {
    if (on) {
        struct work_meter fresh = {.limit = LONG_MAX, .pool = &work_pool_of_process};
        counted = fresh;
        work_meter_bind(&counted);
    } else if (work_meter_current() == &counted) {
        work_meter_bind(NULL);
    }
}

unsigned long long allocated_bytes(void) { return counted.bytes; }
unsigned long long allocation_count(void) { return counted.count; }

#if !defined(__has_feature)
#define __has_feature(name) 0
#endif
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer) && defined(__GLIBC__)

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

int allocations_are_counted(void) { return 1; }

static void add(struct work_meter *meter, long bytes) {
    __atomic_store_n(&meter->live, meter->live + bytes, __ATOMIC_RELAXED);
    long change = meter->live - meter->flushed;
    if (__builtin_expect(change > work_flush_bytes || change < -work_flush_bytes, 0)) work_meter_flush(meter);
}

__attribute__((noinline)) static void *charged(struct work_meter *meter, void *memory, size_t asked) {
    if (memory == NULL) return NULL;
    add(meter, (long)malloc_usable_size(memory));
    meter->bytes += asked;
    meter->count += 1;
    return memory;
}

void *malloc(size_t size) {
    struct work_meter *meter = work_meter_current();
    if (__builtin_expect(meter == NULL, 1)) return __libc_malloc(size);
    return charged(meter, __libc_malloc(size), size);
}

void *calloc(size_t items, size_t size) {
    struct work_meter *meter = work_meter_current();
    if (__builtin_expect(meter == NULL, 1)) return __libc_calloc(items, size);
    return charged(meter, __libc_calloc(items, size), items * size);
}

void *realloc(void *old, size_t size) {
    struct work_meter *meter = work_meter_current();
    if (__builtin_expect(meter == NULL, 1)) return __libc_realloc(old, size);
    long before = old == NULL ? 0 : (long)malloc_usable_size(old);
    void *memory = __libc_realloc(old, size);
    if (memory != NULL || size == 0) add(meter, -before);
    return charged(meter, memory, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    struct work_meter *meter = work_meter_current();
    void *memory = __libc_memalign(alignment, size);
    return meter == NULL ? memory : charged(meter, memory, size);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
    void *memory = aligned_alloc(alignment, size);
    if (memory == NULL) return 12; /* ENOMEM */
    *result = memory;
    return 0;
}

__attribute__((noinline)) static void release(struct work_meter *meter, void *memory) {
    if (memory != NULL) add(meter, -(long)malloc_usable_size(memory));
    __libc_free(memory);
}

void free(void *memory) {
    struct work_meter *meter = work_meter_current();
    if (__builtin_expect(meter != NULL, 0)) return release(meter, memory);
    __libc_free(memory);
}

#else

int allocations_are_counted(void) { return 0; }

#endif
