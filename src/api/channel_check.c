#include "api/channel_check.h"

#include "api/envelope.h"
#include "codec/http1.h"
#include "model/override.h"

enum { TYPE_VERTEX = 41, WEIGHT_MAX = 1000000000 };

/* Texts with a cap, and texts that the relay reads as a JSON object. */
static const struct text_rule {
    const char *name;
    size_t at;   /* of the struct str in struct channel */
    size_t most; /* bytes; 0: no cap but the body's */
    bool json;
} rules[] = {
    {"name", offsetof(struct channel, name), CHANNEL_TEXT_BYTES, false},
    {"tag", offsetof(struct channel, tag), CHANNEL_TEXT_BYTES, false},
    {"group", offsetof(struct channel, group), CHANNEL_GROUP_BYTES, false},
    {"base_url", offsetof(struct channel, base_url), 2048, false},
    {"openai_organization", offsetof(struct channel, open_ai_organization), CHANNEL_TEXT_BYTES,
     false},
    {"test_model", offsetof(struct channel, test_model), CHANNEL_TEXT_BYTES, false},
    {"remark", offsetof(struct channel, remark), CHANNEL_TEXT_BYTES, false},
    {"model_mapping", offsetof(struct channel, model_mapping), 0, true},
    {"status_code_mapping", offsetof(struct channel, status_code_mapping), 0, true},
    {"setting", offsetof(struct channel, setting), 0, true},
    {"settings", offsetof(struct channel, settings), 0, true},
    {"param_override", offsetof(struct channel, param_override), 0, true},
    {"header_override", offsetof(struct channel, header_override), 0, true},
};

/* An object; null and blanks stand for none. */
static bool is_object_text(struct api_call *c, struct str value)
{
    const struct json *root;

    if (str_trim(value).n == 0)
        return true;
    return json_read(c->arena, value, JSON_DEPTH_DEFAULT, &root, NULL) == ERR_OK &&
           (json_is(root, JSON_OBJECT) || json_is(root, JSON_NULL));
}

static enum err_code check_texts(struct api_call *c, const struct channel *row)
{
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        const struct str *value = (const void *)((const char *)row + rules[i].at);

        if (rules[i].most > 0 && value->n > rules[i].most)
            return api_fail_arg(c, MSG_TOO_LONG, str_from(rules[i].name));
        if (rules[i].json && !is_object_text(c, *value))
            return api_fail_arg(c, MSG_NOT_JSON, str_from(rules[i].name));
    }
    return ERR_OK;
}

/* What check_texts() has found to be an object; NULL: none. */
static enum err_code read_object(struct api_call *c, struct str text, const struct json **root)
{
    *root = NULL;
    if (str_trim(text).n == 0)
        return ERR_OK;
    return json_read(c->arena, text, JSON_DEPTH_DEFAULT, root, &c->err);
}

static enum err_code check_override(struct api_call *c, const struct channel *row)
{
    const struct override *o;
    const struct json *root;
    struct err fault;

    TRY(read_object(c, row->param_override, &root));
    if (!root)
        return ERR_OK;
    if (override_read(c->arena, root, &o, &fault) == ERR_OK)
        return ERR_OK;
    return api_fail_arg(c, MSG_BAD_OVERRIDE, str_dup(c->arena, str_from(fault.msg)));
}

static enum err_code check_mapping(struct api_call *c, const struct channel *row)
{
    const struct json *root;

    TRY(read_object(c, row->model_mapping, &root));
    JSON_EACH_MEMBER (name, to, root) {
        if (!json_is(to, JSON_STRING))
            return api_fail_arg(c, MSG_NOT_TEXTS, STR("model_mapping"));
    }
    return ERR_OK;
}

/* A header that cannot be sent would make each call of the channel fail. */
static enum err_code check_headers(struct api_call *c, const struct channel *row)
{
    const struct json *root;

    TRY(read_object(c, row->header_override, &root));
    JSON_EACH_MEMBER (key, from, root) {
        struct str name = json_str_or_null(c->arena, key), value;

        if (!json_str(c->arena, from, &value))
            return api_fail_arg(c, MSG_NOT_TEXTS, STR("header_override"));
        if (!http1_header_ok(name, value))
            return api_fail_arg(c, MSG_BAD_HEADER, name);
    }
    return ERR_OK;
}

static enum err_code check_models(struct api_call *c, const struct channel *row)
{
    STR_SPLIT_EACH (model, row->models, ',') {
        if (model.n > CHANNEL_MODEL_BYTES)
            return api_fail_arg(c, MSG_MODEL_NAME_LONG, model);
    }
    return ERR_OK;
}

static enum err_code check_numbers(struct api_call *c, const struct channel *row)
{
    if (row->weight < 0 || row->weight > WEIGHT_MAX)
        return api_fail_arg(c, MSG_OUT_OF_RANGE, STR("weight"));
    if (row->status < CHANNEL_UNKNOWN || row->status > CHANNEL_AUTO_DISABLED)
        return api_fail(c, MSG_CHANNEL_STATUS);
    if (row->type < 0 || row->type > INT32_MAX)
        return api_fail_arg(c, MSG_OUT_OF_RANGE, STR("type"));
    return ERR_OK;
}

enum err_code channel_check(struct api_call *c, const struct channel *row)
{
    TRY(check_texts(c, row));
    TRY(check_override(c, row));
    TRY(check_mapping(c, row));
    TRY(check_headers(c, row));
    TRY(check_models(c, row));
    return check_numbers(c, row);
}

enum err_code channel_check_region(struct api_call *c, const struct channel *row)
{
    const struct json *root;

    if (row->type != TYPE_VERTEX)
        return ERR_OK;
    if (str_trim(row->other).n == 0)
        return api_fail(c, MSG_VERTEX_REGION);
    if (json_read(c->arena, row->other, 16, &root, NULL) == ERR_OK && json_is(root, JSON_OBJECT) &&
        !json_get(root, STR("default")))
        return api_fail(c, MSG_VERTEX_DEFAULT);
    return ERR_OK;
}
