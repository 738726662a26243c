/* The settings of a thread for Linux's scheduler, in addition to its niceness; the C library has no function for
   them. */
#include "CMicrohttpd.h"
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* struct sched_attr in its first version, which all kernels since 3.14 support. */
struct attributes {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
};

int pillion_thread_yields(int nice, uint64_t slice) {
    struct attributes attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.size = sizeof attributes;
    /* The policy 0 is the default one, SCHED_OTHER. */
    attributes.nice = nice;
    attributes.runtime = slice;
    return (int)syscall(SYS_sched_setattr, 0, &attributes, 0);
}
