/*
 * publisher - keeps the configuration in force: reads channels and options from the database,
 * builds the snapshot and hands it to the relay's loops. One at a time; any thread that may block.
 */
#pragma once
#include "model/snapshot.h"
#include "relay/relay.h"
#include "store/db.h"

struct publisher;

struct publisher *publisher_new(struct db *db);
void publisher_free(struct publisher *p); /* NULL is allowed */
/* The relay that gets what is read from now on; before it, publisher_reload() only keeps the
 * snapshot itself. */
void publisher_set_relay(struct publisher *p, struct relay *relay);
/* Reads and publishes; returns when every loop uses it. ERR_DB: the old one stays in force. */
MUST_CHECK enum err_code publisher_reload(struct publisher *p, struct err *err);
/* The configuration in force, with a reference for the caller. */
struct snapshot *publisher_snapshot(struct publisher *p);
