/*
 * repo_node - the tables `system_instances` and `system_task_locks` of the newest new-api (database
 * reference 5.3.15, 5.3.17): which nodes there are, and which of them runs what must run once. See
 * repo.h.
 *
 * Times are the database's own (unix s), so that nodes whose clocks differ agree on them.
 */
#pragma once
#include "base/arena.h"
#include "store/db.h"

enum { NODE_STALE_S = 90 }; /* after which nobody counts on a node that was not seen */

struct node_row {
    struct str name; /* key */
    struct str info; /* JSON */
    int64_t started_at, last_seen_at, created_at, updated_at;
};

/* The row of that name, new or changed: it is seen now. Only name, info and started_at are read. */
MUST_CHECK enum err_code repo_node_put(struct db_conn *c, const struct node_row *row,
                                       struct err *err);
/* By name. *now_s is the database's time. */
MUST_CHECK enum err_code repo_node_list(struct db_conn *c, struct arena *a, struct node_row **rows,
                                        size_t *count, int64_t *now_s, struct err *err);
/* Removes rows that were not seen for so long. */
MUST_CHECK enum err_code repo_node_prune(struct db_conn *c, int64_t older_than_s, struct err *err);

struct lease_row {
    struct str type; /* key: what may be done by one node at a time */
    struct str holder;
    int64_t until; /* unix s; it is free from then on */
};

/* Takes the lease, or makes it last longer, for so many seconds from now on; not held: another
 * holds it. In no transaction: of two that come first at the same time one must fail alone. */
MUST_CHECK enum err_code repo_lease_take(struct db_conn *c, struct str type, struct str holder,
                                         int64_t seconds, bool *held, struct err *err);
/* Nothing happens when another holds it. */
MUST_CHECK enum err_code repo_lease_release(struct db_conn *c, struct str type, struct str holder,
                                            struct err *err);
/* Those that are held now. */
MUST_CHECK enum err_code repo_lease_list(struct db_conn *c, struct arena *a,
                                         struct lease_row **rows, size_t *count, struct err *err);
