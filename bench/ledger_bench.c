/*
 * How many log rows a second the ledger thread commits: as many records as it takes, appended by
 * one thread to one journal, applied with all that belongs to them (log row, balances, hourly
 * sums).
 *
 *     ledger_bench DSN|FILE.db FOLDER [RECORDS [ACCOUNTS [BATCH]]]
 *
 * Prints one line of JSON. The database must be empty; FOLDER takes the journal.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "ledger/ledger.h"
#include "ledger/verify.h"
#include "obs/metrics.h"
#include "store/db.h"
#include "store/migrate.h"

enum { CHANNELS = 20, WAIT_MS = 600000 };

static NO_RETURN void die(const char *what, const struct err *err)
{
    fprintf(stderr, "ledger_bench: %s: %s\n", what, err->msg);
    exit(1);
}

static int64_t argument(int argc, char **argv, int i, int64_t fallback)
{
    int64_t value;

    return i < argc && str_to_i64(str_from(argv[i]), &value) && value > 0 ? value : fallback;
}

static struct db *open_db(struct str where)
{
    bool file = str_ends(where, STR(".db"));
    const struct db_conf conf = {.dsn = file ? STR("") : where,
                                 .sqlite_path = file ? where : STR("")};
    struct err err = {.msg = ""};
    struct db *db;

    if (db_open(&conf, &db, &err) != ERR_OK || migrate_up(db, &err) != ERR_OK)
        die("open", &err);
    return db;
}

static void make_accounts(struct db *db, int64_t accounts)
{
    struct err err = {.msg = ""};
    struct db_conn *c;
    enum err_code rc = db_acquire(db, DB_WRITE, &c, &err);

    if (rc == ERR_OK)
        rc = db_begin(c, &err);
    for (int64_t i = 1; rc == ERR_OK && i <= CHANNELS; i++)
        rc =
            db_exec(c, NULL, &err, "INSERT INTO channels (id, \"key\") VALUES (?, 'k')", DB_I64(i));
    for (int64_t i = 1; rc == ERR_OK && i <= accounts; i++) {
        char name[32];

        snprintf(name, sizeof name, "user%" PRId64, i);
        rc =
            db_exec(c, NULL, &err,
                    "INSERT INTO users (id, username, password, quota, aff_code) VALUES (?, ?, 'x',"
                    " 1000000000, ?)",
                    DB_I64(i), DB_TEXT(str_from(name)), DB_TEXT(str_from(name)));
        if (rc == ERR_OK)
            rc = db_exec(c, NULL, &err,
                         "INSERT INTO tokens (id, user_id, \"key\", remain_quota) VALUES (?, ?, ?, "
                         "1000000000)",
                         DB_I64(i), DB_I64(i), DB_TEXT(str_from(name)));
    }
    if (rc == ERR_OK)
        rc = db_commit(c, &err);
    if (rc != ERR_OK)
        die("accounts", &err);
    db_release(c);
}

/* What a chat of the relay leaves, in length and variety. */
static void append(struct journal *j, int64_t i, int64_t accounts, int64_t now_s)
{
    static const char *const models[] = {"gpt-4o-mini", "gpt-4o", "deepseek-chat", "qwen-plus"};
    struct err err = {.msg = ""};
    char user[32], token[32], request[48], other[200];
    int64_t account = i * 7919 % accounts + 1;

    snprintf(user, sizeof user, "user%" PRId64, account);
    snprintf(token, sizeof token, "token%" PRId64, account);
    /* The time to the second, then what differs in any order, as in the program. */
    snprintf(request, sizeof request, "202611261100%02" PRId64 "%09" PRId64 "%08" PRIx64,
             i / 20000 % 60, i * INT64_C(48271) * 7919 % 1000000000, (uint64_t)i);
    snprintf(other, sizeof other,
             "{\"admin_info\":{\"use_channel\":[\"%" PRId64
             "\"]},\"completion_ratio\":3,\"group_ratio\":1,\"model_price\":-1,\"model_ratio\":1,"
             "\"frt\":%" PRId64 "}",
             i % CHANNELS + 1, i % 3000);
    const struct usage_record r = {.kind = RECORD_CONSUME,
                                   .created_at_s = now_s + i / 20000,
                                   .user_id = account,
                                   .token_id = account,
                                   .channel_id = i % CHANNELS + 1,
                                   .quota = 1 + i % 1000,
                                   .prompt_tokens = 100,
                                   .completion_tokens = 20,
                                   .use_time_s = 3,
                                   .is_stream = i % 2,
                                   .count_request = true,
                                   .write_log = true,
                                   .username = str_from(user),
                                   .token_name = str_from(token),
                                   .model_name = str_from(models[i % 4]),
                                   .group = STR("default"),
                                   .content = STR("模型倍率 1.00，补全倍率 3.00，分组倍率 1.00"),
                                   .other = str_from(other),
                                   .request_id = str_from(request),
                                   .ip = STR("203.0.113.9")};

    if (journal_append(j, &r, &err) != ERR_OK)
        die("append", &err);
}

/* Figures of an account that is wrong would be worth nothing. */
static void check(struct db *db, int64_t records)
{
    struct verify_report report;
    struct err err = {.msg = ""};
    struct db_conn *c;

    if (db_acquire(db, DB_READ, &c, &err) != ERR_OK ||
        verify_accounts(c, c, NULL, &report, &err) != ERR_OK)
        die("verify", &err);
    db_release(c);
    if (report.agree && report.rows == records)
        return;
    fprintf(stderr, "ledger_bench: the accounts are wrong\n");
    exit(1);
}

int main(int argc, char **argv)
{
    int64_t records = argument(argc, argv, 3, 200000), accounts = argument(argc, argv, 4, 1000);
    int64_t batch = argument(argc, argv, 5, LEDGER_BATCH);
    struct err err = {.msg = ""};
    struct ledger *ledger;
    struct db *db;
    uint64_t began, took;

    if (argc < 3) {
        fprintf(stderr, "usage: ledger_bench DSN|FILE.db FOLDER [RECORDS [ACCOUNTS [BATCH]]]\n");
        return 2;
    }
    db = open_db(str_from(argv[1]));
    make_accounts(db, accounts);
    struct ledger_conf conf = {.journal_dir = str_from(argv[2]),
                               .journals = 1,
                               .db = db,
                               .log_db = db,
                               .balances = balances_new(),
                               .clock = clock_system(),
                               .metrics = metrics_new(),
                               .batch_records = (size_t)batch};
    if (ledger_open(&conf, &ledger, &err) != ERR_OK)
        die("ledger", &err);
    began = clock_mono_us();
    for (int64_t i = 0; i < records; i++) {
        append(ledger_journal(ledger, 0), i, accounts, clock_now_s(clock_system()));
        ledger_wake(ledger);
    }
    if (!ledger_flush(ledger, WAIT_MS))
        die("flush", &err);
    took = clock_mono_us() - began;
    check(db, records);
    printf("{\"records\": %" PRId64 ", \"accounts\": %" PRId64 ", \"batch\": %" PRId64
           ", \"batches\": %" PRId64 ", \"seconds\": %.3f, \"rows_per_s\": %.0f}\n",
           records, accounts, batch, metrics_read(conf.metrics, METRIC_LEDGER_BATCH, 0),
           (double)took / 1e6, (double)records * 1e6 / (double)took);
    ledger_close(ledger, WAIT_MS);
    balances_free(conf.balances);
    metrics_free(conf.metrics);
    db_close(db);
    return 0;
}
