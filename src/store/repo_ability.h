/*
 * repo_ability - the table `abilities`, derived from `channels`: one row a (group, model, channel)
 * (database reference 1.6, 4.7). It holds no information of its own. Orphan rows of databases
 * written by other programs are tolerated: lists join the channel. See repo.h.
 */
#pragma once
#include "model/channel.h"
#include "store/db.h"
#include "store/repo.h"

/* Deletes the channel's rows and writes them anew from models x group, without duplicates; empty
 * names are left out. In the caller's transaction, or one of its own. */
MUST_CHECK enum err_code repo_ability_rebuild(struct db_conn *c, const struct channel *channel,
                                              struct err *err);
/* Deletes the rows of `n` channels. */
MUST_CHECK enum err_code repo_ability_delete(struct db_conn *c, const int64_t *channel_ids,
                                             size_t n, struct err *err);
/* Repair (admin-api 5.7.4): deletes rows of channels that are gone and writes those of every
 * channel anew. *channels: how many there are; *rebuilt: how many of them had none. */
MUST_CHECK enum err_code repo_ability_fix(struct db_conn *c, int64_t *channels, int64_t *rebuilt,
                                          struct err *err);

/* Distinct names, sorted. */
MUST_CHECK enum err_code repo_ability_list_group_models(struct db_conn *c, struct arena *a,
                                                        struct str group, struct str **models,
                                                        size_t *count, struct err *err);
MUST_CHECK enum err_code repo_ability_list_models(struct db_conn *c, struct arena *a,
                                                  struct str **models, size_t *count,
                                                  struct err *err);
MUST_CHECK enum err_code repo_ability_list_groups(struct db_conn *c, struct arena *a,
                                                  struct str **groups, size_t *count,
                                                  struct err *err);
