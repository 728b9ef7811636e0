/*
 * tool_cost - the tools that a provider ran itself during a call, and their prices: searches in the
 * web and in files by the table of the option tool_price_setting.prices, images by the prices of
 * gpt-image-1 (billing reference 4.4). Pure.
 */
#pragma once
#include "billing/price.h"

struct tool_cost {
    struct str tool, label; /* its name in the table and in log rows, and for people; static */
    int64_t calls;
    double usd_per_1000; /* calls */
};

enum { TOOL_COSTS_MAX = 2 + USAGE_DRAWN_KINDS };

/* Those that were used. plan->upstream says whose the searches in the web are. */
size_t tool_costs(const struct price_plan *plan, const struct usage *u,
                  struct tool_cost out[TOOL_COSTS_MAX]);
