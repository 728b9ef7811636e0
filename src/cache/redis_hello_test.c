#include "cache/redis_hello.h"

#include "base/test.h"

/* What comes of these replies; `want` is part of the error, NULL: done. */
static void check_hello(struct redis_hello *h, const char *replies, const char *want)
{
    enum redis_hello_result result = REDIS_HELLO_MORE;
    struct redis_reader *r = redis_reader_new();
    const struct redis_value *v;
    struct err err = {0};

    redis_reader_feed(r, str_from(replies));
    while (result == REDIS_HELLO_MORE) {
        CHECK_EQ(redis_reader_next(r, &v, &err), REDIS_READ_VALUE);
        result = redis_hello_reply(h, v, &err);
    }
    if (want) {
        CHECK_EQ(result, REDIS_HELLO_FAIL);
        CHECK_EQ(err.code, ERR_UNAVAILABLE);
        CHECK_STR(str_from(err.msg), want);
    } else {
        CHECK_EQ(result, REDIS_HELLO_DONE);
        CHECK_EQ(redis_reader_next(r, &v, &err), REDIS_READ_MORE);
    }
    redis_reader_free(r);
}

static void begin(struct redis_hello *h, bool sentinel, const char *user, const char *password,
                  int64_t db, const char *sent)
{
    const struct redis_login login = {.user = str_from(user),
                                      .password = secret_make(str_from(password))};
    struct sb out;

    sb_init(&out, 4096);
    if (sentinel)
        redis_hello_sentinel(h, &login, STR("main"), &out);
    else
        redis_hello_server(h, &login, db, &out);
    if (sent)
        CHECK_STR(sb_str(&out), sent);
    sb_fini(&out);
}

#define MASTER "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"

TEST(a_master_is_greeted_with_login_and_database)
{
    struct redis_hello h;

    begin(&h, false, NULL, NULL, 0, "*1\r\n$4\r\nROLE\r\n*1\r\n$4\r\nPING\r\n");
    check_hello(&h, MASTER "+PONG\r\n", NULL);
    begin(&h, false, "me", "pw", 12,
          "*3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$2\r\npw\r\n*2\r\n$6\r\nSELECT\r\n$2\r\n12\r\n"
          "*1\r\n$4\r\nROLE\r\n*1\r\n$4\r\nPING\r\n");
    check_hello(&h, "+OK\r\n+OK\r\n" MASTER "+PONG\r\n", NULL);
    begin(&h, false, "default", "pw", 0,
          "*2\r\n$4\r\nAUTH\r\n$2\r\npw\r\n*1\r\n$4\r\nROLE\r\n*1\r\n$4\r\nPING\r\n");
    /* Who may not ask ROLE is told READONLY later. */
    check_hello(&h, "+OK\r\n-NOPERM no\r\n+PONG\r\n", NULL);
}

TEST(what_a_server_refuses_is_named)
{
    struct redis_hello h;

    begin(&h, false, NULL, "pw", 3, NULL);
    check_hello(&h, "-WRONGPASS no\r\n", "the server refuses the login: WRONGPASS no");
    begin(&h, false, NULL, "pw", 3, NULL);
    check_hello(&h, "+OK\r\n-ERR DB index is out of range\r\n",
                "the server refuses the database: ERR DB index is out of range");
    begin(&h, false, NULL, NULL, 0, NULL);
    check_hello(&h, "-NOAUTH x\r\n", "the server asks for a password: NOAUTH x");
    begin(&h, false, NULL, NULL, 0, NULL);
    check_hello(&h, "-DENIED Redis is running in protected mode\r\n",
                "the server is in protected mode: DENIED Redis is running in protected mode");
    begin(&h, false, NULL, NULL, 0, NULL);
    check_hello(&h, "*2\r\n$5\r\nslave\r\n:1\r\n",
                "the server is a replica, which takes no writes");
    begin(&h, false, NULL, NULL, 0, NULL);
    check_hello(&h, "*2\r\n$8\r\nsentinel\r\n*0\r\n",
                "this is a Sentinel: REDIS_MASTER_NAME must be set");
    begin(&h, false, NULL, NULL, 0, NULL);
    check_hello(&h, MASTER "-LOADING x\r\n", "the server is not ready: LOADING x");
    begin(&h, false, NULL, NULL, 0, NULL);
    check_hello(&h, ":1\r\n", "ROLE: an unexpected reply");
}

TEST(a_sentinel_names_the_master)
{
    struct redis_hello h;

    begin(&h, true, NULL, NULL, 0,
          "*3\r\n$8\r\nSENTINEL\r\n$23\r\nget-master-addr-by-name\r\n$4\r\nmain\r\n");
    check_hello(&h, "*2\r\n$8\r\n10.0.0.1\r\n$4\r\n6380\r\n", NULL);
    CHECK_STR(str_from(h.host), "10.0.0.1");
    CHECK_EQ(h.port, 6380);
    /* Most Sentinels have no password, so a refused login is no fault. */
    begin(&h, true, NULL, "pw", 0, NULL);
    check_hello(&h, "-ERR AUTH called without any password\r\n*2\r\n$1\r\nh\r\n$1\r\n1\r\n", NULL);
    begin(&h, true, NULL, "pw", 0, NULL);
    check_hello(&h, "-WRONGPASS x\r\n-NOAUTH y\r\n", "the server asks for a password: NOAUTH y");
    begin(&h, true, NULL, NULL, 0, NULL);
    check_hello(&h, "*-1\r\n", "the Sentinel knows no master of that REDIS_MASTER_NAME");
    begin(&h, true, NULL, NULL, 0, NULL);
    check_hello(&h, "*2\r\n$1\r\nh\r\n$5\r\n99999\r\n",
                "the Sentinel names no master: an unexpected reply");
    begin(&h, true, NULL, NULL, 0, NULL);
    check_hello(&h, "*2\r\n:1\r\n:2\r\n", "the Sentinel names no master: an unexpected reply");
}

TEST(errors_are_shown_without_arguments)
{
    struct redis_value v = {.kind = REDIS_ERROR,
                            .s =
                                STR("ERR unknown command 'x', with args beginning with: 'secret'")};

    CHECK_STR(redis_error_kind(&v), "ERR");
    CHECK_STR(redis_error_text(&v), "ERR unknown command 'x'");
    v.s = STR("NOSCRIPT");
    CHECK_STR(redis_error_kind(&v), "NOSCRIPT");
    v.s = STR("ERR went wrong script: 0123, on @user_script:1.");
    CHECK_STR(redis_error_text(&v), "ERR went wrong");
}

TEST_MAIN(a_master_is_greeted_with_login_and_database, what_a_server_refuses_is_named,
          a_sentinel_names_the_master, errors_are_shown_without_arguments)
