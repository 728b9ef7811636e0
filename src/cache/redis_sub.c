#include "cache/redis_sub.h"

#include "base/log.h"
#include "base/mem.h"

enum { SUBSCRIBE_BYTES_MAX = 65536 };

struct redis_sub {
    struct redis_settings conf;
    const struct redis_sub_handler *handler;
    void *ctx;
    struct redis_link *link;
    struct sb subscribe; /* the command */
    size_t channels, confirmed;
    bool live, told;
    struct loop_timer health;
    struct loop_ending ending;
};

static void set_live(struct redis_sub *s, bool live)
{
    if (s->live == live)
        return;
    s->live = live;
    s->handler->on_live(s->ctx, live);
}

static void on_up(void *ctx)
{
    struct redis_sub *s = ctx;
    struct str command = sb_str(&s->subscribe);

    s->confirmed = 0;
    redis_link_write(s->link, &command, 1);
}

static void confirm(struct redis_sub *s)
{
    if (++s->confirmed != s->channels)
        return;
    log_info(NULL, "redis.subscribed", "server=%s", redis_link_server(s->link));
    s->told = false;
    set_live(s, true);
}

/* Pushes are arrays of a word and what belongs to it; so is the answer to PING here. */
static void on_value(void *ctx, const struct redis_value *v)
{
    struct redis_sub *s = ctx;

    if (v->kind == REDIS_ERROR) {
        redis_link_drop(s->link, "the server refuses to subscribe");
        return;
    }
    if (v->kind != REDIS_ARRAY || v->count < 2)
        return;
    if (v->count == 3 && redis_value_is(&v->items[0], STR("message")))
        s->handler->on_message(s->ctx, v->items[1].s, v->items[2].s);
    else if (redis_value_is(&v->items[0], STR("subscribe")))
        confirm(s);
}

static void on_down(void *ctx, const struct err *err, bool soon)
{
    struct redis_sub *s = ctx;

    (void)soon;
    if (!s->told)
        log_warn(NULL, "redis.unsubscribed", "error=\"%s\"", err->msg);
    s->told = true;
    set_live(s, false);
}

static const struct redis_link_handler link_handler = {on_up, on_value, on_down};

/* Silence is usual here, so each silent time begins with a question, and one that stays without an
 * answer ends the connection: nobody would notice otherwise. */
static void on_health(struct loop_timer *timer)
{
    struct redis_sub *s = container_of(timer, struct redis_sub, health);
    uint64_t silent_ms = loop_now_ms(s->conf.loop) - redis_link_read_ms(s->link);
    static const struct str ping = STR_INIT("*1\r\n$4\r\nPING\r\n");

    loop_timer_set(s->conf.loop, timer, s->conf.ping_ms, on_health);
    if (!redis_link_up(s->link) || silent_ms < s->conf.ping_ms)
        return;
    if (silent_ms >= 2 * s->conf.ping_ms + s->conf.call_ms) {
        redis_link_drop(s->link, "the server does not answer");
        return;
    }
    redis_link_write(s->link, &ping, 1);
}

/* What must not be called when the loop has ended. */
static void shut_down(struct redis_sub *s)
{
    loop_timer_stop(&s->health);
    redis_link_free(s->link);
    s->link = NULL;
}

static void on_ending(struct loop_ending *ending)
{
    shut_down(container_of(ending, struct redis_sub, ending));
}

struct redis_sub *redis_sub_new(const struct redis_settings *settings, const struct str *channels,
                                size_t count, const struct redis_sub_handler *handler, void *ctx)
{
    struct redis_sub *s = mem_new(struct redis_sub);

    s->conf = redis_settings_fill(settings);
    s->handler = handler;
    s->ctx = ctx;
    s->channels = count;
    sb_init(&s->subscribe, SUBSCRIBE_BYTES_MAX);
    redis_add_head(&s->subscribe, count + 1);
    redis_add_arg(&s->subscribe, STR("SUBSCRIBE"));
    for (size_t i = 0; i < count; i++)
        redis_add_arg(&s->subscribe, channels[i]);
    assert(count > 0 && !sb_failed(&s->subscribe));
    s->ending.fn = on_ending;
    loop_on_end(s->conf.loop, &s->ending);
    loop_timer_set(s->conf.loop, &s->health, s->conf.ping_ms, on_health);
    s->link = redis_link_new(&s->conf, &link_handler, s);
    return s;
}

void redis_sub_free(struct redis_sub *s)
{
    if (!s)
        return;
    shut_down(s);
    loop_on_end_cancel(&s->ending);
    sb_fini(&s->subscribe);
    mem_free(s);
}
