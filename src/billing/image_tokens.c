#include "billing/image_tokens.h"

#include "billing/image_size.h"

enum {
    SMALLEST = 85,
    TIMES_FLAT = 3,
    GLM_4V = 1047,
    MINI_BASE = 2833,
    MINI_TILE = 5667,
    USUAL_TILE = 170,
};

void image_weights_init(struct image_weights *w, struct str model, enum image_counting counting)
{
    const bool mini = str_starts(model, STR("gpt-4o-mini"));

    *w = (struct image_weights){.low = GLM_4V, .flat = GLM_4V};
    if (str_starts(model, STR("glm-4v")))
        return;
    w->low = SMALLEST;
    w->base = mini ? MINI_BASE : SMALLEST;
    w->flat = TIMES_FLAT * (counting == IMAGES_SMALL ? SMALLEST : w->base);
    if (counting == IMAGES_BY_SIZE)
        w->tile = mini ? MINI_TILE : USUAL_TILE;
}

static int64_t divide_up(int64_t n, int64_t by)
{
    return (n + by - 1) / by;
}

static int64_t tiles_of(int64_t width, int64_t height)
{
    enum { FITS = 2048, SHORT_SIDE = 768, TILE = 512 };
    int64_t shorter = width < height ? width : height, longer = width + height - shorter;

    if (longer > FITS) {
        shorter = divide_up(shorter * FITS, longer);
        longer = FITS;
    }
    if (shorter > SHORT_SIDE) {
        longer = divide_up(longer * SHORT_SIDE, shorter);
        shorter = SHORT_SIDE;
    }
    return divide_up(shorter, TILE) * divide_up(longer, TILE);
}

/* What is behind "data:image/png;base64,"; empty: it is no such URL. */
static struct str base64_of(struct str text)
{
    enum { HEAD_MAX = 256 };
    static const struct str mark = STR_INIT("base64,");
    ptrdiff_t at = str_find(str_sub(text, 0, text.n < HEAD_MAX ? text.n : HEAD_MAX), mark);

    return at >= 0 && str_starts(text, STR("data:")) ? str_skip(text, (size_t)at + mark.n)
                                                     : STR_NULL;
}

int64_t image_tokens_of_url(const struct image_weights *w, struct str text)
{
    int64_t width, height;

    if (w->tile == 0 || !image_size_read(base64_of(text), &width, &height))
        return w->flat;
    return w->base + w->tile * tiles_of(width, height);
}
