/* Stands before the C library's allocator in this program and counts what is asked for. glibc keeps its own
   functions under these names for exactly this purpose. */
#include "CAllocationCount.h"
#include <stddef.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static __thread unsigned long long bytes, count;

static void note(size_t size) {
    bytes += size;
    count += 1;
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
    *result = __libc_memalign(alignment, size);
    return *result ? 0 : 12;
}

unsigned long long allocated_bytes(void) { return bytes; }
unsigned long long allocation_count(void) { return count; }
