/*
 * session - the signed cookie of the console: who signed in, and little else.
 *
 * Nothing is kept on the server. The cookie holds the user's id, a fingerprint of the password (so
 * that a changed password ends all other sessions) and small extras of a browser that is signing
 * in; role, status and group are read anew from the database on each request. Its value is
 * base64url(JSON) "." base64url(HMAC-SHA256). Pure.
 */
#pragma once
#include "base/secret.h"
#include "model/account.h"

enum {
    SESSION_LIFE_S = 2592000, /* 30 days: admin-api 1.4 */
    SESSION_EPOCH_CHARS = 16,
    SESSION_MAX_BYTES = 2048, /* longer cookies are not read */
};

struct session {
    int64_t user_id; /* 0: nobody is signed in */
    char epoch[SESSION_EPOCH_CHARS + 1];
    int64_t issued_at_s;
    struct str oauth_state, aff; /* pending sign-in at another service; empty: none */
    bool turnstile;              /* the visitor was found to be human */
};

/* Fingerprint of the user's password and session generation; `user` comes with its hash. */
void session_epoch(struct secret secret, const struct user *user,
                   char out[SESSION_EPOCH_CHARS + 1]);
/* A session of the user, beginning now. */
struct session session_of(struct secret secret, const struct user *user, int64_t now_s);
/* Was it begun with the password that the user has now? */
bool session_is_of(const struct session *s, struct secret secret, const struct user *user);

/* Value of the Set-Cookie header that gives the session to the browser. */
struct str session_cookie(struct arena *a, struct secret secret, const struct session *s);
/* Value of the Set-Cookie header that takes it away. */
struct str session_cookie_end(void);
/* From the value of a Cookie header. False, and an empty session, when there is none, it was not
 * signed with `secret`, or it is older than SESSION_LIFE_S. */
bool session_read(struct arena *a, struct secret secret, struct str cookie_header, int64_t now_s,
                  struct session *out);
