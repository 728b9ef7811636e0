#include "cache/redis_conf.h"

#include "base/sb.h"
#include "base/test.h"

/* "tls db login@host:port ..." of what was read, or the error. */
static void check_conf(const char *text, const char *password, const char *master, const char *want)
{
    struct redis_conf conf;
    struct arena a;
    struct err err = {0};
    struct sb out;

    arena_init(&a, 0);
    sb_init(&out, 4096);
    if (redis_conf_read(&a, str_from(text), secret_make(str_from(password)), str_from(master),
                        &conf, &err) != ERR_OK) {
        CHECK_EQ(err.code, ERR_BAD_REQUEST);
        sb_add(&out, str_from(err.msg));
    } else {
        sb_fmt(&out, "%s %d", conf.tls ? "tls" : "plain", (int)conf.db);
        for (size_t i = 0; i < conf.count; i++) {
            const struct redis_address *at = &conf.addresses[i];

            sb_fmt(&out, " %.*s:%.*s@%.*s:%u", STR_ARG(at->login.user),
                   STR_ARG(secret_reveal(at->login.password)), STR_ARG(at->host), at->port);
        }
        if (conf.master_name.n > 0)
            sb_fmt(&out, " master %.*s %.*s:%.*s", STR_ARG(conf.master_name),
                   STR_ARG(conf.login.user), STR_ARG(secret_reveal(conf.login.password)));
    }
    CHECK_STR(sb_str(&out), want);
    sb_fini(&out);
    arena_fini(&a);
}

TEST(one_address_is_read_in_all_its_forms)
{
    check_conf("redis://h", NULL, NULL, "plain 0 :@h:6379");
    check_conf("redis://h:1/", NULL, NULL, "plain 0 :@h:1");
    check_conf(" redis://localhost:6379/2 ", NULL, NULL, "plain 2 :@localhost:6379");
    check_conf("redis://:pw@h/3", NULL, NULL, "plain 3 :pw@h:6379");
    check_conf("redis://me:pw@h", NULL, NULL, "plain 0 me:pw@h:6379");
    check_conf("redis://me@h", NULL, NULL, "plain 0 me:@h:6379");
    check_conf("rediss://me:p%40%2f%2C%3a@h:7", NULL, NULL, "tls 0 me:p@/,:@h:7");
    check_conf("REDIS://:a@b/c@h:7/4", NULL, NULL, "plain 4 :a@b/c@h:7");
    check_conf("redis://[::1]:7/1", NULL, NULL, "plain 1 :@::1:7");
    check_conf("redis://[::1]", NULL, NULL, "plain 0 :@::1:6379");
    check_conf("redis://h?db=5&pool_size=3", NULL, NULL, "plain 5 :@h:6379");
    check_conf("h:1", NULL, NULL, "plain 0 :@h:1");
    check_conf("h", "pw", NULL, "plain 0 :pw@h:6379");
    check_conf("redis://me:old@h", "new", NULL, "plain 0 me:new@h:6379");
}

TEST(several_addresses_share_what_one_says)
{
    check_conf("redis://me:pw@a:1/2,b:2,redis://c", NULL, NULL,
               "plain 2 me:pw@a:1 me:pw@b:2 me:pw@c:6379");
    check_conf("a,,b:2 , c", NULL, NULL, "plain 0 :@a:6379 :@b:2 :@c:6379");
    check_conf("redis://:x@a,redis://:y@b", NULL, NULL, "plain 0 :x@a:6379 :y@b:6379");
    check_conf("redis://:x@a,redis://:y@b", "z", NULL, "plain 0 :z@a:6379 :z@b:6379");
    check_conf("rediss://a,b", NULL, NULL, "tls 0 :@a:6379 :@b:6379");
}

TEST(a_comma_may_stand_in_a_password)
{
    check_conf("redis://:pa,ss@h:1/1", NULL, NULL, "plain 1 :pa,ss@h:1");
    check_conf("redis://:p,a,ss@h:1,redis://:q,r@i", NULL, NULL, "plain 0 :p,a,ss@h:1 :q,r@i:6379");
}

TEST(sentinels_have_their_own_port_and_login)
{
    check_conf("a:1,b", "pw", "mymaster", "plain 0 :@a:1 :@b:26379 master mymaster :pw");
    check_conf("redis://me:sp@a/1", NULL, "m", "plain 1 me:sp@a:26379 master m me:sp");
    check_conf("redis://:sp@a", "pw", "m", "plain 0 :sp@a:26379 master m :pw");
}

TEST(what_is_wrong_is_said_without_the_text)
{
    static const char begin[] = "REDIS_CONN_STRING: must begin with redis:// or rediss://";

    check_conf("", NULL, NULL, "REDIS_CONN_STRING: there is no address in it");
    check_conf(" , ", NULL, NULL, "REDIS_CONN_STRING: there is no address in it");
    check_conf("http://:secret@h", NULL, NULL, begin);
    check_conf("redis+sentinel://:secret@h", NULL, NULL, begin);
    check_conf("unix:///run/redis.sock", NULL, NULL,
               "REDIS_CONN_STRING: unix sockets cannot be used, redis:// and rediss:// can");
    check_conf("redis://:secret@", NULL, NULL, "REDIS_CONN_STRING: an address has no host");
    check_conf("redis://:secret@:6379", NULL, NULL, "REDIS_CONN_STRING: an address has no host");
    check_conf("redis://h:0", NULL, NULL,
               "REDIS_CONN_STRING: a port must be a number from 1 to 65535");
    check_conf("redis://h:70000", NULL, NULL,
               "REDIS_CONN_STRING: a port must be a number from 1 to 65535");
    check_conf("redis://h/x", NULL, NULL,
               "REDIS_CONN_STRING: the database behind the address must be a number");
    check_conf("redis://h/-1", NULL, NULL,
               "REDIS_CONN_STRING: the database behind the address must be a number");
    check_conf("redis://[::1", NULL, NULL,
               "REDIS_CONN_STRING: an address with '[' needs ']' before its port");
    check_conf("redis://a/1,redis://b/2", NULL, NULL,
               "REDIS_CONN_STRING: the addresses name different databases");
    check_conf("redis://a,rediss://b", NULL, NULL,
               "REDIS_CONN_STRING: addresses with and without TLS are mixed");
    check_conf("a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", NULL, NULL,
               "REDIS_CONN_STRING: there are more than 16 addresses");
}

TEST_MAIN(one_address_is_read_in_all_its_forms, several_addresses_share_what_one_says,
          a_comma_may_stand_in_a_password, sentinels_have_their_own_port_and_login,
          what_is_wrong_is_said_without_the_text)
