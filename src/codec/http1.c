#include "codec/http1.h"

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

static const struct set method_chars = {{ONE('-'), RANGE('A', 'Z') | ONE('_')}};

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

/* What may stand in a value: everything but control characters, of which the tab passes. */
static bool value_char_ok(char c)
{
    unsigned char u = (unsigned char)c;

    return (u >= 0x20 && u != 0x7f) || u == '\t';
}

/* Might one of these eight be a control character? Exact for no; a tab says yes. The subtraction
 * borrows into the top bit of a byte below 0x20, or of one that the exclusive or has made zero. */
static bool some_control(uint64_t eight)
{
    const uint64_t each = 0x0101010101010101, top = each * 0x80;
    uint64_t del = eight ^ each * 0x7f;

    return (((eight - each * 0x20) & ~eight) | ((del - each) & ~del)) & top;
}

static bool value_ok(struct str s)
{
    size_t i = 0;

    for (uint64_t eight; s.n - i >= sizeof eight; i += sizeof eight) {
        memcpy(&eight, s.p + i, sizeof eight);
        if (!some_control(eight))
            continue;
        for (size_t k = i; k < i + sizeof eight; k++)
            if (!value_char_ok(s.p[k]))
                return false;
    }
    for (; i < s.n; i++)
        if (!value_char_ok(s.p[i]))
            return false;
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

static size_t count_lines(struct str text)
{
    size_t lines = 0;

    for (const char *p = text.p, *end = text.p + text.n;
         (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
        lines++;
    return lines;
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

static void note_header(struct http1_head *h, struct facts *f, const struct http_header *header)
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

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].name.n == header->name.n && str_eq_nocase(rows[i].name, header->name))
            rows[i].note(h, f, header->value);
}

/* The next line without its CRLF. False: there is none. */
static bool take_line(struct str *text, struct str *line)
{
    const char *cr = text->n > 0 ? memchr(text->p, '\r', text->n) : NULL;

    if (!cr || cr + 1 == text->p + text->n || cr[1] != '\n')
        return false;
    *line = str_make(text->p, (size_t)(cr - text->p));
    *text = str_skip(*text, line->n + 2);
    return true;
}

/* RFC 9110 section 5.6.3, OWS. */
static struct str trim_blanks(struct str s)
{
    while (s.n > 0 && (*s.p == ' ' || *s.p == '\t'))
        s = str_skip(s, 1);
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

/* RFC 9112 section 5: "name: value" with nothing between name and colon. A folded line has no name.
 */
static bool read_header(struct str line, struct http_header *out)
{
    ptrdiff_t colon = str_find_char(line, ':');

    if (colon <= 0)
        return false;
    out->name = str_sub(line, 0, (size_t)colon);
    out->value = trim_blanks(str_skip(line, (size_t)colon + 1));
    return all_of(&token_chars, out->name) && value_ok(out->value);
}

/* The lines behind the first one, up to the empty line that ends the head. NULL, or what is wrong.
 */
static const char *read_headers(struct str text, struct arena *a, struct http1_head *h,
                                struct facts *f)
{
    struct str line;

    h->headers = arena_alloc(a, arena_array_bytes(sizeof *h->headers, count_lines(text) + 1));
    while (take_line(&text, &line)) {
        struct http_header *header = &h->headers[h->header_count];

        if (line.n == 0) {
            h->keep_alive = !f->close && (h->minor >= 1 || f->keep_alive);
            h->upgrade = f->upgrade && f->upgrade_header;
            return text.n == 0 ? f->wrong : "head is not complete";
        }
        if (!read_header(line, header))
            return "a header is malformed";
        h->header_count++;
        note_header(h, f, header);
    }
    return "head is not complete";
}

/* "HTTP/1.0" or "HTTP/1.1". */
static bool read_version(struct str text, struct http1_head *h)
{
    if (text.n != 8 || !str_starts(text, STR("HTTP/1.")) || (text.p[7] != '0' && text.p[7] != '1'))
        return false;
    h->minor = text.p[7] == '1';
    return true;
}

/* RFC 9112 section 3: method, target and version with one space between them. A method is in upper
 * case, as all that are registered are; bytes above ASCII in a target are for the router. */
static const char *read_request_line(struct str line, struct http1_head *h)
{
    h->method = str_cut(&line, ' ');
    h->target = str_cut(&line, ' ');
    if (h->method.n == 0 || !all_of(&method_chars, h->method) || h->target.n == 0)
        return "request line is malformed";
    for (size_t i = 0; i < h->target.n; i++)
        if ((unsigned char)h->target.p[i] <= 0x20 || h->target.p[i] == 0x7f)
            return "request target is malformed";
    return read_version(line, h) ? NULL : "HTTP version is not supported";
}

/* RFC 9112 section 4: version, three digits, and perhaps a reason. */
static const char *read_status_line(struct str line, struct http1_head *h)
{
    struct str version = str_cut(&line, ' '), code = str_cut(&line, ' ');
    uint64_t status;

    if (!read_version(version, h))
        return "HTTP version is not supported";
    if (code.n != 3 || !str_to_u64(code, &status) || status < 100)
        return "status is malformed";
    h->status = (int)status;
    h->reason = line;
    return value_ok(line) ? NULL : "reason is malformed";
}

static const char *read_request(struct str text, struct arena *a, struct http1_head *h)
{
    struct facts f = {0};
    struct str line = STR_NULL;
    const char *wrong;

    while (take_line(&text, &line) && line.n == 0)
        ; /* empty lines before the first one: RFC 9112 section 2.2 */
    wrong = read_request_line(line, h);
    if (!wrong)
        wrong = read_headers(text, a, h, &f);
    if (wrong)
        return wrong;
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
    struct str line = STR_NULL;
    const char *wrong;

    while (take_line(&text, &line) && line.n == 0)
        ;
    wrong = read_status_line(line, h);
    if (!wrong)
        wrong = read_headers(text, a, h, &f);
    if (wrong)
        return wrong;
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
