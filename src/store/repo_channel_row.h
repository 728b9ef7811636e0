/*
 * repo_channel_row - what repo_channel.c and repo_channel_tag.c share of the table `channels`.
 */
#pragma once
#include "store/repo_channel.h"
#include "store/repo_row.h"

extern const struct repo_table repo_channel_table;

MUST_CHECK enum err_code repo_channel_fetch(struct db_conn *c, struct arena *a,
                                            struct repo_query *q, struct channel **rows,
                                            size_t *count, struct err *err);
/* " WHERE ..." of the filter. */
void repo_channel_add_filter(struct repo_query *q, struct arena *a, const struct channel_filter *f);
/* The ORDER BY of a page. */
const char *repo_channel_order(const struct channel_filter *f);
/* Writes the channel's abilities anew from the row as it is now. */
MUST_CHECK enum err_code repo_channel_rebuild(struct db_conn *c, int64_t id, struct err *err);
