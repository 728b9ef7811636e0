/*
 * repo_setup - the table `setups`: the mark that first-run set-up is done (database reference 1.12,
 * 4.8). See repo.h.
 */
#pragma once
#include "base/arena.h"
#include "store/db.h"

struct setup_row {
    int64_t id;
    struct str version;
    int64_t initialized_at; /* unix s */
};

/* The first row by id; NULL: set-up is not done. */
MUST_CHECK enum err_code repo_setup_find(struct db_conn *c, struct arena *a, struct setup_row **out,
                                         struct err *err);
MUST_CHECK enum err_code repo_setup_insert(struct db_conn *c, struct str version, int64_t now_s,
                                           struct err *err);
