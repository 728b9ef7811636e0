/*
 * What an operator types as param_override, and a body that it works on, a line's end between them.
 * What must hold for every input:
 *
 *   - what is refused is refused with a text for the operator;
 *   - a body that is JSON stays JSON of the same kind at its top, and one that no step changes
 *     stays itself;
 *   - the steps done in one go leave what they leave when each is done for itself, its body read
 *     anew: body, headers and refusal;
 *   - no header of the client's goes on that must not.
 */
#include "base/json.h"
#include "base/panic.h"
#include "base/sb.h"
#include "model/override.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define MUST(x) ((x) ? (void)0 : panic("override_fuzz: line %d: %s", __LINE__, #x))

enum { DEEPEST = 20000 }; /* the paths of all steps, one in the other, and what they set */

struct result {
    enum err_code rc;
    struct str body;
    struct override_headers headers;
    struct override_refusal refusal;
};

static struct str client_header(const void *ctx, struct str name)
{
    MUST(!ctx && override_may_pass(name));
    return str_eq_nocase(name, STR("x-none")) ? STR_NULL : STR("client \xc3\xa9");
}

static void begin(struct arena *a, struct result *r, struct str body)
{
    *r = (struct result){.body = body};
    override_header_set(a, &r->headers, STR("Authorization"), STR("Bearer sk-up"));
    override_header_set(a, &r->headers, STR("X-Sent"), STR("sent"));
}

static void apply(struct arena *a, const struct override *o, struct result *r)
{
    const struct override_call call = {.path = STR("/v1/chat/completions"),
                                       .requested_model = STR("asked"),
                                       .upstream_model = STR("mapped"),
                                       .attempt = 1,
                                       .key = STR("sk-up"),
                                       .client_header = client_header};
    struct err err = {0};

    r->rc = override_apply(o, &call, a, &r->body, &r->headers, &r->refusal, &err);
    MUST(r->rc == ERR_OK || (r->rc == ERR_CONVERT && err.msg[0]));
    MUST(!r->refusal.refused || (r->refusal.message.n > 0 && r->refusal.status >= 400));
}

static const struct override *read_override(struct arena *a, const struct json *root)
{
    const struct override *o;
    struct err err = {0};
    enum err_code rc = override_read(a, root, &o, &err);

    MUST(rc == ERR_OK || (rc == ERR_BAD_REQUEST && err.msg[0]));
    return o;
}

/* The step as an override of its own. */
static const struct override *only(struct arena *a, const struct json *op)
{
    struct str text =
        str_concat(a, (struct str[]){STR("{\"operations\":["), json_raw(op), STR("]}")}, 3);
    const struct json *root;
    const struct override *o;

    MUST(json_read(a, text, JSON_DEPTH_DEFAULT, &root, NULL) == ERR_OK);
    o = read_override(a, root);
    MUST(o && o->op_count == 1);
    return o;
}

static bool is_readable(struct arena *a, struct str body)
{
    const struct json *root;

    return json_read(a, body, JSON_DEPTH_DEFAULT, &root, NULL) == ERR_OK;
}

/* False when a body on the way is deeper than what is read: then there is nothing to compare. */
static bool apply_one_by_one(struct arena *a, const struct json *ops, struct result *r)
{
    JSON_EACH (op, ops) {
        apply(a, only(a, op), r);
        if (r->rc != ERR_OK || r->refusal.refused)
            return true;
        if (!is_readable(a, r->body))
            return false;
    }
    return true;
}

static void check_same(const struct result *x, const struct result *y)
{
    MUST(x->rc == y->rc && x->refusal.refused == y->refusal.refused);
    if (x->refusal.refused) {
        MUST(str_eq(x->refusal.message, y->refusal.message));
        return;
    }
    if (x->rc != ERR_OK)
        return;
    MUST(str_eq(x->body, y->body));
    MUST(x->headers.n == y->headers.n);
    for (size_t i = 0; i < x->headers.n; i++) {
        MUST(str_eq(x->headers.at[i].name, y->headers.at[i].name));
        MUST(str_eq(x->headers.at[i].value, y->headers.at[i].value));
        for (size_t k = 0; k < i; k++)
            MUST(!str_eq_nocase(x->headers.at[i].name, x->headers.at[k].name));
    }
}

static void check_body(struct arena *a, struct str before, const struct result *r)
{
    const struct json *was, *is;

    if (json_read(a, before, JSON_DEPTH_DEFAULT, &was, NULL) != ERR_OK) {
        MUST(r->body.p == before.p && r->body.n == before.n);
        return;
    }
    MUST(json_read(a, r->body, DEEPEST, &is, NULL) == ERR_OK);
    if (json_is(was, JSON_OBJECT))
        MUST(json_is(is, JSON_OBJECT));
}

static void run(struct arena *a, const struct json *root, const struct override *o, struct str body)
{
    struct result at_once, one_by_one;

    begin(a, &at_once, body);
    apply(a, o, &at_once);
    if (at_once.rc == ERR_OK && !at_once.refusal.refused)
        check_body(a, body, &at_once);
    if (o->op_count == 0)
        MUST(at_once.body.p == body.p);
    begin(a, &one_by_one, body);
    if (is_readable(a, body) && apply_one_by_one(a, json_get(root, STR("operations")), &one_by_one))
        check_same(&at_once, &one_by_one);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    CLEANUP(arena_finip) struct arena a;
    struct str body = str_make((const char *)data, n), text = str_cut(&body, '\n');
    const struct override *o;
    const struct json *root;

    arena_init(&a, 0);
    if (json_read(&a, text, JSON_DEPTH_DEFAULT - 4, &root, NULL) == ERR_OK &&
        json_is(root, JSON_OBJECT)) {
        o = read_override(&a, root);
        if (o)
            run(&a, root, o, body);
    }
    return 0;
}
