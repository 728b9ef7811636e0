/* Every route of the management API, once. Source of methods, paths and levels: admin-api
 * section 3. */
#include "api/handlers.h"

enum {
    NONE = 0,         /* no body is wanted */
    SMALL = 64 << 10, /* forms about people and tokens */
    LARGE = 8 << 20,  /* options with price tables, channels with many keys */
};

#define FIRST  API_ROUTE_FIRST_PASSWORD
#define CORS   API_ROUTE_CORS
#define HUMAN  API_ROUTE_TURNSTILE
#define OPENAI (API_ROUTE_OPENAI | API_ROUTE_CORS)

#define GA API_LIMIT_GLOBAL
#define CT API_LIMIT_CRITICAL

#define GET(path, access, limit, flags, handler)                                                   \
    {                                                                                              \
        HTTP_M_GET, path, ACCESS_##access, limit, NONE, flags, handler                             \
    }
#define POST(path, access, limit, body, flags, handler)                                            \
    {                                                                                              \
        HTTP_M_POST, path, ACCESS_##access, limit, body, flags, handler                            \
    }
#define PUT(path, access, limit, body, flags, handler)                                             \
    {                                                                                              \
        HTTP_M_PUT, path, ACCESS_##access, limit, body, flags, handler                             \
    }
#define DELETE(path, access, limit, flags, handler)                                                \
    {                                                                                              \
        HTTP_M_DELETE, path, ACCESS_##access, limit, NONE, flags, handler                          \
    }

static const struct api_route routes[] = {
    /* status and texts */
    GET("/api/status", PUBLIC, GA, 0, api_status_get),
    GET("/api/status/test", ADMIN, GA, 0, api_status_test),
    GET("/api/notice", PUBLIC, GA, 0, api_status_notice),
    GET("/api/about", PUBLIC, GA, 0, api_status_about),
    GET("/api/home_page_content", PUBLIC, GA, 0, api_status_home_page),
    GET("/api/pricing", TRY_USER, GA, 0, api_pricing_get),
    GET("/api/models", USER, GA, 0, api_model_by_type),
    /* set-up */
    GET("/api/setup", PUBLIC, GA, 0, api_setup_get),
    POST("/api/setup", PUBLIC, CT, SMALL, 0, api_setup_post),
    /* users: public and self */
    POST("/api/user/register", PUBLIC, CT, SMALL, HUMAN, api_user_register),
    POST("/api/user/login", PUBLIC, CT, SMALL, HUMAN, api_user_login),
    GET("/api/user/logout", PUBLIC, GA, 0, api_user_logout),
    GET("/api/user/groups", PUBLIC, GA, 0, api_group_usable),
    GET("/api/user/self/groups", USER, GA, 0, api_group_own),
    GET("/api/user/self", USER, GA, 0, api_self_get),
    PUT("/api/user/self", USER, GA, SMALL, FIRST, api_self_update),
    DELETE("/api/user/self", USER, GA, 0, api_self_delete),
    GET("/api/user/models", USER, GA, 0, api_self_models),
    GET("/api/user/token", USER, GA, 0, api_self_access_token),
    GET("/api/user/aff", USER, GA, 0, api_self_aff),
    POST("/api/user/aff_transfer", USER, GA, SMALL, 0, api_self_aff_transfer),
    PUT("/api/user/setting", USER, GA, SMALL, 0, api_self_setting),
    /* nodes */
    GET("/api/node/", ADMIN, GA, 0, api_node_list),
    /* users: administration */
    GET("/api/user/", ADMIN, GA, 0, api_users_list),
    GET("/api/user/search", ADMIN, GA, 0, api_users_search),
    GET("/api/user/:id", ADMIN, GA, 0, api_users_get),
    POST("/api/user/", ADMIN, GA, SMALL, 0, api_users_create),
    PUT("/api/user/", ADMIN, GA, SMALL, 0, api_users_update),
    POST("/api/user/manage", ADMIN, GA, SMALL, 0, api_users_manage),
    DELETE("/api/user/:id", ADMIN, GA, 0, api_users_delete),
    /* options */
    GET("/api/option/", ROOT, GA, 0, api_option_list),
    PUT("/api/option/", ROOT, GA, LARGE, 0, api_option_put),
    POST("/api/option/rest_model_ratio", ROOT, GA, SMALL, 0, api_option_reset_ratio),
    /* channels */
    GET("/api/channel/", ADMIN, GA, 0, api_channel_list),
    GET("/api/channel/search", ADMIN, GA, 0, api_channel_search),
    GET("/api/channel/models", ADMIN, GA, 0, api_model_all),
    GET("/api/channel/models_enabled", ADMIN, GA, 0, api_model_enabled),
    GET("/api/channel/:id", ADMIN, GA, 0, api_channel_get),
    POST("/api/channel/", ADMIN, GA, LARGE, 0, api_channel_create),
    PUT("/api/channel/", ADMIN, GA, LARGE, 0, api_channel_update),
    DELETE("/api/channel/disabled", ADMIN, GA, 0, api_channel_delete_disabled),
    DELETE("/api/channel/:id", ADMIN, GA, 0, api_channel_delete),
    POST("/api/channel/batch", ADMIN, GA, LARGE, 0, api_channel_delete_batch),
    POST("/api/channel/batch/tag", ADMIN, GA, LARGE, 0, api_channel_tag_batch),
    POST("/api/channel/tag/enabled", ADMIN, GA, SMALL, 0, api_channel_tag_enable),
    POST("/api/channel/tag/disabled", ADMIN, GA, SMALL, 0, api_channel_tag_disable),
    GET("/api/channel/tag/models", ADMIN, GA, 0, api_channel_tag_models),
    PUT("/api/channel/tag", ADMIN, GA, LARGE, 0, api_channel_tag_update),
    POST("/api/channel/fix", ADMIN, GA, SMALL, 0, api_channel_fix),
    POST("/api/channel/copy/:id", ADMIN, GA, SMALL, 0, api_channel_copy),
    GET("/api/channel/test", ADMIN, GA, 0, api_channel_test_all),
    GET("/api/channel/test/:id", ADMIN, GA, 0, api_channel_test_one),
    GET("/api/channel/fetch_models/:id", ADMIN, GA, 0, api_channel_fetch_models),
    POST("/api/channel/fetch_models", ADMIN, GA, LARGE, 0, api_channel_fetch_models_form),
    /* tokens */
    GET("/api/token/", USER, GA, 0, api_token_list),
    GET("/api/token/search", USER, GA, 0, api_token_search),
    GET("/api/token/:id", USER, GA, 0, api_token_get),
    POST("/api/token/", USER, GA, SMALL, 0, api_token_create),
    PUT("/api/token/", USER, GA, SMALL, 0, api_token_update),
    DELETE("/api/token/:id", USER, GA, 0, api_token_delete),
    /* logs */
    GET("/api/log/", ADMIN, GA, 0, api_log_list),
    GET("/api/log/self", USER, GA, 0, api_log_list_own),
    GET("/api/log/search", ADMIN, GA, 0, api_log_search),
    GET("/api/log/self/search", USER, GA, 0, api_log_search_own),
    GET("/api/log/stat", ADMIN, GA, 0, api_log_stat),
    GET("/api/log/self/stat", USER, GA, 0, api_log_stat_own),
    GET("/api/log/token", PUBLIC, GA, CORS, api_log_of_token),
    DELETE("/api/log/", ADMIN, GA, 0, api_log_delete),
    /* dashboard, groups */
    GET("/api/data/", ADMIN, GA, 0, api_data_list),
    GET("/api/data/self", USER, GA, 0, api_data_list_own),
    GET("/api/group/", ADMIN, GA, 0, api_group_list),
    /* billing, as OpenAI once had it */
    GET("/dashboard/billing/subscription", TOKEN, GA, OPENAI, api_billing_subscription),
    GET("/v1/dashboard/billing/subscription", TOKEN, GA, OPENAI, api_billing_subscription),
    GET("/dashboard/billing/usage", TOKEN, GA, OPENAI, api_billing_usage),
    GET("/v1/dashboard/billing/usage", TOKEN, GA, OPENAI, api_billing_usage),
};

const struct api_route *api_routes(size_t *n)
{
    *n = ARRAY_LEN(routes);
    return routes;
}
