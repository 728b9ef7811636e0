#include "store/repo_ledger.h"

#include "store/repo_option.h"
#include "store/repo_quota_data.h"
#include "store/repo_setup.h"
#include "store/store_fx.h"

TEST(deltas_are_applied_to_users_tokens_and_channels)
{
    const struct ledger_user_delta users[] = {{1, 30, 30, 2}, {2, 5, 0, 0}, {99, 1, 1, 1}};
    const struct ledger_token_delta tokens[] = {{1, 30, 1700000000}, {1, 1, 1600000000}};
    const struct ledger_channel_delta channels[] = {{1, 30}};
    struct store_fx f;

    fx_open(&f);
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err,
                         "INSERT INTO users (username, password, quota, used_quota) VALUES"
                         " ('a', '', 20, NULL), ('b', '', 100, 7)"));
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err,
                         "INSERT INTO tokens (\"key\", remain_quota, deleted_at) VALUES"
                         " ('k', 100, '2025-01-01 00:00:00')"));
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "INSERT INTO channels (\"key\") VALUES ('k')"));
    CHECK_OK(&f, db_begin(f.c, &f.err));
    CHECK_OK(&f, repo_ledger_apply_users(f.c, users, 3, &f.err));
    CHECK_OK(&f, repo_ledger_apply_tokens(f.c, tokens, 1, &f.err));
    CHECK_OK(&f, repo_ledger_apply_tokens(f.c, tokens + 1, 1, &f.err));
    CHECK_OK(&f, repo_ledger_apply_channels(f.c, channels, 1, &f.err));
    CHECK_OK(&f, db_commit(f.c, &f.err));
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM users WHERE id = 1 AND quota = -10"
                           " AND used_quota = 30 AND request_count = 2"),
             1);
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM users WHERE id = 2 AND quota = 95"
                           " AND used_quota = 7 AND request_count = 0"),
             1);
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM tokens WHERE remain_quota = 69"
                           " AND used_quota = 31 AND accessed_time = 1700000000"),
             1);
    CHECK_EQ(fx_number(&f, "SELECT used_quota FROM channels"), 30);
    fx_close(&f);
}

/* So many that the servers' statements of every size are needed. */
TEST(each_of_many_accounts_gets_its_own_delta)
{
    enum { N = 150 };
    struct ledger_user_delta users[N];
    struct ledger_token_delta tokens[N];
    struct ledger_channel_delta channels[N];
    struct store_fx f;

    fx_open(&f);
    CHECK_OK(&f, db_begin(f.c, &f.err));
    for (int64_t i = 0; i < N; i++) {
        users[i] = (struct ledger_user_delta){i + 1, 3 * i, 2 * i, i};
        tokens[i] = (struct ledger_token_delta){i + 1, INT64_C(5000000000) + i, 1700000000 + i};
        channels[i] = (struct ledger_channel_delta){i + 1, i * i};
        CHECK_OK(&f, db_exec(f.c, NULL, &f.err,
                             "INSERT INTO users (id, username, password, aff_code, quota)"
                             " VALUES (?, ?, '', ?, 7)",
                             DB_I64(i + 1), DB_TEXT(arena_fmt(&f.a, "u%d", (int)i)),
                             DB_TEXT(arena_fmt(&f.a, "c%d", (int)i))));
        CHECK_OK(&f, db_exec(f.c, NULL, &f.err,
                             "INSERT INTO tokens (id, \"key\", remain_quota, accessed_time)"
                             " VALUES (?, ?, 7, 1700000100)",
                             DB_I64(i + 1), DB_TEXT(arena_fmt(&f.a, "k%d", (int)i))));
        CHECK_OK(&f, db_exec(f.c, NULL, &f.err,
                             "INSERT INTO channels (id, \"key\") VALUES (?, 'k')", DB_I64(i + 1)));
    }
    CHECK_OK(&f, repo_ledger_apply_users(f.c, users, N, &f.err));
    CHECK_OK(&f, repo_ledger_apply_tokens(f.c, tokens, N, &f.err));
    CHECK_OK(&f, repo_ledger_apply_channels(f.c, channels, N, &f.err));
    CHECK_OK(&f, db_commit(f.c, &f.err));
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM users WHERE quota = 7 - 3 * (id - 1)"
                           " AND used_quota = 2 * (id - 1) AND request_count = id - 1"),
             N);
    CHECK_EQ(fx_number(&f,
                       "SELECT COUNT(*) FROM tokens WHERE remain_quota = 7 - 5000000000 - (id - 1)"
                       " AND used_quota = 5000000000 + id - 1"),
             N);
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM tokens WHERE accessed_time = 1700000100"), 101);
    CHECK_EQ(fx_number(&f, "SELECT MAX(accessed_time) FROM tokens"), 1700000149);
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM channels WHERE used_quota = (id - 1) * (id - 1)"),
             N);
    fx_close(&f);
}

/* Rows that are there and rows that are not, in every mixture that a portion may have. */
TEST(many_hourly_sums_are_added_and_made)
{
    enum { N = 130 };
    struct quota_data rows[N];
    struct store_fx f;

    fx_open(&f);
    for (int64_t i = 0; i < N; i++)
        rows[i] = (struct quota_data){.user_id = i % 40,
                                      .username = STR("u"),
                                      .model_name = i % 2 ? STR("m") : STR("M"),
                                      .created_at = 3600 * (1 + i / 40),
                                      .token_used = 1,
                                      .count = 1,
                                      .quota = i};
    CHECK_OK(&f, repo_quota_data_add(f.c, rows, 20, &f.err));
    CHECK_OK(&f, repo_quota_data_add(f.c, rows, N, &f.err));
    CHECK_OK(&f, repo_quota_data_add(f.c, rows + 100, 30, &f.err));
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM quota_data"), N);
    CHECK_EQ(fx_number(&f, "SELECT SUM(\"count\") FROM quota_data"), N + 50);
    CHECK_EQ(fx_number(&f, "SELECT SUM(quota) FROM quota_data"), 129 * 65 + 190 + 3435);
    CHECK_EQ(fx_number(&f, "SELECT quota FROM quota_data WHERE user_id = 19 AND created_at = 3600"),
             38);
    fx_close(&f);
}

TEST(a_position_that_somebody_else_has_moved_stays)
{
    struct store_fx f;

    fx_open(&f);
    CHECK_OK(&f, repo_ledger_move_position(f.c, 5, 0, 16, &f.err));
    CHECK_EQ(repo_ledger_move_position(f.c, 5, 8, 24, &f.err), ERR_CONFLICT);
    CHECK_EQ(repo_ledger_move_position(f.c, 5, 0, 24, &f.err), ERR_CONFLICT);
    CHECK_EQ(repo_ledger_move_position(f.c, 6, 8, 24, &f.err), ERR_CONFLICT);
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM yourapi_journal"), 1);
    CHECK_EQ(fx_number(&f, "SELECT applied FROM yourapi_journal"), 16);
    fx_close(&f);
}

TEST(a_finished_journal_counts_as_applied_until_it_is_old)
{
    struct store_fx f;
    uint64_t applied;

    fx_open(&f);
    CHECK_OK(&f, repo_ledger_move_position(f.c, 5, 0, 16, &f.err));
    CHECK_OK(&f, repo_ledger_move_position(f.c, 6, 0, 16, &f.err));
    CHECK_OK(&f, repo_ledger_finish(f.c, 5, &f.err));
    CHECK_OK(&f, repo_ledger_finish(f.c, 7, &f.err));
    CHECK_OK(&f, repo_ledger_find_position(f.c, 5, &applied, &f.err));
    CHECK(applied == LEDGER_FINISHED);
    CHECK_OK(&f, repo_ledger_find_position(f.c, 7, &applied, &f.err));
    CHECK_EQ(applied, 0); /* it had nothing to apply */
    CHECK_OK(&f, repo_ledger_delete_finished(f.c, 5, &f.err));
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM yourapi_journal"), 2);
    CHECK_OK(&f, repo_ledger_delete_finished(f.c, 7, &f.err));
    CHECK_EQ(fx_number(&f, "SELECT journal_id FROM yourapi_journal"), 6);
    fx_close(&f);
}

TEST(journal_positions_are_kept_with_all_their_bits)
{
    const uint64_t id = UINT64_C(0xfedcba9876543210);
    struct ledger_position *rows;
    struct store_fx f;
    uint64_t applied;
    size_t n;

    fx_open(&f);
    CHECK_OK(&f, repo_ledger_find_position(f.c, id, &applied, &f.err));
    CHECK_EQ(applied, 0);
    CHECK_OK(&f, repo_ledger_move_position(f.c, id, 0, 8, &f.err));
    CHECK_OK(&f, repo_ledger_move_position(f.c, id, 8, UINT64_C(1) << 63, &f.err));
    CHECK_OK(&f, repo_ledger_move_position(f.c, 5, 0, 16, &f.err));
    CHECK_OK(&f, repo_ledger_find_position(f.c, id, &applied, &f.err));
    CHECK(applied == UINT64_C(1) << 63);
    CHECK_OK(&f, repo_ledger_list_positions(f.c, &f.a, &rows, &n, &f.err));
    CHECK_EQ(n, 2);
    CHECK(rows[0].journal_id == id);
    CHECK(rows[1].journal_id == 5 && rows[1].applied == 16);
    fx_close(&f);
}

TEST(quota_data_adds_to_the_row_of_its_hour)
{
    const struct quota_data rows[] = {
        {.user_id = 1,
         .username = STR("a"),
         .model_name = STR("m"),
         .created_at = 3600,
         .token_used = 10,
         .count = 1,
         .quota = 100},
        {.user_id = 1,
         .username = STR("a"),
         .model_name = STR("m"),
         .created_at = 3600,
         .token_used = 5,
         .count = 2,
         .quota = 50},
        {.user_id = 2,
         .username = STR("b"),
         .model_name = STR("m"),
         .created_at = 3600,
         .token_used = 1,
         .count = 1,
         .quota = 1},
        {.user_id = 1,
         .username = STR("a"),
         .model_name = STR("m"),
         .created_at = 7200,
         .token_used = 1,
         .count = 1,
         .quota = 1},
    };
    struct quota_data *found;
    struct store_fx f;
    size_t n;

    fx_open(&f);
    /* A finer row of a later version must stay as it is. */
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err,
                         "INSERT INTO quota_data (user_id, username, model_name, created_at,"
                         " token_id, \"count\", quota, token_used)"
                         " VALUES (1, 'a', 'm', 3600, 9, 1, 1000, 1)"));
    CHECK_OK(&f, repo_quota_data_add(f.c, rows, 4, &f.err));
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM quota_data"), 4);
    CHECK_OK(&f, repo_quota_data_list(f.c, &f.a, 1, STR_NULL, 0, 3600, &found, &n, &f.err));
    CHECK_EQ(n, 2);
    CHECK_EQ(found[1].quota, 150);
    CHECK_EQ(found[1].count, 3);
    CHECK_EQ(found[1].token_used, 15);
    CHECK_OK(&f, repo_quota_data_list(f.c, &f.a, 0, STR("b"), 0, 9999, &found, &n, &f.err));
    CHECK_EQ(n, 1);
    CHECK_OK(&f, repo_quota_data_list_sums(f.c, &f.a, 0, 9999, &found, &n, &f.err));
    CHECK_EQ(n, 2);
    CHECK_EQ(found[0].quota, 1151);
    CHECK_EQ(found[0].user_id, 0);
    CHECK_STR(found[0].model_name, "m");
    fx_close(&f);
}

TEST(options_are_put_found_and_listed)
{
    struct option_row *rows;
    struct store_fx f;
    struct str value;
    size_t n;

    fx_open(&f);
    CHECK_OK(&f, repo_option_put(f.c, STR("b"), STR("1"), &f.err));
    CHECK_OK(&f, repo_option_put(f.c, STR("a"), STR(""), &f.err));
    CHECK_OK(&f, repo_option_put(f.c, STR("b"), STR("2"), &f.err));
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "INSERT INTO options VALUES ('c', NULL)"));
    CHECK_OK(&f, repo_option_list(f.c, &f.a, &rows, &n, &f.err));
    CHECK_EQ(n, 3);
    CHECK_STR(rows[0].key, "a");
    CHECK_STR(rows[1].value, "2");
    CHECK_EQ(rows[2].value.n, 0);
    CHECK_OK(&f, repo_option_find(f.c, &f.a, STR("b"), &value, &f.err));
    CHECK_STR(value, "2");
    CHECK_OK(&f, repo_option_delete(f.c, STR("b"), &f.err));
    CHECK_OK(&f, repo_option_find(f.c, &f.a, STR("b"), &value, &f.err));
    CHECK(value.p == NULL);
    fx_close(&f);
}

TEST(a_finished_setup_is_found)
{
    struct setup_row *row;
    struct store_fx f;

    fx_open(&f);
    CHECK_OK(&f, repo_setup_find(f.c, &f.a, &row, &f.err));
    CHECK(row == NULL);
    CHECK_OK(&f, repo_setup_insert(f.c, STR("v1"), 1700000000, &f.err));
    CHECK_OK(&f, repo_setup_find(f.c, &f.a, &row, &f.err));
    CHECK(row != NULL);
    CHECK_STR(row->version, "v1");
    CHECK_EQ(row->initialized_at, 1700000000);
    fx_close(&f);
}

TEST(a_view_has_balances_and_all_positions)
{
    struct ledger_view v;
    struct store_fx f;

    fx_open(&f);
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err,
                         "INSERT INTO users (username, password, quota, deleted_at) VALUES"
                         " ('a', '', 20, '2025-01-01 00:00:00')"));
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err,
                         "INSERT INTO tokens (\"key\", remain_quota) VALUES ('k', -7)"));
    CHECK_OK(&f, repo_ledger_view(f.c, &f.a, 1, 1, &v, &f.err));
    CHECK_EQ(v.quota, 20);
    CHECK_EQ(v.remain_quota, -7);
    CHECK_EQ(v.count, 0);
    for (uint64_t i = 1; i <= 40; i++)
        CHECK_OK(&f, repo_ledger_move_position(f.c, i << 58 | i, 0, i * 8, &f.err));
    CHECK_OK(&f, repo_ledger_move_position(f.c, 99, 0, 8, &f.err));
    CHECK_OK(&f, repo_ledger_finish(f.c, 99, &f.err));
    CHECK_OK(&f, repo_ledger_view(f.c, &f.a, 2, 0, &v, &f.err));
    CHECK_EQ(v.quota, 0);
    CHECK_EQ(v.remain_quota, 0);
    CHECK_EQ(v.count, 40);
    for (size_t i = 0; i < v.count; i++) {
        uint64_t number = v.positions[i].applied / 8;

        CHECK(number >= 1 && number <= 40);
        CHECK(v.positions[i].journal_id == (number << 58 | number));
    }
    fx_close(&f);
}

TEST(trying_to_write_changes_no_row)
{
    struct store_fx f;

    fx_open(&f);
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "INSERT INTO logs (user_id) VALUES (7)"));
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err,
                         "INSERT INTO yourapi_journal (journal_id, applied) VALUES (1, 2)"));
    CHECK_OK(&f, repo_ledger_try_writing(f.c, LEDGER_ACCOUNTS | LEDGER_LOGS, &f.err));
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM logs WHERE user_id = 7"), 1);
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM logs"), 1);
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM yourapi_journal"), 1);
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "DROP TABLE tokens"));
    CHECK_OK(&f, repo_ledger_try_writing(f.c, LEDGER_LOGS, &f.err));
    CHECK_EQ(repo_ledger_try_writing(f.c, LEDGER_ACCOUNTS, &f.err), ERR_DB);
    fx_close(&f);
}

TEST_MAIN(each_of_many_accounts_gets_its_own_delta, many_hourly_sums_are_added_and_made,
          deltas_are_applied_to_users_tokens_and_channels,
          journal_positions_are_kept_with_all_their_bits,
          a_position_that_somebody_else_has_moved_stays,
          a_finished_journal_counts_as_applied_until_it_is_old,
          quota_data_adds_to_the_row_of_its_hour, options_are_put_found_and_listed,
          a_finished_setup_is_found, a_view_has_balances_and_all_positions,
          trying_to_write_changes_no_row)
