/*
 * user_check - what the API asks of the fields of an account (admin-api 2.1), and other steps that
 * several handlers of users share.
 */
#pragma once
#include "api/call.h"

enum { USERNAME_CHARS = 12, DISPLAY_NAME_CHARS = 20, EMAIL_CHARS = 50 };
enum { PASSWORD_MIN_CHARS = 8, PASSWORD_MAX_CHARS = 20 };

/* The texts as given; what is empty is not checked (callers know what they need). */
struct user_fields {
    struct str username, password, display_name, email;
};
/* Fails in the words of the original's validator. */
MUST_CHECK enum err_code user_check_fields(struct api_call *c, const struct user_fields *f);

/* Hashes into `hash`; holds no connection meanwhile. */
MUST_CHECK enum err_code user_hash_password(struct api_call *c, struct str password,
                                            struct secret *hash);
/* Inserts with a fresh invitation code; tries anew when the code is taken. */
MUST_CHECK enum err_code user_insert(struct api_call *c, struct user *row);
/* A row in the log of the user that says what points it was given; none when there are none.
 * `what`: the occasion. */
#define USER_GIFT_NEW "新用户注册赠送"
void user_log_gift(struct api_call *c, const struct user *to, const char *what, int64_t points);
/* A token of the user with a fresh random key. */
MUST_CHECK enum err_code user_insert_default_token(struct api_call *c, const struct user *user);
