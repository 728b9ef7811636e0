#include "store/dsn.h"

#include "base/test.h"

static void read_ok(struct arena *a, const char *dsn, struct dsn_mysql *m)
{
    struct err err;

    if (dsn_read_mysql(a, str_from(dsn), m, &err) != ERR_OK) {
        print_error("%s: %s\n", dsn, err.msg);
        test_failed("dsn_read_mysql", __FILE__, __LINE__);
    }
}

static bool refused(const char *dsn, const char *because)
{
    CLEANUP(arena_finip) struct arena a;
    struct dsn_mysql m;
    struct err err = {.msg = ""};
    enum err_code rc;

    arena_init(&a, 0);
    rc = dsn_read_mysql(&a, str_from(dsn), &m, &err);
    if (rc != ERR_BAD_REQUEST || !str_has(str_from(err.msg), str_from(because)))
        print_error("%s: %d, %s\n", dsn, (int)rc, err.msg);
    return rc == ERR_BAD_REQUEST && str_has(str_from(err.msg), str_from(because)) &&
           !str_has(str_from(err.msg), STR("hush"));
}

TEST(the_text_says_which_kind_it_is)
{
    CHECK_EQ(dsn_kind(STR("")), DB_SQLITE);
    CHECK_EQ(dsn_kind(STR("local")), DB_SQLITE);
    CHECK_EQ(dsn_kind(STR("  \n")), DB_SQLITE);
    CHECK_EQ(dsn_kind(STR("postgres://u:p@h/d")), DB_POSTGRES);
    CHECK_EQ(dsn_kind(STR("postgresql://h/d")), DB_POSTGRES);
    CHECK_EQ(dsn_kind(STR("host=h user=u dbname=d")), DB_POSTGRES);
    CHECK_EQ(dsn_kind(STR("user = u host=h")), DB_POSTGRES);
    CHECK_EQ(dsn_kind(STR("root:123456@tcp(localhost:3306)/oneapi")), DB_MYSQL);
    CHECK_EQ(dsn_kind(STR("hosting=1:p@tcp(h)/d")), DB_MYSQL);
    CHECK_EQ(dsn_kind(STR("u:p@tcp(h)/d?user=1")), DB_MYSQL);
}

TEST(a_full_mysql_text_is_taken_apart)
{
    CLEANUP(arena_finip) struct arena a;
    struct dsn_mysql m;

    arena_init(&a, 0);
    read_ok(&a,
            "me:s/e@c:r?et@tcp(db.example.com:3307)/one%2Fapi?charset=utf8mb4,utf8&parseTime=True"
            "&loc=Asia%2FShanghai&timeout=5s&readTimeout=1m30s&writeTimeout=250ms",
            &m);
    CHECK_STR(m.user, "me");
    CHECK_STR(secret_reveal(m.password), "s/e@c:r?et");
    CHECK_STR(m.host, "db.example.com");
    CHECK_EQ(m.port, 3307);
    CHECK_EQ(m.socket.n, 0);
    CHECK_STR(m.database, "one/api");
    CHECK_STR(m.charset, "utf8mb4");
    CHECK(!m.tls && !m.tls_verify);
    CHECK_EQ(m.connect_timeout_ms, 5000);
    CHECK_EQ(m.read_timeout_ms, 90000);
    CHECK_EQ(m.write_timeout_ms, 250);
}

TEST(what_a_mysql_text_leaves_out_has_its_usual_value)
{
    CLEANUP(arena_finip) struct arena a;
    struct dsn_mysql m;

    arena_init(&a, 0);
    read_ok(&a, "/d", &m);
    CHECK(m.user.n == 0 && secret_empty(m.password));
    CHECK_STR(m.host, "127.0.0.1");
    CHECK_EQ(m.port, 3306);
    CHECK_STR(m.charset, "utf8mb4");
    CHECK_EQ(m.connect_timeout_ms + m.read_timeout_ms + m.write_timeout_ms, 0);
    read_ok(&a, "u@tcp/d", &m);
    CHECK_STR(m.user, "u");
    CHECK(secret_empty(m.password));
    CHECK_STR(m.host, "127.0.0.1");
    read_ok(&a, "u:@tcp(h)/d?", &m);
    CHECK_STR(m.host, "h");
    CHECK_EQ(m.port, 3306);
}

TEST(addresses_of_every_kind_are_read)
{
    CLEANUP(arena_finip) struct arena a;
    struct dsn_mysql m;

    arena_init(&a, 0);
    read_ok(&a, "u:p@tcp([2001:db8::1]:3308)/d", &m);
    CHECK_STR(m.host, "2001:db8::1");
    CHECK_EQ(m.port, 3308);
    read_ok(&a, "u:p@tcp6([::1])/d", &m);
    CHECK_STR(m.host, "::1");
    CHECK_EQ(m.port, 3306);
    read_ok(&a, "u:p@unix(/run/mysqld/mysqld.sock)/d", &m);
    CHECK_STR(m.socket, "/run/mysqld/mysqld.sock");
    CHECK_EQ(m.host.n, 0);
    CHECK_STR(m.database, "d");
}

TEST(tls_is_off_unless_it_is_asked_for)
{
    CLEANUP(arena_finip) struct arena a;
    struct dsn_mysql m;

    arena_init(&a, 0);
    read_ok(&a, "u:p@tcp(h)/d?tls=false", &m);
    CHECK(!m.tls && !m.tls_verify);
    read_ok(&a, "u:p@tcp(h)/d?tls=true", &m);
    CHECK(m.tls && m.tls_verify);
    read_ok(&a, "u:p@tcp(h)/d?tls=skip-verify", &m);
    CHECK(m.tls && !m.tls_verify);
    read_ok(&a, "u:p@tcp(h)/d?tls=preferred", &m);
    CHECK(m.tls && !m.tls_verify);
}

TEST(a_broken_mysql_text_is_refused_by_its_part_and_never_quoted)
{
    CHECK(refused("u:hush@tcp(h:3306)", "no / before the name"));
    CHECK(refused("u:hush@tcp(h:3306)/", "names no database"));
    CHECK(refused("u:hush@tcp(h:3306/d", "no ) before"));
    CHECK(refused("u:hush@tcp(h:0)/d", "no number from 1 to 65535"));
    CHECK(refused("u:hush@tcp(h:65536)/d", "no number from 1 to 65535"));
    CHECK(refused("u:hush@tcp(h:x)/d", "no number from 1 to 65535"));
    CHECK(refused("u:hush@pipe(h)/d", "other than tcp"));
    CHECK(refused("u:hush@tcp(h)/d?loc=Asia/Shanghai", "%2F"));
    CHECK(refused("u:hush@tcp(h)/d?tls=custom", "tls=custom"));
    CHECK(refused("u:hush@tcp(h)/d?timeout=5", "timeout=5 is not a duration"));
    CHECK(refused("u:hush@tcp(h)/d?readTimeout=s", "readTimeout=s is not a duration"));
    CHECK(refused("u:hush@tcp(h)/d?writeTimeout=999999h", "not a duration"));
}

TEST(a_description_holds_no_login)
{
    CLEANUP(arena_finip) struct arena a;

    arena_init(&a, 0);
    CHECK_STR(dsn_describe(&a, STR("")), "SQLite");
    CHECK_STR(dsn_describe(&a, STR("u:hush@tcp(db.example.com)/oneapi?tls=true")),
              "MySQL at db.example.com:3306/oneapi");
    CHECK_STR(dsn_describe(&a, STR("u:hush@unix(/run/my.sock)/oneapi")),
              "MySQL at /run/my.sock/oneapi");
    CHECK_STR(dsn_describe(&a, STR("u:hush@nonsense")), "MySQL");
    CHECK_STR(dsn_describe(&a, STR("postgres://u:hush@db:5433/oneapi?sslmode=require")),
              "PostgreSQL at db:5433/oneapi");
    CHECK_STR(dsn_describe(&a, STR("postgresql://u:hush@a:1,b:2/one%20api")),
              "PostgreSQL at a:1,b:2/one api");
    CHECK_STR(dsn_describe(&a, STR("postgresql:///oneapi?host=/run/pg&user=u")),
              "PostgreSQL at /run/pg/oneapi");
    CHECK_STR(dsn_describe(&a, STR("postgres://")), "PostgreSQL at localhost");
    CHECK_STR(
        dsn_describe(&a, STR("host=db user=u password='hu sh\\'' port = 5433 dbname='one api'")),
        "PostgreSQL at db:5433/one api");
    CHECK_STR(dsn_describe(&a, STR("user=u password=hush")), "PostgreSQL at localhost");
}

static bool fake_known(struct str name)
{
    return str_eq(name, STR("host")) || str_eq(name, STR("user")) ||
           str_eq(name, STR("password")) || str_eq(name, STR("sslmode"));
}

TEST(what_libpq_does_not_know_is_set_aside)
{
    CLEANUP(arena_finip) struct arena a;
    struct dsn_postgres p;

    arena_init(&a, 0);
    dsn_read_postgres(
        &a, STR("postgres://u:p%3D@h:1/d?sslmode=require&TimeZone=Asia%2FShanghai&host=x"),
        fake_known, &p);
    CHECK_STR(p.libpq, "postgres://u:p%3D@h:1/d?sslmode=require&host=x");
    CHECK_EQ(p.setting_count, 1);
    CHECK_STR(p.settings[0].name, "TimeZone");
    CHECK_STR(p.settings[0].value, "Asia/Shanghai");
    dsn_read_postgres(&a, STR("postgresql://h/d"), fake_known, &p);
    CHECK_STR(p.libpq, "postgresql://h/d");
    CHECK_EQ(p.setting_count, 0);
    dsn_read_postgres(&a,
                      STR("host=h password = 'it\\'s = me' search_path=a,b user=u TimeZone='UTC' "
                          "sslmode=disable"),
                      fake_known, &p);
    CHECK_STR(p.libpq, " host=h password = 'it\\'s = me' user=u sslmode=disable");
    CHECK_EQ(p.setting_count, 2);
    CHECK_STR(p.settings[0].name, "search_path");
    CHECK_STR(p.settings[0].value, "a,b");
    CHECK_STR(p.settings[1].value, "UTC");
    dsn_read_postgres(&a, STR("host=h nonsense"), fake_known, &p);
    CHECK_STR(p.libpq, " host=h nonsense"); /* libpq will say so */
    CHECK(p.libpq.p[p.libpq.n] == '\0');
}

TEST_MAIN(the_text_says_which_kind_it_is, a_full_mysql_text_is_taken_apart,
          what_a_mysql_text_leaves_out_has_its_usual_value, addresses_of_every_kind_are_read,
          tls_is_off_unless_it_is_asked_for,
          a_broken_mysql_text_is_refused_by_its_part_and_never_quoted, a_description_holds_no_login,
          what_libpq_does_not_know_is_set_aside)
