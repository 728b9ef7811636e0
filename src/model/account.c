#include "model/account.h"

#include "base/ip.h"

bool role_valid(int64_t role)
{
    return role == ROLE_GUEST || role == ROLE_COMMON || role == ROLE_ADMIN || role == ROLE_ROOT;
}

bool token_expired(const struct token *token, int64_t now_s)
{
    return token->expired_time != -1 && token->expired_time < now_s;
}

bool token_allows_model(const struct token *token, struct str model)
{
    if (!token->model_limits_enabled)
        return true;
    STR_SPLIT_EACH (name, token->model_limits, ',') {
        if (str_eq(name, model))
            return true;
    }
    return false;
}

static bool is_separator(char c)
{
    return c == '\n' || c == '\r' || c == ',' || c == ' ' || c == '\t';
}

bool token_allows_ip(struct str allow_ips, struct str ip)
{
    struct ip from;
    struct ip_net net;
    bool known = ip_read(ip, &from), limited = false;
    size_t at = 0;

    while (at < allow_ips.n) {
        size_t start = at;

        while (at < allow_ips.n && !is_separator(allow_ips.p[at]))
            at++;
        if (ip_net_read(str_sub(allow_ips, start, at - start), &net)) {
            limited = true;
            if (known && ip_in(&from, &net))
                return true;
        }
        at++;
    }
    return !limited;
}
