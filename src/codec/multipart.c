#include "codec/multipart.h"

/* ---- parameters: ; name="value"; other=token ---- */

static bool is_token_char(char c)
{
    return c > ' ' && c < 127 && !memchr("()<>@,;:\\\"/[]?=", c, 16);
}

static struct str skip_spaces(struct str s)
{
    while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = str_skip(s, 1);
    return s;
}

static struct str cut_token(struct str *s)
{
    size_t n = 0;

    while (n < s->n && is_token_char(s->p[n]))
        n++;
    struct str token = str_sub(*s, 0, n);
    *s = str_skip(*s, n);
    return token;
}

/* What stands between quotes, a backslash hiding the next character. False: no quote ends it. */
static bool cut_quoted(struct str *s, struct str *value)
{
    for (size_t i = 1; i < s->n; i++) {
        if (s->p[i] == '\\') {
            i++;
        } else if (s->p[i] == '"') {
            *value = str_sub(*s, 1, i - 1);
            *s = str_skip(*s, i + 1);
            return true;
        }
    }
    return false;
}

/* Cuts "; key=value" off. False: the text is something else. */
static bool cut_parameter(struct str *s, struct str *key, struct str *value)
{
    struct str rest = skip_spaces(*s);

    if (rest.n == 0 || rest.p[0] != ';')
        return false;
    rest = skip_spaces(str_skip(rest, 1));
    *key = cut_token(&rest);
    if (key->n == 0 || rest.n < 2 || rest.p[0] != '=')
        return false;
    rest = str_skip(rest, 1);
    if (rest.p[0] == '"') {
        if (!cut_quoted(&rest, value))
            return false;
    } else {
        *value = cut_token(&rest);
        if (value->n == 0)
            return false;
    }
    *s = skip_spaces(rest);
    return true;
}

static bool is_boundary(struct str s)
{
    if (s.n == 0 || s.n > MULTIPART_BOUNDARY_MAX || s.p[s.n - 1] == ' ')
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < ' ' || s.p[i] > '~' || s.p[i] == '"' || s.p[i] == '\\')
            return false;
    }
    return true;
}

bool multipart_is_form(struct str content_type, struct str *boundary)
{
    static const struct str form = STR_INIT("multipart/form-data");
    struct str rest = str_trim(content_type), key, value;

    *boundary = STR_NULL;
    if (!str_starts_nocase(rest, form))
        return false;
    rest = skip_spaces(str_skip(rest, form.n));
    if (rest.n > 0 && rest.p[0] != ';')
        return false;
    while (rest.n > 0 && cut_parameter(&rest, &key, &value)) {
        if (!str_eq_nocase(key, STR("boundary")))
            continue;
        if (boundary->p || !is_boundary(value)) { /* two of them, or none */
            *boundary = STR_NULL;
            return true;
        }
        *boundary = value;
    }
    if (rest.n > 0)
        *boundary = STR_NULL;
    return true;
}

/* ---- the head of a part ---- */

struct head {
    bool disposed; /* Content-Disposition was there */
    struct multipart_part *part;
};

static bool read_disposition(struct head *head, struct str value)
{
    struct multipart_part *part = head->part;
    struct str rest = value, key, text;

    if (head->disposed || !str_eq_nocase(cut_token(&rest), STR("form-data")))
        return false;
    head->disposed = true;
    rest = skip_spaces(rest);
    while (rest.n > 0) {
        if (!cut_parameter(&rest, &key, &text) || str_starts_nocase(key, STR("name*")))
            return false;
        if (str_eq_nocase(key, STR("name"))) {
            if (part->name.p || text.n == 0 || str_find_char(text, '\\') >= 0)
                return false;
            part->name = text;
        } else if (str_eq_nocase(key, STR("filename"))) {
            if (part->filename.p)
                return false;
            part->filename = text;
        }
    }
    return part->name.n > 0;
}

static bool is_identity(struct str encoding)
{
    return str_eq_nocase(encoding, STR("binary")) || str_eq_nocase(encoding, STR("8bit")) ||
           str_eq_nocase(encoding, STR("7bit"));
}

/* A line without its end. */
static bool read_line(struct head *head, struct str line)
{
    struct str name = cut_token(&line), value;

    if (name.n == 0 || line.n == 0 || line.p[0] != ':')
        return false;
    value = str_trim(str_skip(line, 1));
    for (size_t i = 0; i < value.n; i++) {
        if ((value.p[i] >= 0 && value.p[i] < ' ' && value.p[i] != '\t') || value.p[i] == 127)
            return false;
    }
    if (str_eq_nocase(name, STR("content-disposition")))
        return read_disposition(head, value);
    if (str_eq_nocase(name, STR("content-transfer-encoding")))
        return is_identity(value);
    if (str_eq_nocase(name, STR("content-type")))
        head->part->content_type = value;
    return true;
}

/* The lines, without the blank one behind them. */
static bool read_head(struct str lines, struct multipart_part *part)
{
    struct head head = {.part = part};

    while (lines.n > 0) {
        ptrdiff_t end = str_find(lines, STR("\r\n"));
        struct str line = end < 0 ? lines : str_sub(lines, 0, (size_t)end);

        if (!read_line(&head, line))
            return false;
        lines = end < 0 ? STR_NULL : str_skip(lines, (size_t)end + 2);
    }
    return part->name.n > 0;
}

/* ---- the walk ---- */

enum err_code multipart_init(struct multipart *m, struct str body, struct str boundary,
                             struct err *err)
{
    *m = (struct multipart){.rest = body};
    if (!is_boundary(boundary)) {
        m->over = true;
        return err_set(err, ERR_BAD_REQUEST, "the form has no valid boundary");
    }
    memcpy(m->delimiter, "\r\n--", 4);
    memcpy(m->delimiter + 4, boundary.p, boundary.n);
    m->delimiter_n = boundary.n + 4;
    return ERR_OK;
}

enum err_code multipart_init_partial(struct multipart *m, struct str body, struct str boundary,
                                     struct err *err)
{
    enum err_code rc = multipart_init(m, body, boundary, err);

    m->partial = true;
    return rc;
}

/* Something is missing here: an error, unless more is to come. */
static enum err_code miss(struct multipart *m, struct err *err, const char *why)
{
    m->over = true;
    return m->partial ? ERR_OK : err_set(err, ERR_BAD_REQUEST, "the form cannot be read: %s", why);
}

static enum err_code end_badly(struct multipart *m, struct err *err, const char *why)
{
    m->over = true;
    return err_set(err, ERR_BAD_REQUEST, "the form cannot be read: %s", why);
}

struct str multipart_from_first(const struct multipart *m)
{
    struct str delimiter = str_make(m->delimiter, m->delimiter_n);
    ptrdiff_t at;

    if (str_starts(m->rest, str_skip(delimiter, 2)))
        return m->rest;
    at = str_find(m->rest, delimiter);
    return at < 0 ? STR_NULL : str_skip(m->rest, (size_t)at + 2);
}

/* Goes behind the first delimiter. */
static bool find_first(struct multipart *m)
{
    struct str from = multipart_from_first(m);

    m->begun = true;
    m->rest = str_skip(from, m->delimiter_n - 2);
    return from.p;
}

static const char head_fault[] = "the head of a part is not that of a field";
static const char boundary_fault[] = "a boundary has no end";

/* The head's lines; m->rest is then the body with all behind it. */
static bool cut_head(struct multipart *m, struct str *lines)
{
    ptrdiff_t end = str_find(str_sub(m->rest, 0, MULTIPART_HEAD_MAX), STR("\r\n\r\n"));

    if (end < 0)
        return false;
    *lines = str_sub(m->rest, 0, (size_t)end);
    m->rest = str_skip(m->rest, (size_t)end + 4);
    return true;
}

/* Up to the boundary behind it; of a partial body, to the end. */
static enum err_code cut_body(struct multipart *m, struct multipart_part *part, struct err *err)
{
    struct str delimiter = str_make(m->delimiter, m->delimiter_n);
    ptrdiff_t end = str_find(m->rest, delimiter);

    if (end < 0) {
        part->body = m->rest;
        part->unfinished = true;
        return miss(m, err, "a part does not end");
    }
    part->body = str_sub(m->rest, 0, (size_t)end);
    m->rest = str_skip(m->rest, (size_t)end + delimiter.n);
    return ERR_OK;
}

static enum err_code read_part(struct multipart *m, struct multipart_part *part, struct err *err)
{
    struct str lines;

    if (++m->parts > MULTIPART_PARTS_MAX) {
        m->over = true;
        return err_set(err, ERR_TOO_LARGE, "the form has more than %d parts", MULTIPART_PARTS_MAX);
    }
    if (!cut_head(m, &lines))
        return m->rest.n < MULTIPART_HEAD_MAX ? miss(m, err, head_fault)
                                              : end_badly(m, err, head_fault);
    if (!read_head(lines, part))
        return end_badly(m, err, head_fault);
    return cut_body(m, part, err);
}

/* What stands behind a boundary: "--" at the end, else the end of its line. */
static enum err_code pass_boundary(struct multipart *m, struct err *err)
{
    if (m->rest.n < 2 && m->partial)
        return miss(m, err, "");
    if (str_starts(m->rest, STR("--"))) { /* what follows means nothing */
        m->over = true;
        return ERR_OK;
    }
    m->rest = skip_spaces(m->rest);
    if (m->rest.n < 2)
        return miss(m, err, boundary_fault);
    if (!str_starts(m->rest, STR("\r\n")))
        return end_badly(m, err, boundary_fault);
    m->rest = str_skip(m->rest, 2);
    return ERR_OK;
}

enum err_code multipart_next(struct multipart *m, struct multipart_part *part, bool *more,
                             struct err *err)
{
    struct multipart_part found = {0};

    *part = found;
    *more = false;
    if (m->over)
        return ERR_OK;
    if (!m->begun && !find_first(m))
        return miss(m, err, "its boundary is not in it");
    TRY(pass_boundary(m, err));
    if (m->over)
        return ERR_OK;
    TRY(read_part(m, &found, err));
    *more = found.name.n > 0;
    if (*more)
        *part = found;
    return ERR_OK;
}
