/*
 * rows - database rows as the JSON objects of admin-api section 2: one function an object, every
 * field always there. Nothing here knows who asks, but for what the flags say.
 */
#pragma once
#include "base/json_write.h"
#include "model/account.h"
#include "model/channel.h"
#include "store/repo_log.h"
#include "store/repo_quota_data.h"

/* A User. The access token is written only when `own`: others have no use for it but harm. */
void row_user(struct arena *a, struct json_writer *w, const struct user *u, bool own);
/* The same members into an object that is open. */
void row_user_members(struct arena *a, struct json_writer *w, const struct user *u, bool own);
/* A Channel without its key, whoever asks. */
void row_channel(struct json_writer *w, const struct channel *ch);
/* A Token with its key, which is its owner's. */
void row_token(struct arena *a, struct json_writer *w, const struct token *t);
/* A Log for administrators; `channel_name` may be empty. */
void row_log(struct json_writer *w, const struct log_row *l, struct str channel_name);
/* A Log for its user: the id is folded, what tells of the operator's channels is removed. */
void row_log_own(struct arena *a, struct json_writer *w, const struct log_row *l);
void row_quota_data(struct json_writer *w, const struct quota_data *q);

/* The database's text of a time ("2026-11-23 16:15:15.137+00:00") in RFC 3339; STR_NULL for the
 * empty one. */
struct str row_time(struct arena *a, struct str text);
