/*
 * completion_rule - what output costs over input, by the name of the model (billing reference 2).
 * Private to the catalog. Pure.
 */
#pragma once
#include "base/str.h"

struct completion_rule {
    double ratio;
    bool locked; /* the rule wins over the operator's table */
};

/* `model` is the normalised name. Every name has a rule; the last one is 1, not locked. */
struct completion_rule completion_rule_of(struct str model);
