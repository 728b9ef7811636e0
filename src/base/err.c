#include "base/err.h"

#include <stdarg.h>

#include "base/str.h"

static const struct {
    const char *name, *client_code;
    int status;
    enum err_fault fault;
} table[] = {
#define X(name, status, fault, code) [ERR_##name] = {#name, code, status, fault},
    ERR_MAP(X)
#undef X
};

enum err_code(err_set)(struct err *err, enum err_code code, const char *format, ...)
{
    va_list args;

    if (!err)
        return code;
    err->code = code;
    va_start(args, format);
    vsnprintf(err->msg, sizeof err->msg, format, args);
    va_end(args);
    return code;
}

enum err_code(err_wrap)(struct err *err, const char *format, ...)
{
    char before[sizeof err->msg];
    va_list args;
    size_t n;

    if (!err)
        return ERR_INTERNAL;
    memcpy(before, err->msg, sizeof before);
    va_start(args, format);
    vsnprintf(err->msg, sizeof err->msg, format, args);
    va_end(args);
    n = strlen(err->msg);
    snprintf(err->msg + n, sizeof err->msg - n, ": %s", before);
    return err->code;
}

int err_status(enum err_code code)
{
    return table[code].status;
}

enum err_fault err_fault_of(enum err_code code)
{
    return table[code].fault;
}

const char *err_client_code(enum err_code code)
{
    return table[code].client_code;
}

const char *err_name(enum err_code code)
{
    return table[code].name;
}
