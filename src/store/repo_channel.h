/*
 * repo_channel - the table `channels` and, always together with it, `abilities` (database reference
 * 1.1, 1.6, 4.7, 5.1). See repo.h for what holds for all functions.
 *
 * Whatever changes models, group, status, priority, weight or tag of a channel brings its abilities
 * along in the same transaction. Each such function opens one when the caller has none.
 */
#pragma once
#include "model/channel.h"
#include "store/db.h"
#include "store/repo.h"

enum channel_column {
    CHANNEL_COL_ID,
    CHANNEL_COL_TYPE,
    CHANNEL_COL_KEY,
    CHANNEL_COL_ORGANIZATION,
    CHANNEL_COL_TEST_MODEL,
    CHANNEL_COL_STATUS,
    CHANNEL_COL_NAME,
    CHANNEL_COL_WEIGHT,
    CHANNEL_COL_CREATED_TIME,
    CHANNEL_COL_TEST_TIME,
    CHANNEL_COL_RESPONSE_TIME,
    CHANNEL_COL_BASE_URL,
    CHANNEL_COL_OTHER,
    CHANNEL_COL_BALANCE,
    CHANNEL_COL_BALANCE_UPDATED_TIME,
    CHANNEL_COL_MODELS,
    CHANNEL_COL_GROUP,
    CHANNEL_COL_USED_QUOTA,
    CHANNEL_COL_MODEL_MAPPING,
    CHANNEL_COL_STATUS_CODE_MAPPING,
    CHANNEL_COL_PRIORITY,
    CHANNEL_COL_AUTO_BAN,
    CHANNEL_COL_OTHER_INFO,
    CHANNEL_COL_TAG,
    CHANNEL_COL_SETTING,
    CHANNEL_COL_PARAM_OVERRIDE,
    CHANNEL_COL_HEADER_OVERRIDE,
    CHANNEL_COL_REMARK,
    CHANNEL_COL_CHANNEL_INFO, /* JSON; empty is written as NULL */
    CHANNEL_COL_SETTINGS,
    CHANNEL_COLUMNS
};

struct channel_page {
    struct channel *rows;
    size_t count;
    int64_t total; /* rows (or tags, see repo_channel_page_tags()) of all pages */
};

enum channel_status_filter { CHANNEL_ANY_STATUS, CHANNEL_ONLY_ENABLED, CHANNEL_ONLY_DISABLED };

/* Every member that is empty or zero lets everything pass (admin-api 3.8, 7.1). */
struct channel_filter {
    struct str keyword; /* the id when a number, in the name, in the base URL, or the whole key */
    struct str group;   /* one element of the comma list */
    struct str model;   /* a part of `models` */
    struct str tag;     /* exactly */
    enum channel_status_filter status;
    int64_t type;
    bool id_sort; /* highest id first; otherwise highest priority first, then highest id */
};

/* How many channels of a type: the `type_counts` of later versions. */
struct channel_type_count {
    int64_t type, count;
};

/* All channels with any status, lowest id first: for the snapshot. */
MUST_CHECK enum err_code repo_channel_list_all(struct db_conn *c, struct arena *a,
                                               struct channel **rows, size_t *count,
                                               struct err *err);
MUST_CHECK enum err_code repo_channel_find(struct db_conn *c, struct arena *a, int64_t id,
                                           struct channel **out, struct err *err);
MUST_CHECK enum err_code repo_channel_page(struct db_conn *c, struct arena *a,
                                           const struct channel_filter *filter,
                                           struct repo_page page, struct channel_page *out,
                                           struct err *err);
/* Tag mode: the page counts distinct non-empty tags of the channels that the filter lets pass (in
 * the order of the tags); the rows are all channels of those tags. total = number of tags. */
MUST_CHECK enum err_code repo_channel_page_tags(struct db_conn *c, struct arena *a,
                                                const struct channel_filter *filter,
                                                struct repo_page page, struct channel_page *out,
                                                struct err *err);
/* The longest `models` of the tag's channels; empty when there is none. */
MUST_CHECK enum err_code repo_channel_find_tag_models(struct db_conn *c, struct arena *a,
                                                      struct str tag, struct str *models,
                                                      struct err *err);
/* Channels a type, of those that the filter lets pass but for its `type`. */
MUST_CHECK enum err_code repo_channel_count_types(struct db_conn *c, struct arena *a,
                                                  const struct channel_filter *filter,
                                                  struct channel_type_count **rows, size_t *count,
                                                  struct err *err);

/* Writes every column but the id, which is given out, and the abilities. Zero status becomes 1, an
 * empty group `default`; *_null members write NULL. */
MUST_CHECK enum err_code repo_channel_insert(struct db_conn *c, const struct channel *row,
                                             int64_t *id, struct err *err);
/* Writes the columns of the mask to row->id and rebuilds the abilities when one of theirs is among
 * them. An unknown id: *found false, nothing written. used_quota is not for updates. */
MUST_CHECK enum err_code repo_channel_update(struct db_conn *c, const struct channel *row,
                                             uint64_t columns, bool *found, struct err *err);
/* An automatic or manual change of the status with its note (`other_info`, JSON text; STR_NULL
 * leaves it). Only when the status is not `status` already: *changed. */
MUST_CHECK enum err_code repo_channel_set_status(struct db_conn *c, int64_t id,
                                                 enum channel_status status, struct str other_info,
                                                 bool *changed, struct err *err);
MUST_CHECK enum err_code repo_channel_set_test_result(struct db_conn *c, int64_t id,
                                                      int64_t response_time_ms, int64_t now_s,
                                                      struct err *err);
MUST_CHECK enum err_code repo_channel_set_balance(struct db_conn *c, int64_t id, double balance,
                                                  int64_t now_s, struct err *err);

/* Deletes channels and their abilities in one transaction; *deleted (may be NULL) counts channels.
 */
MUST_CHECK enum err_code repo_channel_delete(struct db_conn *c, const int64_t *ids, size_t n,
                                             int64_t *deleted, struct err *err);
/* All with status 2 or 3. */
MUST_CHECK enum err_code repo_channel_delete_disabled(struct db_conn *c, int64_t *deleted,
                                                      struct err *err);

/* Tag-wide changes (admin-api 5.7.3); `tag` must not be empty. *changed (may be NULL): channels. */
MUST_CHECK enum err_code repo_channel_set_tag_status(struct db_conn *c, struct str tag,
                                                     enum channel_status status, int64_t *changed,
                                                     struct err *err);
/* Sets (or with an empty `tag` clears) the tag of the channels. */
MUST_CHECK enum err_code repo_channel_set_tag(struct db_conn *c, const int64_t *ids, size_t n,
                                              struct str tag, int64_t *changed, struct err *err);
/* What an edit of a tag writes: the columns of the mask (TAG, PRIORITY, WEIGHT, MODEL_MAPPING,
 * MODELS, GROUP, PARAM_OVERRIDE, HEADER_OVERRIDE only) from `row`, to all channels of `tag`. */
MUST_CHECK enum err_code repo_channel_update_tag(struct db_conn *c, struct str tag,
                                                 const struct channel *row, uint64_t columns,
                                                 int64_t *changed, struct err *err);
