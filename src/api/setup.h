/*
 * setup - is the system set up? (admin-api 5.14, 3.2; database reference 4.8)
 *
 * It is when the table `setups` has a row. A database whose root account still has the password
 * that everybody knows has none until that is changed.
 */
#pragma once
#include "api/call.h"

/* The user has just given `row` a password of its own: if it is a root account, set-up is done. */
MUST_CHECK enum err_code setup_finish_after_password(struct api_call *c, const struct user *row);
