/*
 * catalog_table - the built-in price tables, as the text of the options they stand for.
 *
 * Values: the April 2025 state of the new-api line with the models that later versions added; a
 * value that both have is the same in both. Prices given in RMB are converted at 7.3. The keys that
 * end in "-*" are reached by model_normalise() only. Private to catalog.c.
 */
#pragma once
#include "base/str.h"

struct catalog_table {
    struct str option; /* key of the options table */
    struct str json;   /* {model: number}, sorted by model */
};

enum { CATALOG_TABLES = 8 };
/* In the order of the maps in struct catalog. */
extern const struct catalog_table catalog_tables[CATALOG_TABLES];
