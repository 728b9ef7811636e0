#include "base/panic.h"

#include <execinfo.h>
#include <signal.h>
#include <stdarg.h>
#include <unistd.h>

#include "base/str.h"

/* Neither is promised to be safe in a signal handler, but the process is lost already: a stack most
 * of the time is worth more than none. */
static void print_stack(void)
{
    void *frames[64];
    int count = backtrace(frames, ARRAY_LEN(frames)); /* NOLINT(bugprone-signal-handler) */

    backtrace_symbols_fd(frames, count, STDERR_FILENO); /* NOLINT(bugprone-signal-handler) */
}

void panic(const char *format, ...)
{
    va_list args;

    fputs("panic: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    abort();
}

/* Only async-signal-safe calls but print_stack(); backtrace() was called once before, so that it
 * has loaded what it needs. */
static void on_fatal_signal(int number)
{
    static const char text[] = "fatal signal, stack:\n";
    ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);

    (void)ignored;
    print_stack();
    signal(number, SIG_DFL);
    raise(number);
}

void panic_install(void)
{
    static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    void *warm[1];

    (void)backtrace(warm, 1);
    for (size_t i = 0; i < ARRAY_LEN(fatal); i++)
        signal(fatal[i], on_fatal_signal);
}
