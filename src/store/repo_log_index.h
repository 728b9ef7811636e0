/*
 * repo_log_index - the index of `logs`: for portions of some thousand rows, the chunks, which of
 * them hold which user, token, channel, model, ... (log_chunk.h). It is ours alone, so that `logs`
 * itself needs few indexes, which every row would pay for.
 *
 *   yourapi_log_chunks  a row a chunk: its ids, its times, how many rows it has and what they cost
 *   yourapi_log_parts   the parts of the chunks
 *   yourapi_log_names   the names that occur, so that the database says which ones a filter means
 *
 * It covers the rows up to an id, the mark, that is kept beside it (yourapi_meta); the mark and the
 * chunks move in one transaction, and who asks adds what is behind the mark by reading it. So it
 * does not matter who wrote a row: those of another program, and all of an imported database, are
 * indexed in the same way, in portions. A chunk is never written again; after rows were deleted it
 * is only told from which time on its rows are left.
 */
#pragma once
#include "store/repo_log.h"

enum { REPO_LOG_PORTION = 10000 /* as many rows should wait before they are indexed */ };

/*
 * Indexes rows that wait, when at least `min_rows` of them do, at most a chunk of them. The ledger
 * calls it after each batch with REPO_LOG_PORTION (two short reads when there is nothing to do); 1
 * is for tests and measurements, which want nothing to wait. *behind (may be NULL): rows are left
 * for another call. In the caller's transaction, or one of its own.
 */
MUST_CHECK enum err_code repo_log_index(struct db_conn *c, int64_t min_rows, bool *behind,
                                        struct err *err);
