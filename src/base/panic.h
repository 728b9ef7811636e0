/*
 * panic - the end of the program for a reason that only a bug or an exhausted machine can bring
 * about.
 */
#pragma once
#include "base/attr.h"

/* Prints the text and a stack to stderr and aborts. Any thread. */
void panic(const char *format, ...) PRINTF_LIKE(1, 2) NO_RETURN;
/* Makes SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT (a failed assert) print a stack before the
 * process dies. Once, from main. */
void panic_install(void);
