/*
 * Images and files that a request names by their address, for upstreams that do not fetch them: got
 * on the pool, guarded, before the request is written in the upstream's dialect (relay reference
 * 20, providers reference 1.6). So a probing image shows the prober our address at most, or that of
 * the proxy or worker which the operator names.
 */
#include "relay/exchange.h"

#include "base/json_write.h"
#include "base/text.h"
#include "http/fetch.h"
#include "http/url.h"

enum {
    MEDIA_MAX = 256,
    WORKER_BODY_LIMIT = 16 * 1024,
    USUAL_TIMEOUT_S = 20,
    USUAL_MAX_BYTES = 20 * 1024 * 1024
};

/* One address, and what came of it. */
struct wanted {
    struct chat_media *media; /* loop thread */
    struct str url;
    bool image;
    struct str mime, data; /* base64; in the job's arena */
};

struct media_job {
    struct offload_job job;
    struct exchange *x;
    struct arena arena; /* the pool thread's while the job runs */
    struct wanted *at;
    size_t n;
    /* what the calls need, read on the loop thread */
    struct fetch_guard guard;
    struct str proxy, worker, worker_key;
    bool worker_takes_http;
    size_t max_bytes, room; /* of one, and of those that are still to come */
    uint64_t until_us;      /* the monotonic clock; all must be there then */
    struct err err;
};

/* ---- what may be fetched ---- */

/* "443" or "8000-8100"; what is neither is no port, so that a slip opens nothing. */
static struct fetch_ports read_range(struct str text)
{
    const struct fetch_ports none = {1, 0};
    struct str last = text, first = str_trim(str_cut(&last, '-'));
    uint64_t from, to;

    if (!str_to_u64(first, &from) || from == 0 || from > UINT16_MAX)
        return none;
    to = from;
    if (last.p && (!str_to_u64(str_trim(last), &to) || to > UINT16_MAX))
        return none;
    return (struct fetch_ports){(uint16_t)from, (uint16_t)to};
}

static void read_ports(struct arena *a, const struct settings *s, struct fetch_guard *g)
{
    const struct json *list = settings_json(a, s, STR("fetch_setting.allowed_ports"));
    struct fetch_ports *ports = arena_new_array(a, struct fetch_ports, json_count(list));

    JSON_EACH (item, list)
        ports[g->port_count++] =
            read_range(json_is(item, JSON_STRING) ? json_str_or_null(a, item) : json_raw(item));
    g->ports = ports;
}

static void read_lists(struct arena *a, const struct settings *s, struct fetch_guard *g)
{
    const struct json *domains = settings_json(a, s, STR("fetch_setting.domain_list"));
    const struct json *nets = settings_json(a, s, STR("fetch_setting.ip_list"));
    struct str *names = arena_new_array(a, struct str, json_count(domains));
    struct ip_net *parsed = arena_new_array(a, struct ip_net, json_count(nets));

    JSON_EACH (item, domains) {
        if (json_str(a, item, &names[g->domain_count]))
            g->domain_count++;
    }
    JSON_EACH (item, nets) {
        if (ip_net_read(json_str_or_null(a, item), &parsed[g->net_count]))
            g->net_count++;
    }
    g->domains = names;
    g->nets = parsed;
}

static void read_guard(struct arena *a, const struct settings *s, struct fetch_guard *g)
{
    *g = (struct fetch_guard){
        .off = !settings_bool(s, STR("fetch_setting.enable_ssrf_protection")),
        .allow_private = settings_bool(s, STR("fetch_setting.allow_private_ip")),
        .only_domains = settings_bool(s, STR("fetch_setting.domain_filter_mode")),
        .only_nets = settings_bool(s, STR("fetch_setting.ip_filter_mode")),
        .names_exempt = !settings_bool(s, STR("fetch_setting.apply_ip_filter_for_domain")),
    };
    read_ports(a, s, g);
    read_lists(a, s, g);
}

/* ---- on the pool ---- */

/* The type that base64 of the first bytes tells; empty: none. */
static struct str sniff(struct str data)
{
    static const struct {
        struct str begin, mime;
    } magic[] = {
        {STR_INIT("iVBORw0KGgo"), STR_INIT("image/png")},
        {STR_INIT("/9j/"), STR_INIT("image/jpeg")},
        {STR_INIT("R0lGOD"), STR_INIT("image/gif")},
        {STR_INIT("UklGR"), STR_INIT("image/webp")},
        {STR_INIT("JVBERi0"), STR_INIT("application/pdf")},
    };

    for (size_t i = 0; i < ARRAY_LEN(magic); i++) {
        if (str_starts(data, magic[i].begin))
            return magic[i].mime;
    }
    return STR_NULL;
}

/* What is left of time and size. */
static struct fetch_request limits_of(const struct media_job *j)
{
    uint64_t now = clock_mono_us(), left = j->until_us > now ? j->until_us - now : 0;

    return (struct fetch_request){.timeout_s = (int64_t)(left / 1000000) + 1,
                                  .max_bytes = j->room < j->max_bytes ? j->room : j->max_bytes};
}

/* A worker of the operator's fetches in our place: its address is seen, not ours. */
static struct str worker_body(struct media_job *j, struct str url)
{
    struct json_writer w;
    struct str text;
    struct sb sb;

    sb_init(&sb, WORKER_BODY_LIMIT);
    jw_init(&w, &sb);
    jw_object(&w);
    jw_key_str(&w, STR("url"), url);
    jw_key_str(&w, STR("key"), j->worker_key);
    jw_end(&w);
    text = sb_failed(&sb) ? STR_NULL : str_dup(&j->arena, sb_str(&sb));
    sb_fini(&sb);
    return text;
}

static enum err_code ask_worker(struct media_job *j, struct str url, struct fetch_reply *reply,
                                struct err *err)
{
    struct fetch_request request = limits_of(j);
    struct http_url parts;

    if (!j->worker_takes_http && !str_starts_nocase(url, STR("https://")))
        return err_set(err, ERR_BAD_REQUEST, "only https addresses are fetched");
    if (http_url_read(url, &parts, NULL) != ERR_OK)
        return err_set(err, ERR_BAD_REQUEST, "the address is not an http or https URL");
    TRY(fetch_guard_host(&j->guard, parts.host, parts.port, err));
    request.url = str_ends(j->worker, STR("/"))
                      ? j->worker
                      : str_concat(&j->arena, (struct str[]){j->worker, STR("/")}, 2);
    request.json = worker_body(j, url);
    return fetch_run(&j->arena, &request, reply, err);
}

/* An image must be called one, or nothing in particular and be one by its first bytes. */
static enum err_code check_type(const struct wanted *w, struct err *err)
{
    bool unknown = w->mime.n == 0 || str_eq_nocase(w->mime, STR("application/octet-stream"));

    if (!w->image || str_starts_nocase(w->mime, STR("image/")))
        return ERR_OK;
    if (unknown && str_starts(sniff(w->data), STR("image/")))
        return ERR_OK;
    return err_set(err, ERR_BAD_REQUEST, "the address is not that of an image");
}

static enum err_code get_one(struct media_job *j, struct wanted *w, struct err *err)
{
    struct fetch_request request = limits_of(j);
    struct fetch_reply reply;
    struct str type;

    if (clock_mono_us() >= j->until_us)
        return err_set(err, ERR_UPSTREAM_TIMEOUT, "no answer in time");
    if (j->room == 0)
        return err_set(err, ERR_TOO_LARGE, "all answers together are too long");
    request.url = w->url;
    request.proxy = j->proxy;
    request.guard = &j->guard;
    if (j->worker.n > 0)
        TRY(ask_worker(j, w->url, &reply, err));
    else
        TRY(fetch_run(&j->arena, &request, &reply, err));
    if (reply.status != 200)
        return err_set(err, ERR_BAD_REQUEST, "the server answered with status %d", reply.status);
    type = reply.content_type;
    w->mime = str_trim(str_cut(&type, ';'));
    w->data = base64_encode(&j->arena, reply.body);
    j->room -= reply.body.n;
    return check_type(w, err);
}

static void media_work(struct offload_job *job)
{
    struct media_job *j = container_of(job, struct media_job, job);

    for (size_t i = 0; i < j->n; i++) {
        if (get_one(j, &j->at[i], &j->err) != ERR_OK)
            return;
    }
}

/* ---- before and after ---- */

/* What the bytes are, unless that is not known or, of an image, something else; then what the
 * server called them. */
static struct str mime_of(const struct wanted *w)
{
    struct str seen = sniff(w->data);

    if (seen.n > 0 && (!w->image || str_starts(seen, STR("image/"))))
        return seen;
    return w->mime;
}

static void media_done(struct offload_job *job)
{
    struct media_job *j = container_of(job, struct media_job, job);

    for (size_t i = 0; i < j->n && j->err.code == ERR_OK; i++) {
        struct chat_media *m = j->at[i].media;

        m->data = j->at[i].data;
        m->mime = mime_of(&j->at[i]);
    }
    exchange_run(j->x);
}

/* Addresses that Gemini's family takes as they are (providers reference 1.6). */
static bool is_known_upstream(struct str url)
{
    static const struct str begins[] = {
        STR_INIT("gs://"), STR_INIT("https://generativelanguage.googleapis.com/"),
        STR_INIT("https://www.youtube.com/"), STR_INIT("https://youtu.be/")};

    for (size_t i = 0; i < ARRAY_LEN(begins); i++) {
        if (str_starts(url, begins[i]))
            return true;
    }
    return false;
}

static bool is_media(const struct chat_part *part)
{
    return part->kind == CHAT_PART_IMAGE || part->kind == CHAT_PART_FILE ||
           part->kind == CHAT_PART_AUDIO || part->kind == CHAT_PART_VIDEO;
}

static bool is_wanted(const struct chat_part *part)
{
    return is_media(part) && part->media.url.n > 0 && part->media.data.n == 0 &&
           !is_known_upstream(part->media.url);
}

/* Walks over what is to be fetched; `at` NULL: only counts. */
static size_t want_parts(struct chat_part *part, struct wanted *at)
{
    size_t n = 0;

    for (; part; part = part->next) {
        if (!is_wanted(part))
            continue;
        if (at)
            at[n] = (struct wanted){.media = &part->media,
                                    .url = part->media.url,
                                    .image = part->kind == CHAT_PART_IMAGE};
        n++;
    }
    return n;
}

/* The same in the results of tools, which hold no results themselves. */
static size_t want_results(struct chat_part *part, struct wanted *at)
{
    size_t n = 0;

    for (; part; part = part->next) {
        if (part->kind == CHAT_PART_TOOL_RESULT)
            n += want_parts(part->result.parts.first, at ? at + n : NULL);
    }
    return n;
}

static size_t want_all(struct chat_request *r, struct wanted *at)
{
    size_t n = 0;

    for (struct chat_message *m = r->messages; m; m = m->next) {
        n += want_parts(m->parts.first, at ? at + n : NULL);
        n += want_results(m->parts.first, at ? at + n : NULL);
    }
    return n;
}

static int64_t count_images(const struct chat_part *part)
{
    int64_t n = 0;

    for (; part; part = part->next)
        n += part->kind == CHAT_PART_IMAGE;
    return n;
}

/* With those in the results of tools. */
static int64_t images_of(const struct chat_message *m)
{
    int64_t n = count_images(m->parts.first);

    for (const struct chat_part *part = m->parts.first; part; part = part->next) {
        if (part->kind == CHAT_PART_TOOL_RESULT)
            n += count_images(part->result.parts.first);
    }
    return n;
}

/* The largest number of images in one message. */
static int64_t most_images(const struct chat_request *r)
{
    int64_t most = 0;

    for (const struct chat_message *m = r->messages; m; m = m->next) {
        int64_t n = images_of(m);

        most = n > most ? n : most;
    }
    return most;
}

static void free_job(void *ptr)
{
    arena_fini(&((struct media_job *)ptr)->arena);
}

/* Of all together: the time, and as many bytes as a request may have that brings them itself. */
static void set_limits(struct media_job *j, const struct relay_conf *conf)
{
    int64_t timeout_s = conf->media_timeout_s > 0 ? conf->media_timeout_s : USUAL_TIMEOUT_S;

    j->max_bytes = conf->media_max_bytes > 0 ? conf->media_max_bytes : USUAL_MAX_BYTES;
    j->room = conf->body_limit > j->max_bytes ? conf->body_limit : j->max_bytes;
    j->until_us = clock_mono_us() + (uint64_t)timeout_s * 1000000;
}

static struct media_job *new_job(struct exchange *x, size_t n)
{
    const struct relay_conf *conf = &x->rl->relay->conf;
    const struct settings *s = &x->snap->settings;
    struct media_job *j = arena_new(x->arena, struct media_job);

    arena_init(&j->arena, 0);
    arena_defer(x->arena, free_job, j);
    j->job = (struct offload_job){.work = media_work, .done = media_done, .loop = x->rl->loop};
    j->x = x;
    j->at = arena_new_array(x->arena, struct wanted, n);
    j->n = want_all(x->tr->request, j->at);
    j->worker = settings_text(s, STR("WorkerUrl"));
    j->worker_key = settings_text(s, STR("WorkerValidKey"));
    j->worker_takes_http = settings_bool(s, STR("WorkerAllowHttpImageRequestEnabled"));
    j->proxy = conf->media_proxy;
    set_limits(j, conf);
    read_guard(&j->arena, s, &j->guard);
    return j;
}

static enum step_next tell(struct exchange *x)
{
    const struct err *err = &x->media->err;

    if (err->code == ERR_OK)
        return NEXT_STEP;
    return exchange_fail(x, ERR_BAD_REQUEST,
                         "无法获取图片或文件 (a file that the request names "
                         "cannot be fetched): %s",
                         err->msg);
}

enum step_next media_fetch(struct exchange *x, const struct provider *p)
{
    const int64_t limit = p->counts_images ? x->rl->relay->conf.gemini_images : 0;
    struct err err = {0};
    size_t n;

    if (x->media || !p->needs_media || !translates(x))
        return x->media ? tell(x) : NEXT_STEP;
    if (translate_read(x, &err) != ERR_OK)
        return exchange_fail(x, err.code, "%s", err.msg);
    if (limit > 0 && most_images(x->tr->request) > limit)
        return exchange_fail(x, ERR_BAD_REQUEST,
                             "一条消息最多包含 %" PRId64
                             " 张图片 (a message to this model may have "
                             "at most %" PRId64 " images)",
                             limit, limit);
    n = want_all(x->tr->request, NULL);
    if (n == 0)
        return NEXT_STEP;
    if (n > MEDIA_MAX)
        return exchange_fail(x, ERR_BAD_REQUEST,
                             "请求中的图片或文件过多 (too many files in one request)");
    x->media = new_job(x, n);
    x->log->action = "fetching what the request names";
    if (offload_submit(x->rl->relay->conf.offload, &x->media->job, &err) == ERR_OK)
        return NEXT_WAIT;
    return exchange_fail(x, ERR_UNAVAILABLE,
                         "服务器繁忙，请稍后再试 (the server is busy, try again later)");
}
