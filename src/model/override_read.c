/*
 * Reads the column param_override. What a mode needs is a row of bits; each bit has a reader that
 * takes its members from the step and refuses what could not be done later.
 */
#include "model/override_op.h"

enum {
    NEED_PATH = 1 << 0,
    NEED_VALUE = 1 << 1,
    NEED_TEXT = 1 << 2, /* a string in `value` that is not empty */
    NEED_SCALAR = 1 << 3,
    NEED_FROM_TO = 1 << 4,
    NEED_PATTERN = 1 << 5, /* in `from`, and what stands instead in `to` */
    NEED_ERROR = 1 << 6,
    NEED_PRUNE = 1 << 7,
    NEED_HEADER = 1 << 8,  /* a name in `path` */
    NEED_HEADERS = 1 << 9, /* names in `from` and `to` */
    NEED_NAMES = 1 << 10,
    NEED_ENDS = 1 << 11,
};

enum { OPS_CAP = 256, CONDITIONS_CAP = 64, NAMES_CAP = 64 };

static const struct {
    struct str name;
    unsigned needs;
} modes[OVERRIDE_MODE_COUNT] = {
#define X(name, mode, needs) [OVERRIDE_##mode] = {STR_INIT(name), (needs)},
    OVERRIDE_MODES(X)
#undef X
};

static const struct {
    struct str name;
    enum override_relation relation;
    bool number;
} relations[] = {
    {STR_INIT("full"), CONDITION_FULL, false},
    {STR_INIT("prefix"), CONDITION_PREFIX, false},
    {STR_INIT("suffix"), CONDITION_SUFFIX, false},
    {STR_INIT("contains"), CONDITION_CONTAINS, false},
    {STR_INIT("gt"), CONDITION_GT, true},
    {STR_INIT("gte"), CONDITION_GTE, true},
    {STR_INIT("lt"), CONDITION_LT, true},
    {STR_INIT("lte"), CONDITION_LTE, true},
};

struct reader {
    struct arena *arena;
    size_t index; /* of the step */
    struct err *err;
};

static enum err_code bad(struct reader *r, const char *what)
{
    return err_set(r->err, ERR_BAD_REQUEST, "operations[%zu]: %s", r->index, what);
}

static struct str member_text(struct reader *r, const struct json *object, struct str name)
{
    return str_trim(json_str_or_null(r->arena, json_get(object, name)));
}

struct str override_text(struct arena *a, const struct json *value)
{
    struct str text;

    return json_str(a, value, &text) ? text : json_raw(value);
}

/* ---- conditions ---- */

static enum err_code read_logic(struct reader *r, const struct json *object, bool fallback,
                                bool *all)
{
    struct str logic = member_text(r, object, STR("logic"));

    *all = logic.n > 0 ? str_eq_nocase(logic, STR("AND")) : fallback;
    if (logic.n > 0 && !*all && !str_eq_nocase(logic, STR("OR")))
        return bad(r, "logic 应为 AND 或 OR (logic is AND or OR)");
    return ERR_OK;
}

static enum err_code read_relation(struct reader *r, const struct json *from,
                                   struct override_condition *c)
{
    struct str name = member_text(r, from, STR("mode"));
    double number;

    if (name.n == 0)
        name = STR("full");
    for (size_t i = 0; i < ARRAY_LEN(relations); i++) {
        if (!str_eq(name, relations[i].name))
            continue;
        c->relation = relations[i].relation;
        if (relations[i].number && !json_f64(c->value, &number))
            return bad(r, "条件的 value 应为数字 (the condition's value is a number)");
        return ERR_OK;
    }
    return bad(r, "条件的 mode 未知 (unknown mode of a condition)");
}

static void set_value(struct reader *r, struct override_condition *c, const struct json *value)
{
    c->value = value;
    c->text = override_text(r->arena, value);
}

static enum err_code read_condition(struct reader *r, const struct json *from,
                                    struct override_condition *c)
{
    struct str path = member_text(r, from, STR("path"));

    if (!json_is(from, JSON_OBJECT) || path.n == 0 || !json_path_read(r->arena, path, &c->path))
        return bad(r, "条件的 path 无效 (a condition's path is not valid)");
    if (!json_get(from, STR("value")))
        return bad(r, "条件缺少 value (a condition has no value)");
    set_value(r, c, json_get(from, STR("value")));
    c->invert = json_bool_or(json_get(from, STR("invert")), false);
    c->if_missing = json_bool_or(json_get(from, STR("pass_missing_key")), false);
    return read_relation(r, from, c);
}

/* Adds them behind those that are there; there is room. */
static enum err_code read_conditions(struct reader *r, const struct json *list,
                                     struct override_condition *at, size_t *n)
{
    if (list && !json_is(list, JSON_ARRAY) && !json_is(list, JSON_NULL))
        return bad(r, "conditions 应为数组 (conditions is an array)");
    JSON_EACH (item, list)
        TRY(read_condition(r, item, &at[(*n)++]));
    return ERR_OK;
}

static struct override_condition *room_for(struct reader *r, size_t n)
{
    return n <= CONDITIONS_CAP ? arena_new_array(r->arena, struct override_condition, n + 1) : NULL;
}

static enum err_code read_own_conditions(struct reader *r, const struct json *from,
                                         struct override_op *op)
{
    const struct json *list = json_get(from, STR("conditions"));
    struct override_condition *at = room_for(r, json_count(list));

    if (!at)
        return bad(r, "条件过多 (too many conditions)");
    op->conditions.at = at;
    TRY(read_conditions(r, list, at, &op->conditions.n));
    return read_logic(r, from, false, &op->conditions.all);
}

/* ---- what modes need ---- */

static enum err_code read_path(struct reader *r, const struct json *from, const char *name,
                               struct json_path *out)
{
    struct str text = member_text(r, from, str_from(name));

    if (text.n > 0 && json_path_read(r->arena, text, out))
        return ERR_OK;
    return err_set(r->err, ERR_BAD_REQUEST, "operations[%zu]: %s 无效 (%s is not a valid path)",
                   r->index, name, name);
}

static enum err_code check_value(struct reader *r, unsigned needs, const struct override_op *op)
{
    bool is_text = json_is(op->value, JSON_STRING);

    if (!op->value)
        return bad(r, "缺少 value (value is missing)");
    if ((needs & NEED_TEXT) && (!is_text || op->text.n == 0))
        return bad(r, "value 应为非空字符串 (value is a string that is not empty)");
    if ((needs & NEED_SCALAR) && !is_text && !json_is(op->value, JSON_NUMBER) &&
        !json_is(op->value, JSON_BOOL))
        return bad(r, "value 应为字符串 (value is a string)");
    return ERR_OK;
}

static enum err_code read_pattern(struct reader *r, const struct json *from, struct override_op *op)
{
    struct err fault;

    if (!json_str(r->arena, json_get(from, STR("from")), &op->from_text) || op->from_text.n == 0)
        return bad(r, "from 应为非空字符串 (from is a string that is not empty)");
    op->to_text = json_str_or_null(r->arena, json_get(from, STR("to")));
    if (op->mode != OVERRIDE_REGEX_REPLACE)
        return ERR_OK;
    if (regex_compile(r->arena, op->from_text, &op->regex, &fault) != ERR_OK)
        return err_set(r->err, ERR_BAD_REQUEST,
                       "operations[%zu]: from 不是有效的正则表达式 (not a regular expression): %s",
                       r->index, fault.msg);
    if (!regex_is_replacement(op->to_text))
        return bad(r, "to 中的 $ 无效，请写 $$ (a $ in to is not valid, write $$)");
    return ERR_OK;
}

/* A string is the message; an object has more to say. */
static enum err_code read_error(struct reader *r, struct override_op *op)
{
    struct override_refusal *refusal = &op->refusal;
    const struct json *v = op->value;
    int64_t status;

    refusal->refused = true;
    refusal->message = json_is(v, JSON_STRING) ? op->text : member_text(r, v, STR("message"));
    status = json_i64_or(json_get(v, STR("status_code")), 400);
    refusal->status = (int)status;
    refusal->type = member_text(r, v, STR("type"));
    if (refusal->type.n == 0)
        refusal->type = STR("invalid_request_error");
    refusal->code = member_text(r, v, STR("code"));
    refusal->retry = !json_bool_or(json_get(v, STR("skip_retry")), true);
    if (refusal->message.n == 0)
        return bad(r, "value 缺少 message (value has no message)");
    if (status < 400 || status > 599)
        return bad(r, "status_code 应为 400 到 599 (status_code is from 400 to 599)");
    return ERR_OK;
}

static void add_equal(struct reader *r, struct override_conditions *c,
                      struct override_condition *at, struct str path, const struct json *value)
{
    struct override_condition *made = &at[c->n];

    if (value && json_path_read(r->arena, path, &made->path)) {
        set_value(r, made, value);
        c->n++;
    }
}

/* A string is the `type` of what goes; an object names type, where, conditions, logic, recursive.
 */
static enum err_code read_prune(struct reader *r, const struct json *from, struct override_op *op)
{
    const struct json *v = op->value, *where = json_get(v, STR("where")),
                      *list = json_get(v, STR("conditions"));
    struct override_condition *at = room_for(r, json_count(list) + json_count(where) + 1);

    if (member_text(r, from, STR("path")).n > 0)
        TRY(read_path(r, from, "path", &op->path));
    if (!at)
        return bad(r, "条件过多 (too many conditions)");
    op->prune.at = at;
    add_equal(r, &op->prune, at, STR("type"),
              json_is(v, JSON_STRING) ? v : json_get(v, STR("type")));
    JSON_EACH_MEMBER (key, value, where)
        add_equal(r, &op->prune, at, json_str_or_null(r->arena, key), value);
    TRY(read_conditions(r, list, at, &op->prune.n));
    if (op->prune.n == 0)
        return bad(r, "value 未指明要删除的对象 (value does not say which objects)");
    op->recursive = json_bool_or(json_get(v, STR("recursive")), true);
    return read_logic(r, v, true, &op->prune.all);
}

/* ---- headers ---- */

static bool is_header_name(struct str name)
{
    static const struct str others = STR_INIT("!#$%&'*+-.^_`|~");

    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];

        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
            str_find_char(others, c) < 0)
            return false;
    }
    return name.n > 0;
}

static enum err_code check_header(struct reader *r, struct str name)
{
    return is_header_name(name) ? ERR_OK : bad(r, "请求头名称无效 (not the name of a header)");
}

/* `from` and `to`; `path` stands for the one that is not there. */
static enum err_code read_headers(struct reader *r, const struct json *from, struct override_op *op)
{
    struct str path = member_text(r, from, STR("path"));

    op->from_header = member_text(r, from, STR("from"));
    op->to_header = member_text(r, from, STR("to"));
    if (op->from_header.n == 0)
        op->from_header = path;
    if (op->to_header.n == 0)
        op->to_header = path;
    TRY(check_header(r, op->from_header));
    return check_header(r, op->to_header);
}

static enum err_code add_name(struct reader *r, struct str *names, struct str name,
                              struct override_op *op)
{
    if (op->name_count == NAMES_CAP)
        return bad(r, "请求头过多 (too many headers)");
    TRY(check_header(r, name));
    if (!override_may_pass(name))
        return err_set(r->err, ERR_BAD_REQUEST,
                       "operations[%zu]: 不能传递请求头 (not to be passed): %.*s", r->index,
                       STR_ARG(name));
    names[op->name_count++] = name;
    return ERR_OK;
}

/* An array of names, or names with commas between. */
static enum err_code read_names(struct reader *r, struct override_op *op)
{
    struct str *names = arena_new_array(r->arena, struct str, NAMES_CAP);

    op->names = names;
    if (json_is(op->value, JSON_STRING)) {
        STR_SPLIT_EACH (name, op->text, ',')
            TRY(add_name(r, names, name, op));
    }
    JSON_EACH (item, op->value)
        TRY(add_name(r, names, str_trim(json_str_or_null(r->arena, item)), op));
    if (op->name_count == 0)
        return bad(r, "value 应为请求头名称的数组 (value is an array of names of headers)");
    return ERR_OK;
}

static enum err_code read_end(struct reader *r, const struct json *from, const char *name,
                              struct override_end *end)
{
    struct str text = member_text(r, from, str_from(name));

    end->header = str_starts(text, STR("header:"));
    if (end->header) {
        end->name = str_trim(str_skip(text, 7));
        return check_header(r, end->name);
    }
    if (str_starts(text, STR("json:")))
        text = str_trim(str_skip(text, 5));
    if (text.n > 0 && json_path_read(r->arena, text, &end->path))
        return ERR_OK;
    return bad(r, "from 和 to 应为 json:路径 或 header:名称 (from and to are json:PATH or "
                  "header:NAME)");
}

/* ---- the whole ---- */

static enum err_code read_paths(struct reader *r, const struct json *from, unsigned needs,
                                struct override_op *op)
{
    if (needs & NEED_PATH)
        TRY(read_path(r, from, "path", &op->path));
    if (needs & NEED_FROM_TO) {
        TRY(read_path(r, from, "from", &op->from));
        TRY(read_path(r, from, "to", &op->to));
    }
    if (needs & NEED_HEADER) {
        op->header = member_text(r, from, STR("path"));
        TRY(check_header(r, op->header));
    }
    if (needs & NEED_HEADERS)
        TRY(read_headers(r, from, op));
    if (needs & NEED_ENDS) {
        TRY(read_end(r, from, "from", &op->ends[0]));
        TRY(read_end(r, from, "to", &op->ends[1]));
    }
    return ERR_OK;
}

static enum err_code read_needs(struct reader *r, const struct json *from, unsigned needs,
                                struct override_op *op)
{
    TRY(read_paths(r, from, needs, op));
    if (needs & (NEED_VALUE | NEED_TEXT | NEED_SCALAR))
        TRY(check_value(r, needs, op));
    if (needs & NEED_PATTERN)
        TRY(read_pattern(r, from, op));
    if (needs & NEED_ERROR)
        TRY(read_error(r, op));
    if (needs & NEED_PRUNE)
        TRY(read_prune(r, from, op));
    if (needs & NEED_NAMES)
        TRY(read_names(r, op));
    return ERR_OK;
}

static enum err_code read_op(struct reader *r, const struct json *from, struct override_op *op)
{
    struct str name = member_text(r, from, STR("mode"));

    op->value = json_get(from, STR("value"));
    op->text = override_text(r->arena, op->value);
    op->keep_origin = json_bool_or(json_get(from, STR("keep_origin")), false);
    for (size_t i = 0; i < OVERRIDE_MODE_COUNT; i++) {
        if (!str_eq(name, modes[i].name))
            continue;
        op->mode = (enum override_mode)i;
        TRY(read_needs(r, from, modes[i].needs, op));
        return read_own_conditions(r, from, op);
    }
    return err_set(r->err, ERR_BAD_REQUEST, "operations[%zu]: mode 未知 (unknown mode): %.*s",
                   r->index, (int)(name.n < 40 ? name.n : 40), name.p);
}

static enum err_code read_ops(struct reader *r, const struct json *list, struct override *o)
{
    struct override_op *ops = arena_new_array(r->arena, struct override_op, json_count(list));

    if (!json_is(list, JSON_ARRAY))
        return err_set(r->err, ERR_BAD_REQUEST, "operations 应为数组 (operations is an array)");
    if (json_count(list) > OPS_CAP)
        return err_set(r->err, ERR_BAD_REQUEST, "operations 过多 (more than %d operations)",
                       OPS_CAP);
    o->ops = ops;
    JSON_EACH (item, list) {
        r->index = o->op_count;
        TRY(read_op(r, item, &ops[o->op_count++]));
    }
    return ERR_OK;
}

enum err_code override_read(struct arena *a, const struct json *root, const struct override **out,
                            struct err *err)
{
    struct reader r = {.arena = a, .err = err};
    struct override *o = arena_new(a, struct override);
    struct override_member *members = arena_new_array(a, struct override_member, json_count(root));

    *out = NULL;
    o->members = members;
    JSON_EACH_MEMBER (key, value, root) {
        if (json_str_eq(key, STR("operations")))
            continue;
        members[o->member_count].name = json_str_or_null(a, key);
        members[o->member_count++].value = json_raw(value);
    }
    if (json_get(root, STR("operations")))
        TRY(read_ops(&r, json_get(root, STR("operations")), o));
    *out = o;
    return ERR_OK;
}
