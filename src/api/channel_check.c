#include "api/channel_check.h"

#include "api/envelope.h"

enum { TYPE_VERTEX = 41, WEIGHT_MAX = 1000000000 };

static enum err_code check_length(struct api_call *c, struct str value, size_t most,
                                  const char *name)
{
    return value.n <= most ? ERR_OK : api_fail_arg(c, MSG_TOO_LONG, str_from(name));
}

/* Text columns that the relay reads as a JSON object. */
static enum err_code check_json(struct api_call *c, struct str value, const char *name)
{
    const struct json *root;

    if (str_trim(value).n == 0)
        return ERR_OK;
    if (json_read(c->arena, value, JSON_DEPTH_DEFAULT, &root, NULL) == ERR_OK &&
        (json_is(root, JSON_OBJECT) || json_is(root, JSON_NULL)))
        return ERR_OK;
    return api_fail_arg(c, MSG_NOT_JSON, str_from(name));
}

static enum err_code check_lists(struct api_call *c, const struct channel *row)
{
    STR_SPLIT_EACH (model, row->models, ',') {
        if (model.n > CHANNEL_MODEL_BYTES)
            return api_fail_arg(c, MSG_MODEL_NAME_LONG, model);
    }
    return check_length(c, row->group, CHANNEL_GROUP_BYTES, "group");
}

static enum err_code check_numbers(struct api_call *c, const struct channel *row)
{
    if (row->weight < 0 || row->weight > WEIGHT_MAX)
        return api_fail_arg(c, MSG_BAD_MEMBER, STR("weight"));
    if (row->status < CHANNEL_UNKNOWN || row->status > CHANNEL_AUTO_DISABLED)
        return api_fail(c, MSG_CHANNEL_STATUS);
    if (row->type < 0 || row->type > INT32_MAX)
        return api_fail_arg(c, MSG_BAD_MEMBER, STR("type"));
    return ERR_OK;
}

enum err_code channel_check(struct api_call *c, const struct channel *row)
{
    TRY(check_length(c, row->name, CHANNEL_TEXT_BYTES, "name"));
    TRY(check_length(c, row->tag, CHANNEL_TEXT_BYTES, "tag"));
    TRY(check_length(c, row->base_url, 2048, "base_url"));
    TRY(check_length(c, row->open_ai_organization, CHANNEL_TEXT_BYTES, "openai_organization"));
    TRY(check_length(c, row->test_model, CHANNEL_TEXT_BYTES, "test_model"));
    TRY(check_length(c, row->remark, CHANNEL_TEXT_BYTES, "remark"));
    TRY(check_lists(c, row));
    TRY(check_json(c, row->model_mapping, "model_mapping"));
    TRY(check_json(c, row->status_code_mapping, "status_code_mapping"));
    TRY(check_json(c, row->setting, "setting"));
    TRY(check_json(c, row->settings, "settings"));
    TRY(check_json(c, row->param_override, "param_override"));
    TRY(check_json(c, row->header_override, "header_override"));
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
