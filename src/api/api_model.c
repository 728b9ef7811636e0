/* Lists of models: admin-api 4.3, 4.4, 3.8. */
#include "api/handlers.h"

#include "api/channel_types.h"
#include "store/repo_ability.h"

enum { CREATED = 1626777600 };

/* The original shows one permission, the same for every model. */
#define PERMISSION                                                                                 \
    "[{\"id\":\"modelperm-LwHkVFn8AcMItP432fKKDIKJ\",\"object\":\"model_permission\","             \
    "\"created\":1626777600,\"allow_create_engine\":true,\"allow_sampling\":true,"                 \
    "\"allow_logprobs\":true,\"allow_search_indices\":false,\"allow_view\":true,"                  \
    "\"allow_fine_tuning\":false,\"organization\":\"*\",\"group\":null,\"is_blocking\":false}]"

enum { TYPE_DIFY = 37 }; /* its list is null in the original: Dify has no models */

enum err_code api_model_by_type(struct api_call *c)
{
    size_t n;
    const struct channel_type *types = channel_types_all(&n);
    struct json_writer *w = reply_data_only(c);

    jw_object(w);
    for (size_t i = 0; i < n; i++) {
        if (!types[i].offered)
            continue;
        jw_key(w, arena_fmt(c->arena, "%d", (int)types[i].type));
        if (types[i].type == TYPE_DIFY) {
            jw_null(w);
            continue;
        }
        jw_array(w);
        STR_SPLIT_EACH (name, types[i].models, ',')
            jw_str(w, name);
        jw_end(w);
    }
    jw_end(w);
    return ERR_OK;
}

static void write_models(struct json_writer *w, struct str owner, struct str models)
{
    STR_SPLIT_EACH (name, models, ',') {
        jw_object(w);
        jw_key_str(w, STR("id"), name);
        jw_key_str(w, STR("object"), STR("model"));
        jw_key_i64(w, STR("created"), CREATED);
        jw_key_str(w, STR("owned_by"), owner);
        jw_key_raw(w, STR("permission"), STR(PERMISSION));
        jw_key_str(w, STR("root"), name);
        jw_key_null(w, STR("parent"));
        jw_end(w);
    }
}

enum err_code api_model_all(struct api_call *c)
{
    size_t n;
    const struct channel_type *types = channel_types_all(&n);
    struct json_writer *w = reply_data_only(c);

    jw_array(w);
    for (size_t i = 0; i < n; i++)
        write_models(w, types[i].owner, types[i].models);
    write_models(w, STR("midjourney"), channel_types_midjourney());
    jw_end(w);
    return ERR_OK;
}

enum err_code api_model_enabled(struct api_call *c)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    struct json_writer *w;
    struct str *names;
    size_t n;

    TRY(call_db(c, DB_READ, &conn));
    TRY(repo_ability_list_models(conn, c->arena, &names, &n, &c->err));
    w = reply_data_only(c);
    jw_array(w);
    for (size_t i = 0; i < n; i++)
        jw_str(w, names[i]);
    jw_end(w);
    return ERR_OK;
}
