#include "auth/apikey.h"

#include <pthread.h>

#include "auth/first_password.h"
#include "auth/password.h"
#include "base/test.h"
#include "http/server.h"
#include "store/repo_token.h"
#include "store/repo_user.h"
#include "store/store_fixture.h"

#define KEY "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV"

struct fixture {
    char path[STORE_FIXTURE_PATH];
    struct db *db;
    struct offload *offload;
    struct clock_manual clock;
    struct first_password *first_password;
    struct apikeys *keys;
    _Atomic int attached, detached;
    _Atomic bool away; /* the database, as far as balances are concerned */
    int64_t user_id, token_id;
};

static enum err_code on_attach(void *ctx, struct credential *c, struct err *err)
{
    struct fixture *f = ctx;

    if (f->away)
        return err_set(err, ERR_UNAVAILABLE, "away");
    f->attached++;
    c->attached = f;
    return ERR_OK;
}

static void on_detach(void *ctx, struct credential *c UNUSED)
{
    struct fixture *f = ctx;

    f->detached++;
}

static void add_token(struct fixture *f, int64_t user_id, struct str key, int64_t *id)
{
    CLEANUP(db_releasep) struct db_conn *c = NULL;
    struct token t = {.user_id = user_id,
                      .key = secret_make(key),
                      .name = STR("t"),
                      .remain_quota = 100,
                      .expired_time = -1};

    CHECK_EQ(db_acquire(f->db, DB_WRITE, &c, NULL), ERR_OK);
    CHECK_EQ(repo_token_insert(c, &t, id, NULL), ERR_OK);
}

static void add_user(struct fixture *f, struct user row, int64_t *id)
{
    CLEANUP(db_releasep) struct db_conn *c = NULL;

    CHECK_EQ(db_acquire(f->db, DB_WRITE, &c, NULL), ERR_OK);
    CHECK_EQ(repo_user_insert(c, &row, id, NULL), ERR_OK);
}

static void setup(struct fixture *f, struct str initial_root_token)
{
    *f = (struct fixture){.user_id = 0};
    f->db = store_fixture_open(f->path);
    CHECK_EQ(offload_new(2, 100, &f->offload, NULL), ERR_OK);
    clock_manual_init(&f->clock, INT64_C(1700000000) * 1000000);
    add_user(f,
             (struct user){.username = STR("ann"),
                           .role = ROLE_COMMON,
                           .aff_code = STR("ab12"),
                           .setting = STR("{\"accept_unset_model_ratio_model\":true}")},
             &f->user_id);
    add_token(f, f->user_id, STR(KEY), &f->token_id);
    f->first_password = first_password_new(f->db);
    const struct apikeys_conf conf = {.db = f->db,
                                      .offload = f->offload,
                                      .clock = &f->clock.clock,
                                      .first_password = f->first_password,
                                      .refresh_s = 60,
                                      .initial_root_token = secret_make(initial_root_token),
                                      .attach = on_attach,
                                      .detach = on_detach,
                                      .ctx = f};
    f->keys = apikeys_new(&conf);
}

static void teardown(struct fixture *f)
{
    apikeys_free(f->keys);
    first_password_free(f->first_password);
    offload_free(f->offload);
    store_fixture_close(f->db, f->path);
    CHECK_EQ(f->attached, f->detached);
}

struct waiter {
    struct apikey_lookup lookup;
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool done;
    struct credential *c;
    enum err_code code;
};

static void on_done(struct apikey_lookup *lookup, struct credential *c, const struct err *err)
{
    struct waiter *w = container_of(lookup, struct waiter, lookup);

    pthread_mutex_lock(&w->lock);
    w->c = c;
    w->code = c ? ERR_OK : err->code;
    w->done = true;
    pthread_cond_signal(&w->cond);
    pthread_mutex_unlock(&w->lock);
}

/* Loads without a loop (done() comes on the pool's thread) and waits. */
static struct credential *load_key(struct fixture *f, struct str key, enum err_code *code)
{
    struct waiter w = {.lock = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER};

    w.lookup.done = on_done;
    CHECK_EQ(apikey_load(f->keys, &w.lookup, NULL, key, NULL), ERR_OK);
    pthread_mutex_lock(&w.lock);
    while (!w.done)
        pthread_cond_wait(&w.cond, &w.lock);
    pthread_mutex_unlock(&w.lock);
    *code = w.code;
    return w.c;
}

TEST(a_key_is_loaded_once_and_then_found)
{
    struct fixture f;
    bool unknown;
    enum err_code code;

    setup(&f, STR_NULL);
    CHECK(!apikey_find(f.keys, STR(KEY), &unknown));
    CHECK(!unknown);
    struct credential *c = load_key(&f, STR(KEY), &code);
    CHECK(c);
    CHECK_EQ(c->token.id, f.token_id);
    CHECK_STR(c->user.username, "ann");
    CHECK(c->accept_unset_ratio);
    CHECK(secret_empty(c->user.password));
    struct credential *again = apikey_find(f.keys, STR(KEY), &unknown);
    CHECK(again == c);
    CHECK_EQ(f.attached, 1);
    credential_put(again);
    credential_put(c);
    teardown(&f);
}

TEST(an_unknown_key_is_remembered_for_ten_seconds_and_can_be_announced)
{
    static const char other[] = "000000000000000000000000000000000000000000000000";
    struct fixture f;
    bool unknown;
    enum err_code code;
    int64_t id;

    setup(&f, STR_NULL);
    CHECK(!load_key(&f, STR(other), &code));
    CHECK_EQ(code, ERR_UNAUTHORIZED);
    CHECK(!apikey_find(f.keys, STR(other), &unknown));
    CHECK(unknown);
    f.clock.us += 11 * 1000000;
    CHECK(!apikey_find(f.keys, STR(other), &unknown));
    CHECK(!unknown);

    CHECK(!load_key(&f, STR(other), &code));
    add_token(&f, f.user_id, STR(other), &id);
    apikeys_forget_key(f.keys, STR(other));
    CHECK(!apikey_find(f.keys, STR(other), &unknown));
    CHECK(!unknown);
    struct credential *c = load_key(&f, STR(other), &code);
    CHECK(c);
    credential_put(c);
    teardown(&f);
}

TEST(a_change_makes_the_credential_stale_and_the_next_look_misses)
{
    struct fixture f;
    bool unknown;
    enum err_code code;

    setup(&f, STR_NULL);
    struct credential *c = load_key(&f, STR(KEY), &code);
    apikeys_forget_token(f.keys, f.token_id + 1);
    CHECK(!c->stale);
    apikeys_forget_token(f.keys, f.token_id);
    CHECK(c->stale);
    CHECK_STR(c->user.username, "ann"); /* whoever holds it may go on reading */
    CHECK(!apikey_find(f.keys, STR(KEY), &unknown));
    credential_put(c);

    c = load_key(&f, STR(KEY), &code);
    apikeys_forget_user(f.keys, f.user_id);
    CHECK(c->stale);
    credential_put(c);
    teardown(&f);
}

static void disable_token(struct fixture *f)
{
    CLEANUP(db_releasep) struct db_conn *c = NULL;

    CHECK_EQ(db_acquire(f->db, DB_WRITE, &c, NULL), ERR_OK);
    CHECK_EQ(
        db_exec(c, NULL, NULL, "UPDATE tokens SET status = 2 WHERE id = ?", DB_I64(f->token_id)),
        ERR_OK);
}

TEST(what_another_node_may_have_changed_is_read_before_it_is_used)
{
    struct fixture f;
    bool unknown;
    enum err_code code;

    setup(&f, STR_NULL);
    credential_put(load_key(&f, STR(KEY), &code));
    apikeys_follow(f.keys, (struct cache_change){.kind = CACHE_CHANGE_CONFIG});
    struct credential *c = apikey_find(f.keys, STR(KEY), &unknown);
    CHECK(c);
    credential_put(c);

    disable_token(&f);
    apikeys_follow(f.keys, (struct cache_change){.kind = CACHE_CHANGE_ALL});
    CHECK(!apikey_find(f.keys, STR(KEY), &unknown));
    CHECK(!unknown);
    c = load_key(&f, STR(KEY), &code);
    CHECK_EQ(c->token.status, TOKEN_DISABLED);
    credential_put(c);
    CHECK_EQ(f.attached, 2);
    c = apikey_find(f.keys, STR(KEY), &unknown);
    CHECK(c);
    credential_put(c);
    teardown(&f);
}

TEST(with_the_database_away_a_doubtful_credential_goes_on_being_used)
{
    struct fixture f;
    bool unknown;
    enum err_code code;

    setup(&f, STR_NULL);
    credential_put(load_key(&f, STR(KEY), &code));
    apikeys_follow(f.keys, (struct cache_change){.kind = CACHE_CHANGE_ALL});
    f.away = true;
    CHECK(!apikey_find(f.keys, STR(KEY), &unknown));
    struct credential *kept = load_key(&f, STR(KEY), &code);
    CHECK(kept);
    struct credential *c = apikey_find(f.keys, STR(KEY), &unknown);
    CHECK(c == kept); /* the next ones need not wait */
    credential_put(c);
    credential_put(kept);

    /* What was changed meanwhile is seen when it is back. */
    disable_token(&f);
    f.away = false;
    f.clock.us += 6 * 1000000;
    c = apikey_find(f.keys, STR(KEY), &unknown);
    CHECK(c);
    credential_put(c);
    offload_stop(f.offload); /* the load behind the scenes has ended */
    c = apikey_find(f.keys, STR(KEY), &unknown);
    CHECK_EQ(c->token.status, TOKEN_DISABLED);
    credential_put(c);
    teardown(&f);
}

TEST(what_another_node_has_changed_is_forgotten)
{
    static const char other[] = "000000000000000000000000000000000000000000000000";
    struct fixture f;
    bool unknown;
    enum err_code code;

    setup(&f, STR_NULL);
    credential_put(load_key(&f, STR(KEY), &code));
    apikeys_follow(f.keys, (struct cache_change){.kind = CACHE_CHANGE_TOKEN, .id = f.token_id + 1});
    struct credential *c = apikey_find(f.keys, STR(KEY), &unknown);
    CHECK(c);
    apikeys_follow(f.keys, (struct cache_change){.kind = CACHE_CHANGE_TOKEN, .id = f.token_id});
    CHECK(c->stale);
    CHECK(!apikey_find(f.keys, STR(KEY), &unknown));
    credential_put(c);
    c = load_key(&f, STR(KEY), &code);
    apikeys_follow(f.keys, (struct cache_change){.kind = CACHE_CHANGE_USER, .id = f.user_id});
    CHECK(c->stale);
    credential_put(c);

    CHECK(!load_key(&f, STR(other), &code));
    CHECK(!apikey_find(f.keys, STR(other), &unknown));
    CHECK(unknown);
    apikeys_follow(f.keys, (struct cache_change){.kind = CACHE_CHANGE_NEW_KEY});
    CHECK(!apikey_find(f.keys, STR(other), &unknown));
    CHECK(!unknown);
    teardown(&f);
}

TEST(an_old_entry_is_used_while_it_is_loaded_again)
{
    struct fixture f;
    bool unknown;
    enum err_code code;

    setup(&f, STR_NULL);
    credential_put(load_key(&f, STR(KEY), &code));
    f.clock.us += 61 * 1000000;
    struct credential *c = apikey_find(f.keys, STR(KEY), &unknown);
    CHECK(c);
    credential_put(c);
    /* apikeys_free() waits for what runs behind the scenes: two loads were attached by then. */
    apikeys_free(f.keys);
    CHECK_EQ(f.attached, 2);
    f.keys = NULL;
    teardown(&f);
}

TEST(the_keys_of_a_root_with_the_first_password_are_refused_but_for_the_given_one)
{
    static const char given[] = "111111111111111111111111111111111111111111111111";
    static const char other[] = "222222222222222222222222222222222222222222222222";
    CLEANUP(arena_finip) struct arena a;
    struct fixture f;
    enum err_code code;
    int64_t root, id;
    struct user row = {.username = STR("root"), .role = ROLE_ROOT};

    arena_init(&a, 0);
    setup(&f, STR("sk-111111111111111111111111111111111111111111111111"));
    CHECK_EQ(password_hash(&a, secret_make(STR(FIRST_PASSWORD)), &row.password, NULL), ERR_OK);
    add_user(&f, row, &root);
    add_token(&f, root, STR(given), &id);
    add_token(&f, root, STR(other), &id);

    struct credential *c = load_key(&f, STR(given), &code);
    CHECK(c);
    credential_put(c);
    CHECK(!load_key(&f, STR(other), &code));
    CHECK_EQ(code, ERR_FORBIDDEN);
    teardown(&f);
}

TEST(what_cannot_be_a_key_is_refused_without_a_look_into_the_database)
{
    char text[200];
    struct fixture f;
    struct apikey_lookup lookup;
    bool unknown;

    setup(&f, STR_NULL);
    memset(text, 'x', sizeof text);
    CHECK(!apikey_find(f.keys, str_make(text, sizeof text), &unknown));
    CHECK(unknown);
    CHECK_EQ(apikey_load(f.keys, &lookup, NULL, str_make(text, sizeof text), NULL),
             ERR_UNAUTHORIZED);
    CHECK(!apikey_find(f.keys, STR_NULL, &unknown));
    CHECK(unknown);
    teardown(&f);
}

TEST(more_unknown_keys_than_there_is_room_for_push_out_the_oldest)
{
    CLEANUP(arena_finip) struct arena a;
    struct fixture f;
    enum err_code code;
    bool unknown;
    int remembered = 0;

    arena_init(&a, 0);
    setup(&f, STR_NULL);
    for (int i = 0; i < 9000; i++)
        CHECK(!load_key(&f, arena_fmt(&a, "guess%d", i), &code));
    for (int i = 0; i < 9000; i++) {
        CHECK(!apikey_find(f.keys, arena_fmt(&a, "guess%d", i), &unknown));
        remembered += unknown;
    }
    CHECK(remembered > 7000);
    CHECK(remembered <= 16 * 512);
    teardown(&f);
}

/* ---- the key in a request ---- */

static struct http_req *request(struct http_req *r, struct str path, struct str query,
                                const struct http_header *headers, size_t n)
{
    *r = (struct http_req){.path = path, .query = query, .headers = headers, .header_count = n};
    arena_init(&r->arena, 0);
    return r;
}

static void check_key(struct str path, struct str query, struct http_header header, const char *key,
                      int64_t channel)
{
    struct http_req r;
    struct str got;
    int64_t named;

    request(&r, path, query, &header, 1);
    CHECK_EQ(apikey_from_request(&r, &got, &named), *key != '\0');
    CHECK_STR(got, key);
    CHECK_EQ(named, channel);
    arena_fini(&r.arena);
}

TEST(the_key_is_found_wherever_a_client_may_put_it)
{
    const struct str chat = STR("/v1/chat/completions"), none = STR_NULL;

#define HEADER(n, v) ((struct http_header){.name = STR(n), .value = STR(v)})
    check_key(chat, none, HEADER("Authorization", "Bearer sk-abc"), "abc", 0);
    check_key(chat, none, HEADER("authorization", "bearer abc"), "abc", 0);
    check_key(chat, none, HEADER("Authorization", "sk-abc-12"), "abc", 12);
    check_key(chat, none, HEADER("Authorization", "sk-abc-12-13"), "abc", 12);
    check_key(chat, none, HEADER("Authorization", "sk-abc-x"), "abc", -1);
    check_key(chat, none, HEADER("Authorization", "sk-abc-0"), "abc", -1);
    check_key(chat, none, HEADER("Authorization", "sk-abc-"), "abc", 0);
    check_key(chat, none, HEADER("Authorization", ""), "", 0);
    check_key(chat, none, HEADER("x-api-key", "sk-abc"), "", 0);
    check_key(STR("/v1/messages"), none, HEADER("x-api-key", "sk-abc"), "abc", 0);
    check_key(chat, none, HEADER("mj-api-secret", "sk-abc"), "abc", 0);
    check_key(chat, none,
              HEADER("Sec-WebSocket-Protocol", "realtime, openai-insecure-api-key.sk-abc"), "abc",
              0);
    check_key(chat, none, HEADER("Sec-WebSocket-Protocol", "sk-abc"), "abc", 0);
    check_key(STR("/v1beta/models/x"), STR("a=b&key=sk-abc"), HEADER("Accept", "*/*"), "abc", 0);
    check_key(STR("/v1beta/models/x"), STR("key=old"), HEADER("x-goog-api-key", "abc"), "abc", 0);
    check_key(chat, STR("key=abc"), HEADER("Accept", "*/*"), "", 0);
#undef HEADER
}

TEST(a_sub_protocol_that_is_no_key_leaves_the_header_alone)
{
    const struct http_header headers[] = {{STR("Sec-WebSocket-Protocol"), STR("realtime")},
                                          {STR("Authorization"), STR("Bearer sk-abc")}};
    const struct http_header both[] = {
        {STR("Sec-WebSocket-Protocol"), STR("realtime, openai-insecure-api-key.sk-def")},
        {STR("Authorization"), STR("Bearer sk-abc")}};
    struct http_req r;
    struct str key;
    int64_t channel;

    request(&r, STR("/v1/realtime"), STR_NULL, headers, ARRAY_LEN(headers));
    CHECK(apikey_from_request(&r, &key, &channel));
    CHECK_STR(key, "abc");
    arena_fini(&r.arena);
    request(&r, STR("/v1/realtime"), STR_NULL, both, ARRAY_LEN(both));
    CHECK(apikey_from_request(&r, &key, &channel));
    CHECK_STR(key, "def");
    arena_fini(&r.arena);
}

TEST_MAIN(a_key_is_loaded_once_and_then_found,
          an_unknown_key_is_remembered_for_ten_seconds_and_can_be_announced,
          a_change_makes_the_credential_stale_and_the_next_look_misses,
          what_another_node_may_have_changed_is_read_before_it_is_used,
          with_the_database_away_a_doubtful_credential_goes_on_being_used,
          what_another_node_has_changed_is_forgotten, an_old_entry_is_used_while_it_is_loaded_again,
          the_keys_of_a_root_with_the_first_password_are_refused_but_for_the_given_one,
          what_cannot_be_a_key_is_refused_without_a_look_into_the_database,
          more_unknown_keys_than_there_is_room_for_push_out_the_oldest,
          the_key_is_found_wherever_a_client_may_put_it,
          a_sub_protocol_that_is_no_key_leaves_the_header_alone)
