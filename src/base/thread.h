/*
 * thread - what a thread of the program says of itself when it begins.
 *
 *     static void *run(void *arg) { thread_begin("ledger", THREAD_BEHIND); ... }
 */
#pragma once

enum thread_work {
    /* An event loop: clients wait for it, and it works for some microseconds at a time. It asks for
     * short slices, so that it begins at once although another thread has the processor (Linux
     * 6.12; an older one knows no such wish). */
    THREAD_LOOP,
    /* Works through what others have left: a little later is soon enough. It gives way to the
     * loops, and gets about a quarter of a processor that they want whole. */
    THREAD_BEHIND
};

/* Names the calling thread (at most 15 bytes) and tells the scheduler. What the system does not
 * grant is done without. */
void thread_begin(const char *name, enum thread_work work);
