/*
 * upload_testing - for the tests of requests whose body is still coming: forms with a recording,
 * and a client that sends one of them in parts.
 *
 *     struct sending s;
 *
 *     sending_open(&s, "0", PART("model", "w"), END);
 *     relay_fixture_script(s.f, transcribed, NULL);
 *     send_half(&s);
 *     CHECK_EQ(relay_fixture_status(send_rest(&s)), 200);
 *     check_got_it(&s, 0);
 *     check_paid(&s);
 *     sending_close(&s);
 */
#pragma once
#include <unistd.h>

#include "base/sb.h"
#include "base/test.h"
#include "relay/relay_fixture.h"

#define UPLOAD_KEY "Authorization: Bearer sk-" RELAY_FIXTURE_KEY "\r\n"
#define PART(name, value)                                                                          \
    "--B\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
#define FILE_HEAD "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\n"
#define END       "\r\n--B--\r\n"

/* What might be the beginning of the closing boundary stays back. */
enum { KEPT = sizeof "--B--" - 2 };

/* 8 bit, one channel; a minute costs a thousand tokens. */
enum { SECONDS = 60, RATE = 16000, FILE_BYTES = 44 + SECONDS * RATE, FORM_BYTES_MAX = 64 << 20 };

static const char transcriptions[] = "/v1/audio/transcriptions";

/* ---- forms ---- */

struct form {
    struct sb body;
    size_t file_at; /* where the file begins */
};

static inline void add_le(struct sb *sb, size_t n, int bytes)
{
    for (int i = 0; i < bytes; i++, n >>= 8)
        sb_add_char(sb, (char)(n & 0xff));
}

static inline void add_recording(struct sb *sb, size_t seconds)
{
    const size_t samples = seconds * RATE;

    sb_add(sb, STR("RIFF"));
    add_le(sb, 36 + samples, 4);
    sb_add(sb, STR("WAVEfmt "));
    add_le(sb, 16, 4);
    add_le(sb, 1, 2);
    add_le(sb, 1, 2);
    add_le(sb, RATE, 4);
    add_le(sb, RATE, 4);
    add_le(sb, 1, 2);
    add_le(sb, 8, 2);
    sb_add(sb, STR("data"));
    add_le(sb, samples, 4);
    for (size_t i = 0; i < samples; i++)
        sb_add_char(sb, (char)('a' + i % 23));
}

/* `before` and `behind` are what stands around the file; `head` begins its part. */
static inline void form_init_long(struct form *f, const char *before, const char *head,
                                  size_t seconds, const char *behind)
{
    sb_init(&f->body, FORM_BYTES_MAX);
    sb_add(&f->body, str_from(before));
    sb_add(&f->body, str_from(head));
    f->file_at = f->body.n;
    add_recording(&f->body, seconds);
    sb_add(&f->body, str_from(behind));
}

static inline void form_init(struct form *f, const char *before, const char *behind)
{
    form_init_long(f, before, FILE_HEAD, SECONDS, behind);
}

static inline void form_fini(struct form *f)
{
    sb_fini(&f->body);
}

/* ---- upstreams ---- */

/* Marks: an upstream has got what it is called with; it may go on; the first has refused. */
enum { CALLED, GO_ON, REFUSED };

static inline void transcribed(struct relay_fixture_call *c)
{
    relay_fixture_json(c, 200, "{\"text\":\"hello\"}");
}

static inline void transcribed_late(struct relay_fixture_call *c)
{
    relay_fixture_set(c->fixture, CALLED);
    relay_fixture_wait(c->fixture, GO_ON);
    transcribed(c);
}

/* The preferred channel, before it has got the form. */
static inline bool first_refuses(struct relay_fixture_call *c)
{
    if (c->channel != 0)
        return false;
    relay_fixture_json(c, 503, "{\"error\":{\"message\":\"busy\"}}");
    relay_fixture_set(c->fixture, REFUSED);
    return true;
}

/* ---- a client that sends one ---- */

/* Gives it two channels, of which the first is preferred, that serve the models "w" and "alias". */
static inline struct relay_fixture *with_channels(struct relay_fixture *f, const char *retries)
{
    const struct channel row = {.models = STR("w,alias"),
                                .model_mapping = STR("{\"alias\":\"longer-name\"}")};

    relay_fixture_two_channels(f, &row);
    relay_fixture_publish(f, "RetryTimes", retries, "SelfUseModeEnabled", "true", NULL);
    return f;
}

struct sending {
    struct relay_fixture *f;
    struct form form;
    const char *path;
    int fd;
    size_t sent;
};

/* A fixture of its own, and a form for transcriptions of which nothing is sent yet. */
static inline void sending_open(struct sending *s, const char *retries, const char *before,
                                const char *behind)
{
    *s = (struct sending){.f = with_channels(relay_fixture_new(NULL), retries),
                          .path = transcriptions};
    form_init(&s->form, before, behind);
}

/* Nothing may be reserved or lost; ends the fixture. */
static inline void sending_close(struct sending *s)
{
    relay_fixture_check_books(s->f);
    form_fini(&s->form);
    relay_fixture_free(s->f);
}

/* The head, and the body up to `until`. */
static inline void send_first(struct sending *s, size_t until)
{
    struct str head = arena_fmt(&s->f->arena,
                                "POST %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" UPLOAD_KEY
                                "Content-Type: multipart/form-data; boundary=B\r\n"
                                "Content-Length: %zu\r\n\r\n",
                                s->path, s->form.body.n);

    s->fd = relay_fixture_dial(s->f);
    s->sent = until;
    CHECK(relay_fixture_write(s->f, s->fd, head));
    CHECK(relay_fixture_write(s->f, s->fd, str_sub(sb_str(&s->form.body), 0, until)));
}

static inline size_t half_of(const struct sending *s)
{
    return s->form.body.n / 2;
}

/* Half of it, and waits until the upstream has got that. */
static inline void send_half(struct sending *s)
{
    send_first(s, half_of(s));
    relay_fixture_wait_body(s->f, half_of(s) - KEPT);
}

/* Opens one of which the preferred of two channels has refused the first half; `second` is what the
 * other one does with the whole. */
static inline void sending_open_refused(struct sending *s,
                                        void (*second)(struct relay_fixture_call *c))
{
    sending_open(s, "1", PART("model", "w"), END);
    relay_fixture_script_early(s->f, first_refuses, second, NULL);
    send_first(s, half_of(s));
    relay_fixture_wait(s->f, REFUSED);
}

/* More of it; a relay that has closed the connection is no error of the client. */
static inline void send_until(struct sending *s, size_t until)
{
    (void)relay_fixture_write(s->f, s->fd,
                              str_sub(sb_str(&s->form.body), s->sent, until - s->sent));
    s->sent = until;
}

static inline const char *read_reply(struct sending *s)
{
    const char *reply = relay_fixture_read(s->f, s->fd, NULL);

    close(s->fd);
    return reply;
}

/* All that is missing: the reply. */
static inline const char *send_rest(struct sending *s)
{
    send_until(s, s->form.body.n);
    return read_reply(s);
}

/* Leaves, and waits until the relay has noticed it. */
static inline void leave(struct sending *s)
{
    relay_fixture_leave(s->f, s->fd);
}

/* ---- what came of it ---- */

/* The upstream got it byte by byte, in its request number `n`. */
static inline void check_got_it(struct sending *s, unsigned n)
{
    CHECK(s->f->requests > n);
    CHECK_EQ(memcmp(s->f->seen_body[n], s->form.body.p, s->form.body.n), 0);
}

static inline int64_t charged_tokens(struct relay_fixture *f)
{
    return relay_fixture_number(f, "SELECT COALESCE(SUM(prompt_tokens),0) FROM logs WHERE type=2");
}

/* The whole recording was, once. */
static inline void check_paid(struct sending *s)
{
    relay_fixture_check_books(s->f);
    CHECK_EQ(charged_tokens(s->f), SECONDS * 1000 / 60);
}

static inline void check_unpaid(struct sending *s)
{
    relay_fixture_check_books(s->f);
    CHECK_EQ(relay_fixture_number(s->f, "SELECT COUNT(*) FROM logs WHERE type=2"), 0);
}
