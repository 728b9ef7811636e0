#include "base/thread.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/test.h"

struct seen {
    enum thread_work work;
    char name[16];
    int policy, priority;
};

static void *begin(void *arg)
{
    struct seen *s = arg;

    thread_begin(s->work == THREAD_LOOP ? "relay-12" : "ledger", s->work);
    pthread_getname_np(pthread_self(), s->name, sizeof s->name);
    s->policy = sched_getscheduler(0);
    s->priority = getpriority(PRIO_PROCESS, (id_t)gettid());
    return NULL;
}

static struct seen began(enum thread_work work)
{
    struct seen s = {.work = work};
    pthread_t thread;

    CHECK_EQ(pthread_create(&thread, NULL, begin, &s), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    return s;
}

TEST(a_loop_keeps_its_priority_and_who_works_behind_it_gives_way)
{
    struct seen loop = began(THREAD_LOOP), behind = began(THREAD_BEHIND);
    int mine = getpriority(PRIO_PROCESS, 0);

    if (sched_getscheduler(0) != SCHED_OTHER)
        skip();
    CHECK_STR(str_from(loop.name), "relay-12");
    CHECK_EQ(loop.policy, SCHED_OTHER);
    CHECK_EQ(loop.priority, mine);
    CHECK_STR(str_from(behind.name), "ledger");
    CHECK_EQ(behind.policy, SCHED_BATCH);
    CHECK_EQ(behind.priority, mine + 5 < 19 ? mine + 5 : 19);
}

TEST_MAIN(a_loop_keeps_its_priority_and_who_works_behind_it_gives_way)
