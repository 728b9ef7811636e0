#include "billing/tokens.h"

#include <math.h>

#include "billing/token_counter.h"

/* billing reference 8.5: what a streamed tool call adds to the text of the answer. */
enum { TOKENS_A_TOOL_CALL = 7 };

int64_t tokens_of_text(struct str model, struct str text)
{
    struct token_meter m;

    token_meter_init(&m, model);
    token_meter_add(&m, text);
    return token_meter_count(&m);
}

void token_meter_init(struct token_meter *m, struct str model)
{
    *m = (struct token_meter){.last_kind = KIND_NOTHING, .table = (uint8_t)token_table_of(model)};
}

/* Completes the character that the last piece cut, byte by byte. Returns how much of `text` that
 * took. */
static size_t finish_partial(struct token_meter *m, struct token_counter *c, struct str text)
{
    char whole[4];
    size_t used = 0, left = m->partial_n;

    memcpy(whole, m->partial, left);
    while (left > 0 && left < sizeof whole && used < text.n) {
        whole[left++] = text.p[used++];
        size_t open = token_counter_text(c, str_make(whole, left));

        if (open == left)
            continue;
        /* What was not part of the character after all is left to the text. */
        used -= open;
        left = 0;
    }
    m->partial_n = (uint8_t)(left < sizeof whole ? left : 0);
    memcpy(m->partial, whole, m->partial_n);
    return used;
}

void token_meter_add(struct token_meter *m, struct str text)
{
    struct token_counter c;
    size_t open;

    if (text.n == 0)
        return;
    token_counter_init(&c, (enum token_table)m->table);
    c.last = m->last_kind;
    if (m->partial_n > 0)
        text = str_skip(text, finish_partial(m, &c, text));
    open = text.n > 0 ? token_counter_text(&c, text) : 0;
    if (open > 0) {
        memcpy(m->partial, text.p + text.n - open, open);
        m->partial_n = (uint8_t)open;
    }
    m->last_kind = c.last;
    m->weight += (double)c.hundredths;
}

int64_t token_meter_count(const struct token_meter *m)
{
    return (int64_t)ceil(m->weight / 100) + m->tool_calls * TOKENS_A_TOOL_CALL;
}
