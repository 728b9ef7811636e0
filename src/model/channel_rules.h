/*
 * channel_rules - when a failure is the channel's own fault, so that it is switched off (relay
 * reference 7.1). Pure.
 */
#pragma once
#include "base/arena.h"
#include "model/settings.h"

/*
 * True when automatic disabling is on and the upstream's answer says that the account behind the
 * channel is refused, empty or closed: by status, error code, error type, or a keyword in the
 * message. The caller checks the channel's auto_ban.
 */
bool channel_should_disable(const struct settings *settings, int64_t channel_type, int status,
                            struct str error_code, struct str error_type, struct str message);

/* The other_info of a channel whose status was changed by a rule:
 * {"status_reason":..,"status_time":..}. */
struct str channel_status_note(struct arena *a, struct str reason, int64_t now_s);
