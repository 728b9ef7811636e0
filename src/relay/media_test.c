/* Images that a request names by address, for an upstream that does not fetch them. The upstream's
 * script serves the images, too. */
#include "base/test.h"
#include "relay/relay_fixture.h"

static const char good[] =
    "{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"hi\"}]},"
    "\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":10,"
    "\"candidatesTokenCount\":5,\"totalTokenCount\":15}}";

static void with_head(struct relay_fixture_call *c, const char *status, const char *line,
                      const char *body)
{
    relay_fixture_send(c, arena_fmt(&c->fixture->arena,
                                    "HTTP/1.1 %s\r\n%s\r\nContent-Length: %zu\r\n"
                                    "Connection: close\r\n\r\n%s",
                                    status, line, strlen(body), body)
                              .p);
}

static bool is_for(const struct relay_fixture_call *c, const char *path)
{
    return str_has(c->head, str_from(path));
}

static void serve(struct relay_fixture_call *c)
{
    if (is_for(c, "/0/png"))
        with_head(c, "200 OK", "Content-Type: image/png; x=y", "\x89PNG\r\n\x1a\n....");
    else if (is_for(c, "/0/bytes"))
        with_head(c, "200 OK", "Content-Type: application/octet-stream", "GIF89a......");
    else if (is_for(c, "/0/unsaid"))
        with_head(c, "200 OK", "X: y", "\xff\xd8\xff\xe0....");
    else if (is_for(c, "/0/html"))
        with_head(c, "200 OK", "Content-Type: text/html", "<html>");
    else if (is_for(c, "/0/garbage"))
        with_head(c, "200 OK", "Content-Type: application/octet-stream", "what is this");
    else if (is_for(c, "/0/gone"))
        with_head(c, "404 Not Found", "Content-Type: image/png", "");
    else if (is_for(c, "/0/again"))
        with_head(c, "302 Found", "Location: http://127.0.0.1:1/never", "");
    else
        relay_fixture_json(c, 200, good);
}

static const char *open_port(struct relay_fixture *f)
{
    const char *base = relay_fixture_cell(f, "SELECT base_url FROM channels WHERE id=1");

    return strrchr(base, ':') + 1; /* "PORT/0" */
}

/* `open`: the addresses of this machine may be fetched. */
static struct relay_fixture *gemini(void (*change)(struct relay_conf *), bool open)
{
    struct relay_fixture *f = relay_fixture_new(change);
    const char *port = open_port(f);

    relay_fixture_sql(f, "UPDATE channels SET type=24");
    relay_fixture_publish(
        f, "fetch_setting.allow_private_ip", open ? "true" : "false", "fetch_setting.allowed_ports",
        arena_fmt(&f->arena, "[\"%.*s\"]", (int)(strlen(port) - 2), port).p, NULL);
    relay_fixture_script(f, serve, NULL);
    return f;
}

static const char *image(struct relay_fixture *f, const char *path)
{
    return arena_fmt(&f->arena,
                     "{\"type\":\"image_url\",\"image_url\":{\"url\":\"http://127.0.0.1:%s/%s\"}}",
                     open_port(f), path)
        .p;
}

static const char *ask(struct relay_fixture *f, const char *parts)
{
    return relay_fixture_post(
        f, "/v1/chat/completions",
        arena_fmt(&f->arena,
                  "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[%s]}]}", parts)
            .p);
}

static const char *last_body(struct relay_fixture *f)
{
    return f->seen_body[f->requests - 1];
}

TEST(an_image_is_fetched_and_its_type_is_what_it_is)
{
    static const struct {
        const char *path, *part;
    } cases[] = {{"png", "{\"mimeType\":\"image/png\",\"data\":\"iVBORw0KGgouLi4u\"}"},
                 {"bytes", "{\"mimeType\":\"image/gif\",\"data\":\"R0lGODlhLi4uLi4u\"}"},
                 {"unsaid", "{\"mimeType\":\"image/jpeg\",\"data\":\"/9j/4C4uLi4=\"}"}};
    struct relay_fixture *f = gemini(NULL, true);

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CHECK_EQ(relay_fixture_status(ask(f, image(f, cases[i].path))), 200);
        check_has(last_body(f), cases[i].part);
    }
    CHECK_EQ(f->requests, 2 * ARRAY_LEN(cases));
    relay_fixture_check_books(f);
    relay_fixture_free(f);
}

TEST(what_is_no_image_or_not_there_is_told_and_costs_nothing)
{
    static const struct {
        const char *path, *why;
    } cases[] = {{"html", "not that of an image"},
                 {"garbage", "not that of an image"},
                 {"gone", "status 404"},
                 {"again", "the port of the address is not allowed"}};
    struct relay_fixture *f = gemini(NULL, true);

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *reply = ask(f, image(f, cases[i].path));

        CHECK_EQ(relay_fixture_status(reply), 400);
        check_has(reply, cases[i].why);
        CHECK(!strstr(reply, "127.0.0.1"));
    }
    relay_fixture_check_books(f);
    CHECK_EQ(relay_fixture_number(f, "SELECT COUNT(*) FROM logs WHERE type=2"), 0);
    relay_fixture_free(f);
}

TEST(addresses_of_this_network_are_not_fetched)
{
    struct relay_fixture *f = gemini(NULL, false);
    const char *reply = ask(f, image(f, "png"));

    CHECK_EQ(relay_fixture_status(reply), 400);
    check_has(reply, "the address is not allowed");
    CHECK_EQ(f->requests, 0);
    relay_fixture_free(f);
}

static void five_bytes(struct relay_conf *conf)
{
    conf->media_max_bytes = 5;
}

TEST(a_long_file_is_cut_off)
{
    struct relay_fixture *f = gemini(five_bytes, true);
    const char *reply = ask(f, image(f, "png"));

    CHECK_EQ(relay_fixture_status(reply), 400);
    check_has(reply, "too long");
    relay_fixture_free(f);
}

static const char *several(struct relay_fixture *f, size_t n)
{
    struct str all = STR("");

    for (size_t i = 0; i < n; i++)
        all = arena_fmt(&f->arena, "%.*s%s%s", STR_ARG(all), i > 0 ? "," : "", image(f, "png"));
    return all.p;
}

static void three_images(struct relay_conf *conf)
{
    conf->gemini_images = 3;
}

TEST(one_message_has_only_so_many)
{
    struct relay_fixture *f = gemini(three_images, true);
    const char *reply;

    CHECK_EQ(relay_fixture_status(ask(f, several(f, 3))), 200);
    CHECK_EQ(f->requests, 4);
    reply = ask(f, several(f, 4));
    CHECK_EQ(relay_fixture_status(reply), 400);
    check_has(reply, "at most 3 images");
    CHECK_EQ(f->requests, 4); /* nothing was fetched */
    relay_fixture_free(f);
}

/* What was fetched for the first channel is there for the second. */
static void first_fails(struct relay_fixture_call *c)
{
    if (is_for(c, ":generateContent") && c->channel == 0)
        relay_fixture_json(c, 503, "{\"error\":{\"code\":503,\"message\":\"no\"}}");
    else if (is_for(c, "/v1/chat/completions"))
        relay_fixture_json(c, 200,
                           "{\"choices\":[{\"message\":{\"content\":\"hi\"},\"finish_reason\":"
                           "\"stop\"}],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5}}");
    else
        serve(c);
}

TEST(another_channel_does_not_fetch_again)
{
    struct relay_fixture *f = relay_fixture_new(NULL);
    const char *port = open_port(f);

    relay_fixture_sql(f, "UPDATE channels SET type=24, priority=9");
    relay_fixture_sql(f, "UPDATE abilities SET priority=9");
    relay_fixture_add_channel(f, &(struct channel){.type = 24});
    relay_fixture_publish(
        f, "fetch_setting.allow_private_ip", "true", "fetch_setting.allowed_ports",
        arena_fmt(&f->arena, "[\"1-65535\",\"%.*s\"]", (int)(strlen(port) - 2), port).p,
        "RetryTimes", "1", NULL);
    relay_fixture_script(f, first_fails, NULL);
    CHECK_EQ(relay_fixture_status(ask(f, image(f, "png"))), 200);
    CHECK_EQ(f->requests, 3);
    check_has(last_body(f), "iVBORw0KGgouLi4u");
    relay_fixture_check_books(f);
    relay_fixture_free(f);
}

TEST_MAIN(an_image_is_fetched_and_its_type_is_what_it_is,
          what_is_no_image_or_not_there_is_told_and_costs_nothing,
          addresses_of_this_network_are_not_fetched, a_long_file_is_cut_off,
          one_message_has_only_so_many, another_channel_does_not_fetch_again)
