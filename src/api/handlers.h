/*
 * handlers - every handler of the table of routes, by file. Each reads its request, works on the
 * database and writes its reply; see call.h and envelope.h.
 */
#pragma once
#include "api/call.h"
#include "api/envelope.h"
#include "api/params.h"

/* api_status.c, api_pricing.c, api_setup.c */
api_handler_fn api_status_get, api_status_test, api_status_notice, api_status_about,
    api_status_home_page, api_pricing_get, api_setup_get, api_setup_post;
/* api_user.c: signing in and registering */
api_handler_fn api_user_login, api_user_logout, api_user_register;
/* api_node.c */
api_handler_fn api_node_list;
/* api_user_self.c: one's own account */
api_handler_fn api_self_get, api_self_update, api_self_delete, api_self_access_token,
    api_self_models, api_self_setting, api_self_aff, api_self_aff_transfer;
/* api_user_admin.c */
api_handler_fn api_users_list, api_users_search, api_users_get, api_users_create, api_users_update,
    api_users_manage, api_users_delete;
/* api_channel.c: reading, deleting, tags, repair */
api_handler_fn api_channel_list, api_channel_search, api_channel_get, api_channel_delete,
    api_channel_delete_disabled, api_channel_delete_batch, api_channel_fix;
/* api_channel_edit.c: adding, changing, copying */
api_handler_fn api_channel_create, api_channel_update, api_channel_copy;
/* api_channel_tag.c */
api_handler_fn api_channel_tag_batch, api_channel_tag_enable, api_channel_tag_disable,
    api_channel_tag_update, api_channel_tag_models;
/* api_channel_probe.c, api_channel_models.c */
api_handler_fn api_channel_test_one, api_channel_test_all, api_channel_fetch_models,
    api_channel_fetch_models_form;
/* api_token.c */
api_handler_fn api_token_list, api_token_search, api_token_get, api_token_create, api_token_update,
    api_token_delete;
/* api_log.c, api_data.c */
api_handler_fn api_log_list, api_log_list_own, api_log_search, api_log_search_own, api_log_stat,
    api_log_stat_own, api_log_of_token, api_log_delete, api_data_list, api_data_list_own;
/* api_option.c, api_group.c, api_model.c, api_billing.c */
api_handler_fn api_option_list, api_option_put, api_option_reset_ratio, api_group_list,
    api_group_usable, api_group_own, api_model_by_type, api_model_all, api_model_enabled,
    api_billing_subscription, api_billing_usage;
