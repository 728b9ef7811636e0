#include "dialect/openai_chunk.h"

#include "base/json_patch.h"
#include "base/json_write.h"

/* {"role":..,"content":..} -> "delta" of the choice; tool calls need the index that a stream gives
 * them. */
static void patch_tool_calls(struct arena *a, struct json_patch *patch, const struct json *message)
{
    size_t index = 0;

    JSON_EACH (call, json_get(message, STR("tool_calls"))) {
        if (!json_get(call, STR("index")) && json_is(call, JSON_OBJECT))
            json_patch_set(patch, call, STR("index"), arena_fmt(a, "%zu", index));
        index++;
    }
}

static struct str render(struct arena *a, struct json_patch *patch)
{
    size_t n;
    const struct str *parts = json_patch_render(patch, &n);

    return str_concat(a, parts, n);
}

/* The message's text with its tool calls numbered. */
static struct str delta_of(struct arena *a, const struct json *message)
{
    struct str text = json_raw(message);
    const struct json *own;
    struct json_patch *patch;

    if (json_read(a, text, JSON_DEPTH_DEFAULT, &own, NULL) != ERR_OK)
        return text;
    patch = json_patch_new(a, text, own);
    patch_tool_calls(a, patch, own);
    return render(a, patch);
}

enum err_code openai_chunk_from_answer(struct arena *a, struct str answer, struct str *chunk,
                                       struct str *usage, struct err *err)
{
    const struct json *root, *choices;
    struct json_patch *patch;
    enum err_code rc;

    *chunk = *usage = STR_NULL;
    rc = json_read(a, answer, JSON_DEPTH_DEFAULT, &root, err);
    if (rc != ERR_OK)
        return rc;
    choices = json_get(root, STR("choices"));
    if (json_count(choices) == 0)
        return err_set(err, ERR_UPSTREAM_BODY, "the answer has no choices");
    patch = json_patch_new(a, answer, root);
    if (json_str_eq(json_get(root, STR("object")), STR("chat.completion")))
        json_patch_set(patch, root, STR("object"), STR("\"chat.completion.chunk\""));
    json_patch_delete(patch, root, STR("usage"));
    JSON_EACH (choice, choices) {
        const struct json *message = json_get(choice, STR("message"));

        if (!message)
            continue;
        json_patch_delete(patch, choice, STR("message"));
        json_patch_set(patch, choice, STR("delta"), delta_of(a, message));
    }
    *usage = json_raw(json_get(root, STR("usage")));
    *chunk = render(a, patch);
    return ERR_OK;
}
