#include "base/conf.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/test.h"

enum { PORT, DIR, LIMIT, RATIO, DEBUG, SECRET, VERSION, ROWS };

static const struct conf_row rows[ROWS] = {
    [PORT] = {.env = "PORT",
              .flag = "port",
              .kind = CONF_INT,
              .fallback = "3000",
              .min = 1,
              .max = 65535,
              .env_wins = true,
              .help = "listening port"},
    [DIR] = {.flag = "data-dir", .kind = CONF_TEXT, .fallback = "data", .help = "data folder"},
    [LIMIT] = {.env = "NEW_LIMIT", .env_alias = "OLD_LIMIT", .kind = CONF_INT, .help = "a limit"},
    [RATIO] = {.env = "RATIO", .kind = CONF_FLOAT, .fallback = "0.8"},
    [DEBUG] = {.env = "DEBUG", .kind = CONF_BOOL},
    [SECRET] = {.env = "SESSION_SECRET_LENGTH", .kind = CONF_INT},
    [VERSION] = {.flag = "version", .kind = CONF_BOOL, .help = "print the version"},
};

static char *const no_env[] = {NULL};

/* Reads the words after the program's name. */
static enum err_code read_words(struct arena *a, char *const *words, char *const *env,
                                struct conf_value *out, struct err *err)
{
    char *argv[8] = {"yourapi"};
    int argc = 1;

    for (; words && *words; words++)
        argv[argc++] = *words;
    return conf_read(a, rows, ROWS, argc, argv, env, out, err);
}

TEST(without_flags_and_variables_the_defaults_hold)
{
    CLEANUP(arena_finip) struct arena a;
    struct conf_value v[ROWS];

    arena_init(&a, 0);
    CHECK_EQ(read_words(&a, NULL, no_env, v, NULL), ERR_OK);
    CHECK_EQ(v[PORT].i, 3000);
    CHECK_STR(v[DIR].text, "data");
    CHECK(v[LIMIT].i == 0 && !v[LIMIT].text.p);
    CHECK(v[RATIO].f > 0.79 && v[RATIO].f < 0.81);
    for (int i = 0; i < ROWS; i++)
        CHECK(!v[i].given && !v[i].b);
}

TEST(flags_are_read_in_every_spelling)
{
    char *spellings[][3] = {
        {"--data-dir", "x"}, {"-data-dir", "x"}, {"--data-dir=x"}, {"-data-dir=x"}};
    CLEANUP(arena_finip) struct arena a;
    struct conf_value v[ROWS];

    arena_init(&a, 0);
    for (size_t i = 0; i < ARRAY_LEN(spellings); i++) {
        CHECK_EQ(read_words(&a, spellings[i], no_env, v, NULL), ERR_OK);
        CHECK_STR(v[DIR].text, "x");
        CHECK(v[DIR].given);
    }
    CHECK_EQ(read_words(&a, (char *[]){"--version", "-port", "80", NULL}, no_env, v, NULL), ERR_OK);
    CHECK(v[VERSION].b && v[PORT].i == 80);
    CHECK_EQ(read_words(&a, (char *[]){"--data-dir=", NULL}, no_env, v, NULL), ERR_OK);
    CHECK(v[DIR].given && v[DIR].text.n == 0);
}

TEST(variables_are_read_in_both_spellings_and_win_where_the_row_says_so)
{
    char *const env[] = {"PORT=81",    "NEW_LIMIT=",   "OLD_LIMIT=5", "DEBUG=true",
                         "RATIO=.5e1", "PORTS=999999", NULL};
    char *const both[] = {"NEW_LIMIT=4", "OLD_LIMIT=5", NULL};
    CLEANUP(arena_finip) struct arena a;
    struct conf_value v[ROWS];

    arena_init(&a, 0);
    CHECK_EQ(read_words(&a, (char *[]){"--port", "80", NULL}, env, v, NULL), ERR_OK);
    CHECK_EQ(v[PORT].i, 81);
    CHECK(v[LIMIT].i == 5 && v[LIMIT].given);
    CHECK(v[DEBUG].b && v[RATIO].f > 4.9);
    CHECK_EQ(read_words(&a, NULL, both, v, NULL), ERR_OK);
    CHECK_EQ(v[LIMIT].i, 4);
}

TEST(a_wrong_value_is_named_with_what_is_allowed)
{
    static const struct {
        char *words[3], *env[2];
        const char *want;
    } table[] = {
        {{"--port", "0"}, {0}, "flag --port: \"0\" is not a whole number from 1 to 65535"},
        {{"--port", "x"}, {0}, "flag --port: \"x\" is not a whole number from 1 to 65535"},
        {{0}, {"PORT=80 "}, "variable PORT: \"80 \" is not a whole number from 1 to 65535"},
        {{0}, {"OLD_LIMIT=many"}, "variable OLD_LIMIT: \"many\" is not a whole number"},
        {{0}, {"DEBUG=yes"}, "variable DEBUG: \"yes\" is not true or false"},
        {{0}, {"RATIO=half"}, "variable RATIO: \"half\" is not a number"},
        {{0},
         {"SESSION_SECRET_LENGTH=hush"},
         "variable SESSION_SECRET_LENGTH: \"(hidden)\" is not a whole number"},
        {{"--prot", "1"}, {0}, "unknown flag --prot (--help lists them)"},
        {{"--port"}, {0}, "flag --port needs a value"},
        {{"--version=1"}, {0}, "flag --version takes no value"},
        {{"serve"}, {0}, "unexpected argument \"serve\""},
        {{"-"}, {0}, "unexpected argument \"-\""},
        {{"--"}, {0}, "unknown flag -- (--help lists them)"},
    };
    CLEANUP(arena_finip) struct arena a;
    struct conf_value v[ROWS];

    arena_init(&a, 0);
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct err err = {0};

        CHECK_EQ(read_words(&a, table[i].words, table[i].env, v, &err), ERR_BAD_REQUEST);
        CHECK_STR(str_from(err.msg), table[i].want);
    }
}

static enum err_code load(const char *text, struct err *err)
{
    char path[] = "/tmp/conf_test.XXXXXX";
    int fd = mkstemp(path);

    CHECK(fd >= 0);
    CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    enum err_code rc = conf_load_dotenv(path, err);
    unlink(path);
    return rc;
}

TEST(a_dotenv_file_sets_what_is_not_set_yet)
{
    static const char text[] =
        "# comment\n\nCT_PLAIN= a b # why\r\nexport CT_EXPORT=1\n"
        "CT_SET=from file\nCT_DOUBLE=\"x\\n#\\\"y\" # c\nCT_SINGLE='a\\n#b'\n"
        "CT_HASH=a#b\nCT_EMPTY=";

    CHECK_EQ(setenv("CT_SET", "from outside", 1), 0);
    CHECK_EQ(load(text, NULL), ERR_OK);
    CHECK_STR(str_from(getenv("CT_PLAIN")), "a b");
    CHECK_STR(str_from(getenv("CT_EXPORT")), "1");
    CHECK_STR(str_from(getenv("CT_SET")), "from outside");
    CHECK_STR(str_from(getenv("CT_DOUBLE")), "x\n#\"y");
    CHECK_STR(str_from(getenv("CT_SINGLE")), "a\\n#b");
    CHECK_STR(str_from(getenv("CT_HASH")), "a#b");
    CHECK_STR(str_from(getenv("CT_EMPTY")), "");
    CHECK_EQ(conf_load_dotenv("/nowhere/.env", NULL), ERR_OK);
}

TEST(a_broken_dotenv_line_is_named)
{
    struct err err = {0};

    CHECK_EQ(load("A_OK=1\nnonsense\n", &err), ERR_BAD_REQUEST);
    CHECK(str_has(str_from(err.msg), STR("line 2")));
    CHECK_EQ(load("CT_Q=\"open\n", &err), ERR_BAD_REQUEST);
    CHECK_EQ(load("CT_Q='a' b\n", &err), ERR_BAD_REQUEST);
    CHECK_EQ(load("1X=a\n", &err), ERR_BAD_REQUEST);
    CHECK(getenv("CT_Q") == NULL);
}

TEST(what_is_no_flag_is_collected_where_it_is_asked_for)
{
    static char *const argv[] = {"x", "one", "--port", "81", "-", "--version", "two", NULL};
    static char *const env[] = {NULL};
    CLEANUP(arena_finip) struct arena a;
    struct conf_value out[ROWS];
    struct conf_args args;
    struct err err = {0};

    arena_init(&a, 0);
    CHECK_EQ(conf_read_args(&a, rows, ROWS, 7, argv, env, out, &args, &err), ERR_OK);
    CHECK_EQ(args.count, 3);
    CHECK_STR(args.items[0], "one");
    CHECK_STR(args.items[1], "-");
    CHECK_STR(args.items[2], "two");
    CHECK_EQ(out[0].i, 81);
    CHECK_EQ(conf_read(&a, rows, ROWS, 7, argv, env, out, &err), ERR_BAD_REQUEST);
    CHECK(str_has(str_from(err.msg), STR("\"one\"")));
}

TEST(help_lists_the_rows_that_have_a_text)
{
    CLEANUP(arena_finip) struct arena a;

    arena_init(&a, 0);
    CHECK_STR(conf_help(&a, "usage: yourapi [flags]", rows, ROWS),
              "usage: yourapi [flags]\n\nFlags:\n"
              "  --port N                       listening port (variable PORT; default 3000)\n"
              "  --data-dir TEXT                data folder (default data)\n"
              "  --version                      print the version\n"
              "\nEnvironment variables:\n"
              "  NEW_LIMIT                      a limit\n");
}

TEST_MAIN(without_flags_and_variables_the_defaults_hold, flags_are_read_in_every_spelling,
          variables_are_read_in_both_spellings_and_win_where_the_row_says_so,
          a_wrong_value_is_named_with_what_is_allowed, a_dotenv_file_sets_what_is_not_set_yet,
          a_broken_dotenv_line_is_named, what_is_no_flag_is_collected_where_it_is_asked_for,
          help_lists_the_rows_that_have_a_text)
