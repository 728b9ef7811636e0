/*
 * replay - applies what the journals of earlier processes still hold, and removes their files.
 * Private to the ledger.
 */
#pragma once
#include "ledger/flush.h"

/*
 * Before the journals of this process are made; nobody else may write into `dir`. A torn record
 * ends its segment, which is then renamed (.torn) and kept; likewise a file whose head is damaged
 * (.damaged), unless nothing stands behind it, or that holds a record which cannot be read
 * (.unread). ERR_IO, ERR_DB, ERR_UNAVAILABLE: can be called again.
 */
MUST_CHECK enum err_code replay_run(struct str dir, struct flush *f, struct err *err);
