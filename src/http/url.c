#include "http/url.h"

#include "base/text.h"

/* What may stand in a host: names, IPv4, and between brackets IPv6 (a zone is not accepted: it
 * means nothing to a peer). '_' is not allowed in names by RFC 952 but common in private ones. */
static bool host_char(unsigned char c, bool v6)
{
    if ((c >= '0' && c <= '9') || c == '.')
        return true;
    if (v6)
        return c == ':' || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c >= 0x80;
}

static bool host_valid(struct str host, bool v6)
{
    if (host.n == 0 || host.n > 253)
        return false;
    for (size_t i = 0; i < host.n; i++)
        if (!host_char((unsigned char)host.p[i], v6))
            return false;
    return true;
}

/* Without spaces and control characters: these would end the request line. */
static bool visible(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f)
            return false;
    return true;
}

static bool port_read(struct str text, uint16_t *port)
{
    uint64_t value;

    if (text.n == 0) /* "host:" is the same as "host" (RFC 3986, 3.2.3) */
        return true;
    if (!str_to_u64(text, &value) || value == 0 || value > UINT16_MAX)
        return false;
    *port = (uint16_t)value;
    return true;
}

enum err_code url_authority_read(struct str text, struct url_authority *out, struct err *err)
{
    ptrdiff_t at = str_rfind_char(text, '@');
    bool v6;

    *out = (struct url_authority){0};
    if (at >= 0) {
        out->userinfo = str_sub(text, 0, (size_t)at);
        text = str_skip(text, (size_t)at + 1);
    }
    v6 = str_starts(text, STR("["));
    at = v6 ? str_find_char(text, ']') : str_find_char(text, ':');
    if (v6 && at < 0)
        return err_set(err, ERR_BAD_REQUEST, "the address has no ']' after its host");
    out->host = at < 0 ? text : str_sub(text, v6, (size_t)at - v6);
    text = at < 0 ? STR("") : str_skip(text, (size_t)at + v6);
    if (!host_valid(out->host, v6) || !visible(out->userinfo))
        return err_set(err, ERR_BAD_REQUEST, "the address has no valid host");
    if (text.n > 0 && (text.p[0] != ':' || !port_read(str_skip(text, 1), &out->port)))
        return err_set(err, ERR_BAD_REQUEST, "the address has no valid port");
    return ERR_OK;
}

/* Length of what comes before the path or the query. */
static size_t authority_length(struct str rest)
{
    size_t n = 0;

    while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?' && rest.p[n] != '#')
        n++;
    return n;
}

enum err_code http_url_read(struct str text, struct http_url *out, struct err *err)
{
    struct url_authority authority;
    enum err_code rc;
    size_t n;

    *out = (struct http_url){0};
    out->tls = str_starts_nocase(text, STR("https://"));
    if (!out->tls && !str_starts_nocase(text, STR("http://")))
        return err_set(err, ERR_BAD_REQUEST,
                       "the address starts with neither http:// nor https://");
    text = str_skip(text, out->tls ? 8 : 7);
    n = authority_length(text);
    rc = url_authority_read(str_sub(text, 0, n), &authority, err);
    if (rc != ERR_OK)
        return rc;
    out->host = authority.host;
    out->userinfo = authority.userinfo;
    out->port = authority.port ? authority.port : out->tls ? 443 : 80;
    out->target = n < text.n ? str_skip(text, n) : STR("/");
    if (!visible(out->target))
        return err_set(err, ERR_BAD_REQUEST, "the address holds a space or a control character");
    if (str_find_char(out->target, '#') >= 0)
        return err_set(err, ERR_BAD_REQUEST, "the address holds a fragment (#)");
    return ERR_OK;
}

void url_userinfo_read(struct arena *a, struct str userinfo, struct str *user, struct str *password)
{
    *user = url_decode(a, str_cut(&userinfo, ':'), false);
    *password = url_decode(a, userinfo, false);
}

struct str url_basic_credentials(struct arena *a, struct str userinfo)
{
    struct str user, password, both;

    if (userinfo.n == 0)
        return STR_NULL;
    url_userinfo_read(a, userinfo, &user, &password);
    both = str_concat(a, (const struct str[]){user, STR(":"), password}, 3);
    return str_concat(a, (const struct str[]){STR("Basic "), base64_encode(a, both)}, 2);
}
