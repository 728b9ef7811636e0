/*
 * schema_tables - the data behind schema.h; only schema*.c include this.
 */
#pragma once
#include "store/schema.h"

extern const struct schema_table schema_core_tables[];
extern const size_t schema_core_table_count;
extern const struct schema_table schema_later_tables[];
extern const size_t schema_later_table_count;

/* Rows of the tables; what follows the named arguments are further members (.size, .fallback,
 * .flags, .where, .clustered). */
#define COLUMN(name_, family_, ...)                                                                \
    {                                                                                              \
        .name = (name_), .family = SCHEMA_##family_ __VA_OPT__(, ) __VA_ARGS__                     \
    }
#define INDEX(name_, columns_, ...)                                                                \
    {                                                                                              \
        .name = (name_), .columns = (columns_)__VA_OPT__(, ) __VA_ARGS__                           \
    }
#define TABLE(name_, key_, columns_, ...)                                                          \
    {                                                                                              \
        .name = (name_), .key = (key_), .columns = (columns_),                                     \
        .column_count = ARRAY_LEN(columns_) __VA_OPT__(, ) __VA_ARGS__                             \
    }
#define INDEXES(indexes_) .indexes = (indexes_), .index_count = ARRAY_LEN(indexes_)
