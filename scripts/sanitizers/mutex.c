// Reports the slow paths of Swift's Mutex to the thread sanitizer. The fast paths are inlined into our code, which is
// instrumented. A thread that waits calls libswiftSynchronization, which is not, so that the sanitizer sees two threads
// under one lock and reports a race. `scripts/sanitize` preloads this.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

#define SWIFT __attribute__((swiftcall))
#define CONTEXT __attribute__((swift_context))

void __tsan_acquire(void *address);
void __tsan_release(void *address);

// Synchronization._MutexHandle._lockSlow(UInt32)
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
// Synchronization._MutexHandle._unlockSlow()
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

SWIFT void lock_slow(uint32_t thread, CONTEXT void *handle) __asm__(LOCK);
SWIFT void unlock_slow(CONTEXT void *handle) __asm__(UNLOCK);

SWIFT void lock_slow(uint32_t thread, CONTEXT void *handle) {
    SWIFT void (*next)(uint32_t, CONTEXT void *) = dlsym(RTLD_NEXT, LOCK);
    next(thread, handle);
    __tsan_acquire(handle);
}

SWIFT void unlock_slow(CONTEXT void *handle) {
    SWIFT void (*next)(CONTEXT void *) = dlsym(RTLD_NEXT, UNLOCK);
    __tsan_release(handle);
    next(handle);
}
