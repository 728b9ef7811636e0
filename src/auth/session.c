#include "auth/session.h"

#include <inttypes.h>

#include "base/crypto.h"
#include "base/json.h"
#include "base/json_write.h"
#include "base/text.h"

#define COOKIE_NAME       "session"
#define COOKIE_ATTRIBUTES "; Path=/; HttpOnly; SameSite=Strict"

void session_epoch(struct secret secret, const struct user *user, char out[SESSION_EPOCH_CHARS + 1])
{
    CLEANUP(arena_finip) struct arena a;
    int64_t generation = user->auth_version > 1 ? user->auth_version : 1;
    struct str hash = secret_reveal(user->password), text;

    arena_init(&a, 0);
    text = arena_fmt(&a, "epoch:%" PRId64 ":%" PRId64 ":%.*s", user->id, generation, STR_ARG(hash));
    memcpy(out, hmac_sha256_hex(&a, secret_reveal(secret), text).p, SESSION_EPOCH_CHARS);
    out[SESSION_EPOCH_CHARS] = '\0';
}

struct session session_of(struct secret secret, const struct user *user, int64_t now_s)
{
    struct session s = {.user_id = user->id, .issued_at_s = now_s};

    session_epoch(secret, user, s.epoch);
    return s;
}

bool session_is_of(const struct session *s, struct secret secret, const struct user *user)
{
    char epoch[SESSION_EPOCH_CHARS + 1];

    session_epoch(secret, user, epoch);
    return s->user_id == user->id && crypto_equal(str_from(s->epoch), str_from(epoch));
}

/* The signature covers a purpose, so that no other value signed with the secret passes for it. */
static struct str signature(struct arena *a, struct secret secret, struct str payload)
{
    uint8_t mac[SHA256_BYTES];
    struct str text = arena_fmt(a, "session:%.*s", STR_ARG(payload));

    hmac_sha256(secret_reveal(secret), text, mac);
    return base64url_encode(a, str_make((const char *)mac, sizeof mac));
}

struct str session_cookie(struct arena *a, struct secret secret, const struct session *s)
{
    CLEANUP(sb_finip) struct sb sb;
    struct json_writer w;
    struct str payload;

    sb_init(&sb, SESSION_MAX_BYTES);
    jw_init(&w, &sb);
    jw_object(&w);
    jw_key_i64(&w, STR("id"), s->user_id);
    jw_key_str(&w, STR("epoch"), str_from(s->epoch));
    jw_key_i64(&w, STR("at"), s->issued_at_s);
    if (s->oauth_state.n > 0)
        jw_key_str(&w, STR("oauth_state"), s->oauth_state);
    if (s->aff.n > 0)
        jw_key_str(&w, STR("aff"), s->aff);
    if (s->turnstile)
        jw_key_bool(&w, STR("turnstile"), true);
    jw_end(&w);
    payload = base64url_encode(a, sb_str(&sb));
    return arena_fmt(a, COOKIE_NAME "=%.*s.%.*s; Max-Age=%d" COOKIE_ATTRIBUTES, STR_ARG(payload),
                     STR_ARG(signature(a, secret, payload)), SESSION_LIFE_S);
}

struct str session_cookie_end(void)
{
    return STR(COOKIE_NAME "=; Max-Age=0" COOKIE_ATTRIBUTES);
}

/* Value of our cookie in "a=1; session=xyz; b=2". */
static struct str cookie_value(struct str header)
{
    STR_SPLIT_EACH (pair, header, ';') {
        struct str value = pair, name = str_cut(&value, '=');

        if (str_eq(str_trim(name), STR(COOKIE_NAME)))
            return str_trim(value);
    }
    return STR_NULL;
}

static bool payload_read(struct arena *a, struct str text, struct session *out)
{
    const struct json *root;
    struct str epoch;

    if (json_read(a, text, 4, &root, NULL) != ERR_OK)
        return false;
    epoch = json_str_or_null(a, json_get(root, STR("epoch")));
    if (epoch.n > SESSION_EPOCH_CHARS)
        return false;
    if (epoch.n > 0)
        memcpy(out->epoch, epoch.p, epoch.n);
    out->user_id = json_i64_or(json_get(root, STR("id")), 0);
    out->issued_at_s = json_i64_or(json_get(root, STR("at")), 0);
    out->oauth_state = json_str_or_null(a, json_get(root, STR("oauth_state")));
    out->aff = json_str_or_null(a, json_get(root, STR("aff")));
    out->turnstile = json_bool_or(json_get(root, STR("turnstile")), false);
    return true;
}

bool session_read(struct arena *a, struct secret secret, struct str cookie_header, int64_t now_s,
                  struct session *out)
{
    struct session s = {.user_id = 0};
    struct str mac = cookie_value(cookie_header), payload = str_cut(&mac, '.'), text;

    *out = s;
    if (payload.n == 0 || payload.n > SESSION_MAX_BYTES || mac.n == 0)
        return false;
    if (!crypto_equal(mac, signature(a, secret, payload)))
        return false;
    if (!base64_decode(a, payload, &text) || !payload_read(a, text, &s))
        return false;
    if (s.issued_at_s + SESSION_LIFE_S < now_s)
        return false;
    *out = s;
    return true;
}
