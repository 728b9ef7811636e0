#include "auth/session.h"

#include "base/test.h"

#define SECRET secret_make(STR("a secret of the operator"))

static struct user ann(void)
{
    return (struct user){
        .id = 7, .auth_version = 1, .password = secret_make(STR("$2a$10$aaaaaaaaaaaaaaaa"))};
}

/* What a browser sends back of a Set-Cookie header. */
static struct str sent_back(struct str set_cookie)
{
    return str_cut(&set_cookie, ';');
}

TEST(a_session_comes_back_as_it_was_given)
{
    CLEANUP(arena_finip) struct arena a;
    struct user u = ann();
    struct session s, out;

    arena_init(&a, 0);
    s = session_of(SECRET, &u, 1000);
    s.oauth_state = STR("st\"ate");
    s.turnstile = true;
    struct str cookie = session_cookie(&a, SECRET, &s);
    CHECK(str_starts(cookie, STR("session=")));
    CHECK(str_ends(cookie, STR("; Max-Age=2592000; Path=/; HttpOnly; SameSite=Strict")));
    struct str header = arena_fmt(&a, "theme=dark; %.*s; session2=x", STR_ARG(sent_back(cookie)));
    CHECK(session_read(&a, SECRET, header, 2000, &out));
    CHECK_EQ(out.user_id, 7);
    CHECK_STR(out.oauth_state, "st\"ate");
    CHECK(out.turnstile);
    CHECK(session_is_of(&out, SECRET, &u));
}

TEST(another_password_or_generation_ends_the_session)
{
    struct user u = ann(), changed = ann(), later = ann(), other = ann();
    struct session s = session_of(SECRET, &u, 1000);

    changed.password = secret_make(STR("$2a$10$bbbbbbbbbbbbbbbb"));
    later.auth_version = 2;
    other.id = 8;
    CHECK(!session_is_of(&s, SECRET, &changed));
    CHECK(!session_is_of(&s, SECRET, &later));
    CHECK(!session_is_of(&s, SECRET, &other));
    CHECK(session_is_of(&s, SECRET, &u));
}

TEST(a_changed_or_old_or_foreign_cookie_is_no_session)
{
    CLEANUP(arena_finip) struct arena a;
    struct user u = ann();
    struct session s = session_of(SECRET, &u, 1000), out;

    arena_init(&a, 0);
    struct str good = sent_back(session_cookie(&a, SECRET, &s));
    CHECK(session_read(&a, SECRET, good, 1000, &out));
    CHECK(!session_read(&a, secret_make(STR("another secret")), good, 1000, &out));
    CHECK(!session_read(&a, SECRET, good, 1001 + SESSION_LIFE_S, &out));
    for (size_t i = sizeof "session=" - 1; i < good.n; i++) {
        struct str bad = str_dup(&a, good);

        ((char *)(uintptr_t)bad.p)[i] ^= 1;
        CHECK(!session_read(&a, SECRET, bad, 1000, &out));
        CHECK_EQ(out.user_id, 0);
    }
}

TEST(garbage_is_no_session)
{
    static const char *const bad[] = {"",          "session",     "session=",        "session=.",
                                      "session=a", "session=a.b", "; ;=;session=..", "Session=a.b"};
    CLEANUP(arena_finip) struct arena a;
    struct session out;

    arena_init(&a, 0);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        CHECK(!session_read(&a, SECRET, str_from(bad[i]), 1000, &out));
}

TEST_MAIN(a_session_comes_back_as_it_was_given, another_password_or_generation_ends_the_session,
          a_changed_or_old_or_foreign_cookie_is_no_session, garbage_is_no_session)
