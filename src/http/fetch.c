#include "http/fetch.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/sb.h"
#include "http/url.h"

static size_t on_bytes(char *p, size_t size, size_t n, void *ctx)
{
    struct sb *body = ctx;

    sb_add(body, str_make(p, size * n));
    return sb_failed(body) ? 0 : size * n;
}

static bool add_header(struct curl_slist **list, struct arena *a, const char *name,
                       struct str value)
{
    struct curl_slist *longer;

    if (value.n == 0)
        return true;
    /* A line break would begin another header. */
    if (memchr(value.p, '\r', value.n) || memchr(value.p, '\n', value.n))
        return false;
    longer = curl_slist_append(*list, arena_fmt(a, "%s: %.*s", name, STR_ARG(value)).p);
    if (!longer)
        return false;
    *list = longer;
    return true;
}

/* ---- the guard ---- */

/* What one call connects to. */
struct guarded {
    const struct fetch_guard *guard;
    bool by_name, by_proxy, refused;
};

static bool read_sockaddr(const struct curl_sockaddr *at, struct ip *out)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (at->family == AF_INET) {
        memcpy(&v4, &at->addr, sizeof v4);
        memcpy(out->bytes, mapped, sizeof mapped);
        memcpy(out->bytes + sizeof mapped, &v4.sin_addr, 4);
        return true;
    }
    if (at->family != AF_INET6)
        return false;
    memcpy(&v6, &at->addr, sizeof v6);
    memcpy(out->bytes, &v6.sin6_addr, 16);
    return true;
}

/* libcurl asks for a socket to an address when the name is resolved: the one place where the
 * address that is connected to is known for certain. */
static curl_socket_t open_socket(void *ctx, curlsocktype purpose UNUSED, struct curl_sockaddr *at)
{
    struct guarded *g = ctx;
    struct ip ip;

    if (!g->by_proxy && (!read_sockaddr(at, &ip) || !fetch_guard_ip(g->guard, &ip, g->by_name))) {
        g->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(at->family, at->socktype | SOCK_CLOEXEC, at->protocol);
}

static enum err_code check_url(const struct fetch_request *request, struct guarded *g,
                               struct err *err)
{
    struct str text = request->url;
    struct http_url url;
    struct ip ip;

    if (http_url_read(str_cut(&text, '#'), &url, NULL) != ERR_OK)
        return err_set(err, ERR_BAD_REQUEST, "the address is not an http or https URL");
    g->by_name = !ip_read(url.host, &ip);
    g->by_proxy = request->proxy.n > 0;
    return fetch_guard_host(request->guard, url.host, url.port, err);
}

static enum err_code failure(CURLcode code, const struct sb *body, const struct guarded *g,
                             struct err *err)
{
    if (g->refused)
        return err_set(err, ERR_BAD_REQUEST, "the address is not allowed");
    if (sb_failed(body))
        return err_set(err, ERR_TOO_LARGE, "the answer is too long");
    if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL)
        return err_set(err, ERR_BAD_REQUEST, "the address is not an http or https URL");
    if (code == CURLE_OPERATION_TIMEDOUT)
        return err_set(err, ERR_UPSTREAM_TIMEOUT, "no answer in time");
    if (code == CURLE_SSL_CONNECT_ERROR || code == CURLE_PEER_FAILED_VERIFICATION)
        return err_set(err, ERR_TLS, "no trusted connection to the server");
    if (code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY ||
        code == CURLE_COULDNT_CONNECT)
        return err_set(err, ERR_CONNECT, "the server cannot be reached");
    return err_set(err, ERR_UPSTREAM_BODY, "the call failed: %s", curl_easy_strerror(code));
}

static void set_guard(CURL *curl, const struct fetch_request *request, struct guarded *g)
{
    if (!request->guard)
        return;
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, g);
    if (request->proxy.n == 0)
        curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* nor the environment's */
}

static void set_body(CURL *curl, struct str body)
{
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.p);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
}

static void set_options(CURL *curl, struct arena *a, const struct fetch_request *request,
                        uint64_t timeout_ms, struct sb *body)
{
    curl_easy_setopt(curl, CURLOPT_URL, str_dup(a, request->url).p);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L); /* there are other threads */
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 10L);
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
    if (request->proxy.n > 0)
        curl_easy_setopt(curl, CURLOPT_PROXY, str_dup(a, request->proxy).p);
    if (request->form.n > 0)
        set_body(curl, request->form);
    else if (request->json.n > 0)
        set_body(curl, request->json);
}

static void note_reply(CURL *curl, struct arena *a, const struct sb *body,
                       struct fetch_reply *reply, struct str *next)
{
    const char *type = NULL, *url = NULL;
    long status = 0;

    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
    curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &url);
    reply->status = (int)status;
    reply->body = str_dup(a, sb_str(body));
    reply->content_type = str_dup(a, str_from(type));
    *next = str_dup(a, str_from(url));
}

/* `next` is where the reply redirects to; empty: nowhere. */
static enum err_code perform(CURL *curl, struct arena *a, const struct fetch_request *request,
                             uint64_t timeout_ms, struct fetch_reply *reply, struct str *next,
                             struct err *err)
{
    CLEANUP(sb_finip) struct sb body = {0};
    struct guarded guarded = {.guard = request->guard};
    struct curl_slist *headers = NULL;
    CURLcode code = CURLE_OUT_OF_MEMORY;
    struct str bearer = secret_reveal(request->bearer);
    struct str json = request->json.n > 0 ? STR("application/json") : STR_NULL;
    struct err refusal = {0};

    if (request->guard && check_url(request, &guarded, &refusal) != ERR_OK)
        return err_set(err, refusal.code, "%s", refusal.msg);
    sb_init(&body, request->max_bytes > 0 ? request->max_bytes : FETCH_MAX_BYTES);
    set_options(curl, a, request, timeout_ms, &body);
    set_guard(curl, request, &guarded);
    if (bearer.n > 0)
        bearer = arena_fmt(a, "Bearer %.*s", STR_ARG(bearer));
    if (add_header(&headers, a, "Authorization", bearer) &&
        add_header(&headers, a, "Content-Type", json) &&
        add_header(&headers, a, "OpenAI-Organization", request->organization)) {
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        code = curl_easy_perform(curl);
    }
    curl_slist_free_all(headers);
    if (code != CURLE_OK)
        return failure(code, &body, &guarded, err);
    note_reply(curl, a, &body, reply, next);
    return ERR_OK;
}

static enum err_code run_once(struct arena *a, const struct fetch_request *request,
                              uint64_t timeout_ms, struct fetch_reply *reply, struct str *next,
                              struct err *err)
{
    CURL *curl;
    enum err_code rc;

    *reply = (struct fetch_reply){.status = 0};
    *next = STR_NULL;
    if (memchr(request->url.p ? request->url.p : "", '\0', request->url.n))
        return err_set(err, ERR_BAD_REQUEST, "the address is not an http or https URL");
    curl = curl_easy_init();
    if (!curl)
        return err_set(err, ERR_INTERNAL, "libcurl gives no handle");
    rc = perform(curl, a, request, timeout_ms, reply, next, err);
    curl_easy_cleanup(curl);
    return rc;
}

enum err_code fetch_run(struct arena *a, const struct fetch_request *request,
                        struct fetch_reply *reply, struct err *err)
{
    uint64_t timeout_s = request->timeout_s > 0 ? (uint64_t)request->timeout_s : 20;
    const uint64_t until_ms = clock_mono_ms() + timeout_s * 1000;
    struct fetch_request at = *request;
    struct str next;

    for (int redirects = 0;; redirects++) {
        const uint64_t now_ms = clock_mono_ms();
        enum err_code rc;

        if (now_ms >= until_ms)
            return err_set(err, ERR_UPSTREAM_TIMEOUT, "no answer in time");
        rc = run_once(a, &at, until_ms - now_ms, reply, &next, err);

        if (rc != ERR_OK || next.n == 0 || !request->guard)
            return rc;
        if (redirects == FETCH_MAX_REDIRECTS)
            return err_set(err, ERR_UPSTREAM_BODY, "the address redirects too often");
        at.url = next;
    }
}
