#include "api/fetch.h"

#include <curl/curl.h>

#include "base/sb.h"

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

static enum err_code failure(CURLcode code, const struct sb *body, struct err *err)
{
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

static void set_options(CURL *curl, struct arena *a, const struct fetch_request *request,
                        struct sb *body)
{
    int64_t timeout_s = request->timeout_s > 0 ? request->timeout_s : 20;

    curl_easy_setopt(curl, CURLOPT_URL, str_dup(a, request->url).p);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L); /* there are other threads */
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)timeout_s);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 10L);
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
    if (request->proxy.n > 0)
        curl_easy_setopt(curl, CURLOPT_PROXY, str_dup(a, request->proxy).p);
    if (request->form.n > 0) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->form.p);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->form.n);
    }
}

static enum err_code perform(CURL *curl, struct arena *a, const struct fetch_request *request,
                             struct fetch_reply *reply, struct err *err)
{
    CLEANUP(sb_finip) struct sb body;
    struct curl_slist *headers = NULL;
    long status = 0;
    CURLcode code = CURLE_OUT_OF_MEMORY;
    struct str bearer = secret_reveal(request->bearer);

    sb_init(&body, FETCH_MAX_BYTES);
    set_options(curl, a, request, &body);
    if (bearer.n > 0)
        bearer = arena_fmt(a, "Bearer %.*s", STR_ARG(bearer));
    if (add_header(&headers, a, "Authorization", bearer) &&
        add_header(&headers, a, "OpenAI-Organization", request->organization)) {
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        code = curl_easy_perform(curl);
    }
    curl_slist_free_all(headers);
    if (code != CURLE_OK)
        return failure(code, &body, err);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    reply->status = (int)status;
    reply->body = str_dup(a, sb_str(&body));
    return ERR_OK;
}

enum err_code fetch_run(struct arena *a, const struct fetch_request *request,
                        struct fetch_reply *reply, struct err *err)
{
    CURL *curl;
    enum err_code rc;

    *reply = (struct fetch_reply){.status = 0};
    if (memchr(request->url.p ? request->url.p : "", '\0', request->url.n))
        return err_set(err, ERR_BAD_REQUEST, "the address is not an http or https URL");
    curl = curl_easy_init();
    if (!curl)
        return err_set(err, ERR_INTERNAL, "libcurl gives no handle");
    rc = perform(curl, a, request, reply, err);
    curl_easy_cleanup(curl);
    return rc;
}
