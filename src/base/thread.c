#include "base/thread.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NAME_BYTES = 16, LOOP_SLICE_NS = 100000, BEHIND_NICE = 5 };

/* Version 0 of the kernel's struct sched_attr (sched_setattr(2)), which the C library of Debian 12
 * does not have. */
struct attr {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime_ns; /* the slice, with SCHED_OTHER and SCHED_BATCH */
    uint64_t deadline_ns, period_ns;
};

static_assert(sizeof(struct attr) == 48, "as the kernel has it");

void thread_begin(const char *name, enum thread_work work)
{
    struct attr attr = {.size = sizeof attr};

    assert(strlen(name) < NAME_BYTES);
    pthread_setname_np(pthread_self(), name);
    if (syscall(SYS_sched_getattr, 0, &attr, sizeof attr, 0) != 0 || attr.policy != SCHED_OTHER)
        return; /* an operator who has chosen another policy has had a reason */
    if (work == THREAD_LOOP) {
        attr.runtime_ns = LOOP_SLICE_NS;
    } else {
        attr.policy = SCHED_BATCH;
        attr.nice = attr.nice + BEHIND_NICE < 19 ? attr.nice + BEHIND_NICE : 19;
    }
    (void)syscall(SYS_sched_setattr, 0, &attr, 0);
}
