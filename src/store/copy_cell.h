/*
 * copy_cell - a cell of one database as a value for another, by what its column holds: what the
 * databases keep differently (JSON, booleans, times, decimals, padding) becomes what the other one
 * would have written itself. Pure but for the reading of the row.
 */
#pragma once
#include "store/schema.h"

/* Of column `col` of the row in hand. Texts are copied to the arena. */
struct db_value copy_cell(struct arena *a, enum db_kind from, enum db_kind to,
                          const struct schema_column *column, const struct db_rows *rows, int col);
/* Has the column room for it? A database of the kind would refuse a longer text; SQLite takes all.
 */
bool copy_cell_fits(enum db_kind to, const struct schema_column *column,
                    const struct db_value *value);
/* "2024-05-01 10:00:00.123456789+08:00" as the kind writes its times: in UTC. What is no time is
 * returned as it is. */
struct str copy_time_text(struct arena *a, enum db_kind to, struct str text);
