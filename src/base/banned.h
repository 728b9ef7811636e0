/*
 * banned - C library functions that have bitten too many programs. Calling one is a compile error.
 *
 * Each is declared once more with a mark that our warning flags turn into an error, so it does not
 * matter in which order headers are included. base/str.h includes this file, so that every source
 * file has it. Headers that fortify these functions, and analyzers, do not take a second
 * declaration.
 */
#pragma once
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if !defined(_FORTIFY_SOURCE) && !defined(__clang_analyzer__)
#define BANNED(instead) __attribute__((deprecated("banned here: use " instead)))

BANNED("str_dup or sb_add") char *strcpy(char *to, const char *from);
BANNED("str_dup or sb_add") char *strncpy(char *to, const char *from, size_t n);
BANNED("sb_add") char *strcat(char *to, const char *from);
BANNED("sb_add") char *strncat(char *to, const char *from, size_t n);
BANNED("snprintf or sb_fmt") int sprintf(char *to, const char *format, ...);
BANNED("vsnprintf or sb_vfmt") int vsprintf(char *to, const char *format, va_list args);
BANNED("str_cut") char *strtok(char *text, const char *separators);
BANNED("str_to_i64") int atoi(const char *text);
BANNED("str_to_i64") long atol(const char *text);
BANNED("str_to_i64") long long atoll(const char *text);
BANNED("str_to_f64") double atof(const char *text);
BANNED("localtime_r") struct tm *localtime(const time_t *at);
BANNED("gmtime_r") struct tm *gmtime(const time_t *at);
BANNED("strftime") char *ctime(const time_t *at);
BANNED("strftime") char *asctime(const struct tm *at);
BANNED("base/random.h") int rand(void);
BANNED("base/random.h") void srand(unsigned seed);
#endif
