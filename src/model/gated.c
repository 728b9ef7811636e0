#include "model/gated.h"

static const struct {
    struct str name, flag;
    bool lets; /* the flag lets it out */
} fields[GATED_COUNT] = {
#define X(name, field, flag, lets) [GATED_##field] = {STR_INIT(name), STR_INIT(flag), (lets)},
    GATED_MAP(X)
#undef X
};

struct str gated_name(enum gated field)
{
    return fields[field].name;
}

unsigned gated_withheld(const struct json *settings)
{
    unsigned bits = 0;

    for (size_t i = 0; i < GATED_COUNT; i++) {
        if (json_bool_or(json_get(settings, fields[i].flag), false) != fields[i].lets)
            bits |= 1u << i;
    }
    return bits;
}
