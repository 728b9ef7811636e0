#include "codec/http1.h"

#include <http_parser.h>

/* --- characters ------------------------------------------------------------------------------ */

/* A set of ASCII characters: one bit each, two words. RANGE stays within one word. */
#define RANGE(from, to) ((UINT64_MAX >> (63 - ((to) - (from)))) << ((from)&63))
#define ONE(c)          RANGE(c, c)

struct set {
    uint64_t word[2];
};

/* RFC 9110 section 5.6.2, tchar. */
static const struct set token_chars = {
    {ONE('!') | RANGE('#', '\'') | ONE('*') | ONE('+') | ONE('-') | ONE('.') | RANGE('0', '9'),
     RANGE('A', 'Z') | RANGE('^', 'z') | ONE('|') | ONE('~')}};

/* RFC 3986 section 3.2.2: what a host, its port and the brackets of an address are made of. */
static const struct set host_chars = {
    {ONE('!') | RANGE('$', '+') | ONE('-') | ONE('.') | RANGE('0', ';') | ONE('='),
     RANGE('A', 'Z') | ONE('[') | ONE(']') | ONE('_') | RANGE('a', 'z') | ONE('~')}};

static bool all_of(const struct set *set, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (c >= 128 || !(set->word[c >> 6] >> (c & 63) & 1))
            return false;
    }
    return true;
}

static bool value_ok(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

bool http1_header_ok(struct str name, struct str value)
{
    return name.n > 0 && all_of(&token_chars, name) && value_ok(value);
}

/* --- where a head ends ----------------------------------------------------------------------- */

enum http1_found http1_head_end(struct str bytes, struct http1_scan *scan, size_t *end)
{
    const size_t n = bytes.n < HTTP1_HEAD_MAX ? bytes.n : HTTP1_HEAD_MAX;

    *end = 0;
    while (scan->at < n) {
        const char *lf = memchr(bytes.p + scan->at, '\n', n - scan->at);
        const char *line = bytes.p + scan->line;

        if (!lf) {
            scan->at = (uint32_t)n;
            break;
        }
        size_t length = (size_t)(lf - line);
        if (length == 0 || memchr(line, '\r', length) != lf - 1)
            return HTTP1_HEAD_BAD;
        scan->at = scan->line = (uint32_t)(lf + 1 - bytes.p);
        if (length == 1 && scan->begun) {
            *end = scan->at;
            return HTTP1_HEAD_WHOLE;
        }
        if (length > 1) {
            if (scan->begun && (*line == ' ' || *line == '\t'))
                return HTTP1_HEAD_BAD;
            scan->begun = true;
        }
    }
    return bytes.n >= HTTP1_HEAD_MAX ? HTTP1_HEAD_LONG : HTTP1_HEAD_PART;
}

/* --- heads ----------------------------------------------------------------------------------- */

struct reading {
    struct http1_head *head;
    size_t room;      /* of the header list */
    bool value_comes; /* the last was a name */
    bool broken;
};

static int on_url(http_parser *p, const char *at, size_t n)
{
    struct reading *r = p->data;

    r->head->target = str_make(at, n);
    return 0;
}

static int on_status(http_parser *p, const char *at, size_t n)
{
    struct reading *r = p->data;

    r->head->reason = str_make(at, n);
    return 0;
}

static int on_name(http_parser *p, const char *at, size_t n)
{
    struct reading *r = p->data;

    if (r->value_comes || r->head->header_count == r->room)
        return 1;
    r->value_comes = true;
    r->head->headers[r->head->header_count].name = str_make(at, n);
    return 0;
}

static int on_value(http_parser *p, const char *at, size_t n)
{
    struct reading *r = p->data;

    if (!r->value_comes)
        return 1;
    r->value_comes = false;
    while (n > 0 && (at[n - 1] == ' ' || at[n - 1] == '\t'))
        n--;
    r->head->headers[r->head->header_count++].value = str_make(at, n);
    return 0;
}

static int on_head_complete(http_parser *p)
{
    struct reading *r = p->data;

    r->broken = r->value_comes;
    return 1; /* no body here */
}

static int on_complete(http_parser *p)
{
    http_parser_pause(p, 1); /* bytes behind the head would be read as the next one */
    return 0;
}

static size_t count_lines(struct str text)
{
    size_t lines = 0;

    for (const char *p = text.p, *end = text.p + text.n;
         (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
        lines++;
    return lines;
}

/* Runs http-parser over the head. NULL, or what is wrong. */
static const char *parse(http_parser *p, enum http_parser_type type, struct str text,
                         struct arena *a, struct http1_head *head)
{
    static const http_parser_settings settings = {
        .on_url = on_url,
        .on_status = on_status,
        .on_header_field = on_name,
        .on_header_value = on_value,
        .on_headers_complete = on_head_complete,
        .on_message_complete = on_complete,
    };
    struct reading r = {.head = head, .room = count_lines(text)};

    head->headers =
        arena_alloc(a, arena_array_bytes(sizeof *head->headers, r.room > 0 ? r.room : 1));
    http_parser_init(p, type);
    p->data = &r;
    p->allow_chunked_length = type == HTTP_RESPONSE;
    size_t done = http_parser_execute(p, &settings, text.p, text.n);
    enum http_errno code = HTTP_PARSER_ERRNO(p);
    if (code != HPE_PAUSED && code != HPE_OK)
        return http_errno_description(code);
    if (code != HPE_PAUSED || done != text.n || r.broken)
        return "head is not complete";
    if (p->http_major != 1 || p->http_minor > 1)
        return "HTTP version is not supported";
    head->minor = p->http_minor;
    return NULL;
}

/* What the headers say about the message as a whole. */
struct facts {
    unsigned hosts, lengths, codings;
    bool chunked;
    bool close, keep_alive, upgrade;
    bool upgrade_header;
    const char *wrong;
};

static void note_host(struct http1_head *h, struct facts *f, struct str value)
{
    h->host = value;
    f->hosts++;
    if (!all_of(&host_chars, value))
        f->wrong = "Host is malformed";
}

static void note_length(struct http1_head *h, struct facts *f, struct str value)
{
    uint64_t length;

    f->lengths++;
    if (!str_to_u64(value, &length) || length > INT64_MAX)
        f->wrong = "Content-Length is malformed";
    else
        h->content_length = (int64_t)length;
}

static void note_coding(struct http1_head *h, struct facts *f, struct str value)
{
    (void)h;
    f->codings++;
    f->chunked = str_eq_nocase(value, STR("chunked"));
}

static void note_connection(struct http1_head *h, struct facts *f, struct str value)
{
    (void)h;
    STR_SPLIT_EACH (token, value, ',') {
        f->close |= str_eq_nocase(token, STR("close"));
        f->keep_alive |= str_eq_nocase(token, STR("keep-alive"));
        f->upgrade |= str_eq_nocase(token, STR("upgrade"));
    }
}

static void note_expect(struct http1_head *h, struct facts *f, struct str value)
{
    (void)f;
    if (str_eq_nocase(value, STR("100-continue")))
        h->expect_continue = true;
    else
        h->expect_unknown = true;
}

static void note_upgrade(struct http1_head *h, struct facts *f, struct str value)
{
    (void)h;
    f->upgrade_header |= value.n > 0;
}

static void note_headers(struct http1_head *h, struct facts *f)
{
    static const struct {
        struct str name;
        void (*note)(struct http1_head *h, struct facts *f, struct str value);
    } rows[] = {
        {STR_INIT("host"), note_host},
        {STR_INIT("content-length"), note_length},
        {STR_INIT("transfer-encoding"), note_coding},
        {STR_INIT("connection"), note_connection},
        {STR_INIT("expect"), note_expect},
        {STR_INIT("upgrade"), note_upgrade},
    };

    for (size_t i = 0; i < h->header_count; i++) {
        struct str name = h->headers[i].name;

        if (name.n == 0 || !all_of(&token_chars, name))
            f->wrong = "header name is malformed";
        if (!value_ok(h->headers[i].value)) /* http-parser does not look at the first character */
            f->wrong = "header value is malformed";
        for (size_t k = 0; k < ARRAY_LEN(rows); k++)
            if (rows[k].name.n == name.n && str_eq_nocase(rows[k].name, name))
                rows[k].note(h, f, h->headers[i].value);
    }
    h->keep_alive = !f->close && (h->minor >= 1 || f->keep_alive);
    h->upgrade = f->upgrade && f->upgrade_header;
}

/* "METHOD target HTTP/1.x" with one space each: http-parser takes more, and no version at all. */
static bool request_line_ok(struct str text, const struct http1_head *h)
{
    struct str line = str_make(h->method.p, (size_t)(text.p + text.n - h->method.p));
    size_t at = h->method.n + 1 + h->target.n;

    return h->target.p == h->method.p + h->method.n + 1 &&
           str_starts(str_skip(line, at), STR(" HTTP/1.")) && line.n > at + 10 &&
           line.p[at + 9] == '\r' && line.p[at - h->target.n - 1] == ' ';
}

static const char *read_request(struct str text, struct arena *a, struct http1_head *h)
{
    struct facts f = {0};
    http_parser parser;
    const char *wrong = parse(&parser, HTTP_REQUEST, text, a, h);

    if (wrong)
        return wrong;
    while (text.n > 0 && (*text.p == '\r' || *text.p == '\n'))
        text = str_skip(text, 1);
    h->method = str_make(text.p, strlen(http_method_str(parser.method)));
    if (!request_line_ok(text, h))
        return "request line is malformed";
    note_headers(h, &f);
    if (f.wrong)
        return f.wrong;
    if (f.hosts > 1 || (f.hosts == 0 && h->minor >= 1))
        return "exactly one Host is needed";
    if (f.codings > 0 && f.lengths > 0)
        return "both Content-Length and Transfer-Encoding";
    if (f.lengths > 1)
        return "several Content-Length";
    if (f.codings > 1 || (f.codings == 1 && (!f.chunked || h->minor == 0)))
        return "Transfer-Encoding is not supported";
    h->expect_continue = h->expect_continue && h->minor >= 1;
    if (f.codings)
        h->body = HTTP1_BODY_CHUNKED;
    else if (h->content_length > 0)
        h->body = HTTP1_BODY_LENGTH;
    return NULL;
}

static const char *read_reply(struct str text, bool to_head, struct arena *a, struct http1_head *h)
{
    struct facts f = {0};
    http_parser parser;
    const char *wrong = parse(&parser, HTTP_RESPONSE, text, a, h);

    if (wrong)
        return wrong;
    h->status = parser.status_code;
    if (h->status < 100 || h->status > 999)
        return "status is malformed";
    note_headers(h, &f);
    if (f.wrong)
        return f.wrong;
    if (f.lengths > 1)
        return "several Content-Length";
    if (f.codings > 1 || (f.codings == 1 && !f.chunked))
        return "Transfer-Encoding is not supported";
    if (f.codings && (f.lengths || h->minor == 0))
        h->keep_alive = false;
    if (to_head || h->status < 200 || h->status == 204 || h->status == 304)
        return NULL;
    if (f.codings) {
        h->body = HTTP1_BODY_CHUNKED;
    } else if (f.lengths) {
        h->body = h->content_length > 0 ? HTTP1_BODY_LENGTH : HTTP1_BODY_NONE;
    } else {
        h->body = HTTP1_BODY_UNTIL_CLOSE;
        h->keep_alive = false;
    }
    return NULL;
}

enum err_code http1_read_request(struct str text, struct arena *a, struct http1_head *out,
                                 struct err *err)
{
    *out = (struct http1_head){.content_length = -1};
    const char *wrong = read_request(text, a, out);
    if (!wrong)
        return ERR_OK;
    *out = (struct http1_head){0};
    return err_set(err, ERR_BAD_REQUEST, "%s", wrong);
}

enum err_code http1_read_reply(struct str text, bool to_head, struct arena *a,
                               struct http1_head *out, struct err *err)
{
    *out = (struct http1_head){.content_length = -1};
    const char *wrong = read_reply(text, to_head, a, out);
    if (!wrong)
        return ERR_OK;
    *out = (struct http1_head){0};
    return err_set(err, ERR_UPSTREAM_BODY, "%s", wrong);
}

/* --- bodies ---------------------------------------------------------------------------------- */

enum {
    CHUNK_DIGITS_MAX = 15,   /* of a size: below 2^60 */
    OVERHEAD_MAX = 16 << 10, /* extensions and trailers of one body */
};

enum state {
    AT_DATA, /* `left` bytes of data (all there is when it runs until the close) */
    AT_SIZE,
    AT_EXTENSION,
    AT_SIZE_LF,
    AT_DATA_CR,
    AT_DATA_LF,
    AT_TRAILER, /* the beginning of a trailer line, or of the last, empty one */
    IN_TRAILER,
    AT_TRAILER_LF,
    AT_LAST_LF,
    AT_END,
    BROKEN,
};

void http1_body_init(struct http1_body *b, const struct http1_head *head)
{
    static const uint8_t first[] = {
        [HTTP1_BODY_NONE] = AT_END,
        [HTTP1_BODY_LENGTH] = AT_DATA,
        [HTTP1_BODY_CHUNKED] = AT_SIZE,
        [HTTP1_BODY_UNTIL_CLOSE] = AT_DATA,
    };

    *b = (struct http1_body){.kind = (uint8_t)head->body, .state = first[head->body]};
    if (head->body == HTTP1_BODY_LENGTH)
        b->left = (uint64_t)head->content_length;
    else if (head->body == HTTP1_BODY_UNTIL_CLOSE)
        b->left = UINT64_MAX;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum state size_char(struct http1_body *b, char c)
{
    int digit = hex_digit(c);

    if (digit >= 0) {
        if (++b->digits > CHUNK_DIGITS_MAX)
            return BROKEN;
        b->left = b->left << 4 | (unsigned)digit;
        return AT_SIZE;
    }
    if (b->digits == 0)
        return BROKEN;
    return c == ';' ? AT_EXTENSION : c == '\r' ? AT_SIZE_LF : BROKEN;
}

/* A byte of an extension or a trailer: neither is of use to us, both are bounded. */
static enum state skipped_char(struct http1_body *b, char c, enum state same, enum state at_cr)
{
    if (c == '\r')
        return at_cr;
    if (++b->overhead > OVERHEAD_MAX || ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f)
        return BROKEN;
    return same;
}

static enum state after_size(struct http1_body *b)
{
    b->digits = 0;
    return b->left > 0 ? AT_DATA : AT_TRAILER;
}

static enum state framing_char(struct http1_body *b, char c)
{
    switch ((enum state)b->state) {
    case AT_SIZE:
        return size_char(b, c);
    case AT_EXTENSION:
        return skipped_char(b, c, AT_EXTENSION, AT_SIZE_LF);
    case AT_SIZE_LF:
        return c == '\n' ? after_size(b) : BROKEN;
    case AT_DATA_CR:
        return c == '\r' ? AT_DATA_LF : BROKEN;
    case AT_DATA_LF:
        return c == '\n' ? AT_SIZE : BROKEN;
    case AT_TRAILER:
        return c == ' ' || c == '\t' ? BROKEN : skipped_char(b, c, IN_TRAILER, AT_LAST_LF);
    case IN_TRAILER:
        return skipped_char(b, c, IN_TRAILER, AT_TRAILER_LF);
    case AT_TRAILER_LF:
        return c == '\n' ? AT_TRAILER : BROKEN;
    case AT_LAST_LF:
        return c == '\n' ? AT_END : BROKEN;
    case AT_DATA:
    case AT_END:
    case BROKEN:
        break;
    }
    return BROKEN;
}

static enum http1_step take_data(struct http1_body *b, struct str *in, struct str *data)
{
    size_t n = in->n < b->left ? in->n : (size_t)b->left;

    *data = str_make(in->p, n);
    *in = str_skip(*in, n);
    if (b->kind == HTTP1_BODY_UNTIL_CLOSE)
        return HTTP1_DATA;
    b->left -= n;
    if (b->left == 0)
        b->state = b->kind == HTTP1_BODY_LENGTH ? AT_END : AT_DATA_CR;
    return HTTP1_DATA;
}

enum http1_step http1_body_next(struct http1_body *b, struct str *in, struct str *data)
{
    *data = STR_NULL;
    for (;;) {
        if (b->state == AT_END)
            return HTTP1_END;
        if (b->state == BROKEN)
            return HTTP1_BAD;
        if (in->n == 0)
            return HTTP1_MORE;
        if (b->state == AT_DATA)
            return take_data(b, in, data);
        b->state = (uint8_t)framing_char(b, *in->p);
        *in = str_skip(*in, 1);
    }
}

bool http1_body_ends_with_connection(const struct http1_body *b)
{
    return b->kind == HTTP1_BODY_UNTIL_CLOSE || b->state == AT_END;
}

/* --- writing --------------------------------------------------------------------------------- */

struct str http1_chunk_head(char buffer[HTTP1_CHUNK_HEAD_MAX], size_t bytes)
{
    char *p = buffer + HTTP1_CHUNK_HEAD_MAX;

    *--p = '\n';
    *--p = '\r';
    do
        *--p = "0123456789abcdef"[bytes & 15];
    while ((bytes >>= 4) > 0);
    return str_make(p, (size_t)(buffer + HTTP1_CHUNK_HEAD_MAX - p));
}
