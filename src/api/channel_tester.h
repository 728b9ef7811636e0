/*
 * channel_tester - tests channels: one of them for a waiting administrator, or all of them in a
 * thread of its own, one run at a time (admin-api 5.8).
 */
#pragma once
#include "api/call.h"

struct tester *tester_new(struct api *a);
/* A run that is under way ends after the channel it is at. Any thread. */
void tester_stop(struct tester *t);
/* Stops and waits. */
void tester_free(struct tester *t);
/* Begins a run over all channels; false when one is under way, or after tester_stop(). `may_go_on`
 * (may be NULL) is asked between two channels. */
bool tester_start(struct tester *t, bool (*may_go_on)(void *ctx), void *ctx);
/* Is a run under way? For tests. */
bool tester_running(struct tester *t);

/* Tests one channel: calls its upstream, saves time and date, writes the log row. Blocks. */
void tester_probe(struct api *a, const struct channel *channel, struct str model,
                  struct probe_result *out);
