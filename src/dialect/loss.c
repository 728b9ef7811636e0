#include "dialect/loss.h"

enum { NAME_MAX_BYTES = 64 };

static bool is_token_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-' || c == ':';
}

static struct str token_of(struct str name)
{
    size_t n = 0;

    while (n < name.n && n < NAME_MAX_BYTES && is_token_char(name.p[n]))
        n++;
    return str_sub(name, 0, n);
}

void loss_add(struct loss_list *list, struct str name)
{
    name = token_of(name);
    if (name.n == 0)
        return;
    for (size_t i = 0; i < list->n; i++) {
        if (str_eq(list->names[i], name))
            return;
    }
    if (list->n < LOSS_MAX)
        list->names[list->n++] = name;
    else
        list->more = true;
}

void loss_add_under(struct loss_list *list, struct arena *a, struct str prefix, struct str name)
{
    loss_add(list, str_concat(a, (struct str[]){prefix, STR("."), token_of(name)}, 3));
}

struct str loss_text(struct arena *a, const struct loss_list *list)
{
    struct str parts[2 * LOSS_MAX + 1];
    size_t n = 0;

    for (size_t i = 0; i < list->n; i++) {
        if (i > 0)
            parts[n++] = STR(", ");
        parts[n++] = list->names[i];
    }
    if (list->more)
        parts[n++] = STR(", ...");
    return n > 0 ? str_concat(a, parts, n) : STR_NULL;
}
