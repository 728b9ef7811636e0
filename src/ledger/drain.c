#include "ledger/drain.h"

#include "base/mem.h"
#include "store/db.h"

enum { BATCH = 1000, CONFLICT_TRIES = 100 };

struct work {
    struct flush *flush;
    const struct segment *segment;
    struct flush_item items[BATCH];
    size_t n;
    struct drained *out;
};

static enum err_code apply(struct work *w, struct err *err)
{
    enum err_code rc = ERR_OK;

    for (int tries = 0; w->n > 0 && tries < CONFLICT_TRIES; tries++) {
        rc = flush_apply(w->flush, w->items, w->n, err);
        if (rc != ERR_CONFLICT)
            break;
    }
    if (rc == ERR_OK)
        w->out->records += w->n;
    w->n = 0;
    return rc;
}

static void add(struct work *w, struct str payload, size_t end)
{
    struct flush_item *item = &w->items[w->n];
    struct err err = {.msg = ""};

    if (record_decode(payload, &item->record, &err) != ERR_OK) {
        if (w->out->unread++ == 0) {
            w->out->unread_at = end;
            w->out->unread_why = err;
        }
        return;
    }
    item->end = (struct journal_mark){.journal_id = w->segment->journal_id,
                                      .position = w->segment->position + end};
    w->n++;
}

static enum err_code read_all(struct work *w, struct err *err)
{
    enum segment_result result;
    size_t at = SEGMENT_HEAD;
    struct str payload;

    while ((result = segment_read(w->segment, &at, &payload)) == SEGMENT_RECORD) {
        add(w, payload, at);
        if (w->n == BATCH)
            TRY(apply(w, err));
    }
    w->out->torn = result == SEGMENT_TORN;
    w->out->torn_at = at;
    return apply(w, err);
}

enum err_code drain_segment(struct flush *f, const struct segment *s, struct drained *out,
                            struct err *err)
{
    struct work *w = mem_new(struct work);
    enum err_code rc;

    *out = (struct drained){.records = 0};
    w->flush = f;
    w->segment = s;
    w->out = out;
    rc = read_all(w, err);
    mem_free(w);
    return rc;
}
