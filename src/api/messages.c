#include "api/messages.h"

static const struct {
    struct str zh, en;
} texts[] = {
#define X(name, zh, en) [MSG_##name] = {STR_INIT(zh), STR_INIT(en)},
    MESSAGE_MAP(X)
#undef X
};

struct str message_text(enum message m, bool english)
{
    return english ? texts[m].en : texts[m].zh;
}

/* The weight of "en-US;q=0.7": 1 unless it says otherwise. */
static double weight_of(struct str params)
{
    double q = 1;

    STR_SPLIT_EACH (param, params, ';') {
        struct str value = param, name = str_cut(&value, '=');

        if (str_eq_nocase(str_trim(name), STR("q")) && !str_to_f64(str_trim(value), &q))
            q = 0;
    }
    return q;
}

static bool is_language(struct str tag, struct str language)
{
    return str_eq_nocase(tag, language) ||
           (str_starts_nocase(tag, language) && tag.p[language.n] == '-');
}

bool message_prefers_english(struct str accept_language)
{
    double zh = 0, en = 0;

    STR_SPLIT_EACH (range, accept_language, ',') {
        struct str params = range, tag = str_trim(str_cut(&params, ';'));
        double q = weight_of(params);

        if (is_language(tag, STR("zh")) && q > zh)
            zh = q;
        if (is_language(tag, STR("en")) && q > en)
            en = q;
    }
    return en > zh;
}
