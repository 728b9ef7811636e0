/*
 * app - builds every part of the program, owns every part, runs it until a signal, and takes it
 * apart again.
 */
#pragma once
#include "app/options.h"
#include "web/console.h"

struct app;

/* Opens the database, replays the journal, listens. On failure everything is taken apart again; the
 * text says what to do. */
MUST_CHECK enum err_code app_start(const struct app_options *options,
                                   const struct web_asset *assets, size_t asset_count,
                                   struct app **out, struct err *err);
/* Until SIGINT or SIGTERM. */
void app_wait(struct app *a);
/* Lets running requests finish for a while, writes what is left to the ledger. */
void app_stop(struct app *a);
