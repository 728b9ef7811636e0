#include "codec/form.h"

#include "base/text.h"

static size_t count_pairs(struct str body)
{
    size_t count = 0;

    while (body.n > 0)
        count += str_cut(&body, '&').n > 0;
    return count;
}

enum err_code form_parse(struct arena *a, struct str body, size_t limit, struct form *out,
                         struct err *err)
{
    size_t count = count_pairs(body), at = 0;

    *out = (struct form){0};
    if (count > limit)
        return err_set(err, ERR_TOO_LARGE, "the form has %zu fields, at most %zu are allowed",
                       count, limit);
    struct form_pair *pairs = arena_new_array(a, struct form_pair, count);
    while (body.n > 0) {
        struct str value = str_cut(&body, '&');

        if (value.n == 0)
            continue;
        pairs[at].name = url_decode(a, str_cut(&value, '='), true);
        pairs[at].value = url_decode(a, value, true);
        at++;
    }
    *out = (struct form){.pairs = pairs, .count = count};
    return ERR_OK;
}

struct str form_get(const struct form *form, struct str name)
{
    for (size_t i = 0; i < form->count; i++) {
        if (str_eq(form->pairs[i].name, name))
            return form->pairs[i].value;
    }
    return STR_NULL;
}
