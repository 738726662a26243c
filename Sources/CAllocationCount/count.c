/* Stands before the C library's allocator in the program and, while somebody asks for it, counts what is asked for.
   glibc keeps its own functions under these names for exactly this purpose. Where nobody counts, an allocation costs
   one test more. */
#include "CAllocationCount.h"
#include <stdlib.h>

static int counts;
static unsigned long long bytes, count;

void count_allocations(int on) {
    if (on) bytes = count = 0;
    counts = on;
}

unsigned long long allocated_bytes(void) { return bytes; }
unsigned long long allocation_count(void) { return count; }

#if !defined(__has_feature)
#define __has_feature(name) 0
#endif
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer) && defined(__GLIBC__)

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static inline void note(size_t size) {
    if (__builtin_expect(counts, 0)) {
        bytes += size;
        count += 1;
    }
}

void *malloc(size_t size) {
    note(size);
    return __libc_malloc(size);
}

void *calloc(size_t items, size_t size) {
    note(items * size);
    return __libc_calloc(items, size);
}

void *realloc(void *old, size_t size) {
    note(size);
    return __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    note(size);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
    note(size);
    void *memory = __libc_memalign(alignment, size);
    if (memory == NULL) return 12; /* ENOMEM */
    *result = memory;
    return 0;
}

#endif
