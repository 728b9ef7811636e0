/*
 * ledger - the thread that brings journals into the database, in groups, exactly once.
 *
 * A batch is one transaction: log rows, users.quota/used_quota/request_count,
 * tokens.remain_quota/used_quota/accessed_time, channels.used_quota, quota_data, the index
 * of the log, and `yourapi_journal(journal_id, applied)`, the position up to which a journal is
 * applied. With the database away it waits and tries again, the journal holds the money. At start
 * ledger_open() first replays what earlier processes left behind, then deletes applied segments.
 *
 * A batch is what comes within 50 ms, or while the one before was applied, up to LEDGER_BATCH
 * records: it grows with the backlog, and with it what an account that comes up often saves. While
 * transactions take longer than two seconds it is made smaller. Where logs have a database of
 * their own, each of the two has its own position and is exact by itself.
 */
#pragma once
#include "base/clock.h"
#include "base/err.h"
#include "ledger/balance.h"
#include "ledger/journal.h"

struct ledger;
struct metrics;

enum { LEDGER_BATCH = 16000 };

struct ledger_conf {
    struct str journal_dir; /* made when missing */
    unsigned journals;      /* one a loop */
    struct db *db;          /* main database */
    struct db *log_db;      /* where logs are; the same pointer when not elsewhere */
    struct balances *balances;
    struct shared_balances *shared; /* is told what is applied; may be NULL */
    const struct clock *clock;
    struct metrics *metrics; /* may be NULL */
    /* quota_data is written with each batch, which makes it exact; the interval of the original
     * (DataExportInterval) has nothing left to do and is not read. */
    int64_t data_export_interval_s;
    size_t segment_bytes; /* of a journal; 0: the default */
    size_t batch_records; /* in a transaction at most; 0: the default */
};

/* The name of whoever works with this journal folder, made when there is none: 16 characters and a
 * NUL. Makes the folder, too. ERR_IO. */
enum { LEDGER_NODE_ID = 17 };
MUST_CHECK enum err_code ledger_node_id(struct str journal_dir, char id[LEDGER_NODE_ID],
                                        struct err *err);
/* Replays, makes the journals, starts the thread. ERR_IO (also: another process uses the folder),
 * ERR_DB, ERR_UNAVAILABLE. */
MUST_CHECK enum err_code ledger_open(const struct ledger_conf *conf, struct ledger **out,
                                     struct err *err);
/* Applies what is in the journals (up to `timeout_ms`), ends the thread. What is left then is in
 * the files, for the next start. No loop may append any more. NULL is allowed. */
void ledger_close(struct ledger *l, int64_t timeout_ms);
/* Journal number `i` (0 .. journals-1), for the loop that owns it. */
struct journal *ledger_journal(struct ledger *l, unsigned i);
/* A record was appended: wakes the thread if it sleeps, which it does only when a while has passed
 * without a record; otherwise it comes by itself within 50 ms and this is one load. Any thread. */
void ledger_wake(struct ledger *l);
/* Waits until everything that was appended before the call is applied; false after `timeout_ms`.
 * Not on a loop thread. */
bool ledger_flush(struct ledger *l, int64_t timeout_ms);
/* The option DataExportEnabled: are hourly sums written to quota_data? True at first. Any thread.
 */
void ledger_set_data_export(struct ledger *l, bool enabled);
/* Seconds that the oldest unapplied record waits; 0 when none does. Any thread. */
int64_t ledger_lag_s(const struct ledger *l);

/* A log row of the management API (top-up, manage, system): written by SQL at once, not through a
 * journal. repo_log.h has it. */
