#include "billing/drawn_tokens.h"

bool drawn_by_tokens(struct str model)
{
    return str_starts(model, STR("gpt-image")) || str_starts(model, STR("chatgpt-image"));
}

/* ---- gpt-image-1, -1-mini and -1.5, which draw in three sizes ---- */

static bool is_early(struct str model)
{
    return str_eq(model, STR("gpt-image-1")) || str_starts(model, STR("gpt-image-1-")) ||
           str_starts(model, STR("gpt-image-1."));
}

static int64_t tokens_of_table(struct str size, struct str quality)
{
    static const struct {
        struct str quality;
        int64_t square, tall, wide;
    } rows[] = {
        {STR_INIT("low"), 272, 408, 400},
        {STR_INIT("medium"), 1056, 1584, 1568},
        {STR_INIT("high"), 4160, 6240, 6208},
    };
    size_t row = ARRAY_LEN(rows) - 1;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (str_eq(rows[i].quality, quality))
            row = i;
    }
    if (str_eq(size, STR("1024x1536")))
        return rows[row].tall;
    return str_eq(size, STR("1536x1024")) ? rows[row].wide : rows[row].square;
}

/* ---- later ones, which draw in any size ---- */

/* Into how many pieces the longer side is cut. Models that are not told of are as the newest that
 * is. */
static int64_t pieces_of(struct str model, struct str quality)
{
    static const struct {
        struct str quality;
        int64_t second, newer;
    } rows[] = {
        {STR_INIT("low"), 16, 16},   {STR_INIT("medium"), 48, 24}, {STR_INIT("high"), 96, 48},
        {STR_INIT("xhigh"), 96, 64}, {STR_INIT("max"), 96, 96},
    };
    bool second = str_eq(model, STR("gpt-image-2")) || str_starts(model, STR("gpt-image-2-"));
    size_t row = ARRAY_LEN(rows) - 1;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (str_eq(rows[i].quality, quality))
            row = i;
    }
    return second ? rows[row].second : rows[row].newer;
}

static bool read_size(struct str size, int64_t *width, int64_t *height)
{
    enum { SIDE_MAX = 16384 };
    struct str left = str_cut(&size, 'x');

    return str_to_i64(left, width) && str_to_i64(size, height) && *width > 0 && *height > 0 &&
           *width <= SIDE_MAX && *height <= SIDE_MAX;
}

/* To the nearest whole number, halves to the even one. */
static int64_t divide(int64_t n, int64_t by)
{
    int64_t whole = n / by, rest = 2 * (n % by);

    return whole + (rest > by || (rest == by && whole % 2 != 0));
}

static int64_t tokens_of_calculator(struct str size, int64_t pieces)
{
    enum { PIXELS_ADDED = 2000000, PIXELS_PER_TOKEN = 4000000 };
    int64_t width, height, longer, across;

    if (!read_size(size, &width, &height))
        width = height = 1024;
    longer = width > height ? width : height;
    across = divide(pieces * (width + height - longer), longer);
    return (pieces * across * (PIXELS_ADDED + width * height) + PIXELS_PER_TOKEN - 1) /
           PIXELS_PER_TOKEN;
}

int64_t drawn_tokens(struct str model, struct str size, struct str quality)
{
    if (is_early(model))
        return tokens_of_table(size, quality);
    return tokens_of_calculator(size, pieces_of(model, quality));
}
