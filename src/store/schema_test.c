#include "store/schema.h"

#include "base/test.h"

static void check_table(const char *name, enum db_kind kind, const char *want)
{
    struct sb sql;

    sb_init(&sql, 100000);
    schema_create_table(&sql, kind, schema_find_table(name));
    CHECK_STR(sb_str(&sql), want);
    sb_fini(&sql);
}

TEST(a_table_is_spelled_for_each_database)
{
    check_table("setups", DB_SQLITE,
                "CREATE TABLE `setups` (`id` integer,`version` varchar(50) NOT NULL,"
                "`initialized_at` bigint NOT NULL,PRIMARY KEY (`id`))");
    check_table("setups", DB_MYSQL,
                "CREATE TABLE `setups` (`id` bigint unsigned AUTO_INCREMENT,"
                "`version` varchar(50) NOT NULL,`initialized_at` bigint NOT NULL,"
                "PRIMARY KEY (`id`))");
    check_table("setups", DB_POSTGRES,
                "CREATE TABLE \"setups\" (\"id\" bigserial,\"version\" varchar(50) NOT NULL,"
                "\"initialized_at\" bigint NOT NULL,PRIMARY KEY (\"id\"))");
}

TEST(keys_of_several_columns_and_all_families_are_spelled)
{
    check_table("abilities", DB_MYSQL,
                "CREATE TABLE `abilities` (`group` varchar(64),`model` varchar(255),"
                "`channel_id` bigint,`enabled` boolean,`priority` bigint DEFAULT 0,"
                "`weight` bigint unsigned DEFAULT 0,`tag` varchar(191),"
                "PRIMARY KEY (`group`,`model`,`channel_id`))");
    check_table("two_fas", DB_POSTGRES,
                "CREATE TABLE \"two_fas\" (\"id\" bigserial,\"user_id\" bigint NOT NULL UNIQUE,"
                "\"secret\" varchar(255) NOT NULL,\"is_enabled\" boolean,"
                "\"failed_attempts\" bigint DEFAULT 0,\"locked_until\" timestamptz,"
                "\"last_used_at\" timestamptz,\"created_at\" timestamptz,"
                "\"updated_at\" timestamptz,\"deleted_at\" timestamptz,PRIMARY KEY (\"id\"))");
    check_table("options", DB_MYSQL,
                "CREATE TABLE `options` (`key` varchar(191),`value` longtext,PRIMARY KEY (`key`))");
}

static const struct schema_column *column_of(const struct schema_table *t, const char *name)
{
    for (size_t i = 0; i < t->column_count; i++)
        if (str_eq(str_from(t->columns[i].name), str_from(name)))
            return &t->columns[i];
    return NULL;
}

static void check_column(const char *table, const char *column, enum db_kind kind, const char *want)
{
    const struct schema_table *t = schema_find_table(table);
    struct sb sql;

    sb_init(&sql, 100000);
    schema_add_column(&sql, kind, t, column_of(t, column));
    CHECK_STR(sb_str(&sql), want);
    sb_fini(&sql);
}

TEST(a_column_is_added_with_its_default)
{
    check_column("channels", "group", DB_SQLITE,
                 "ALTER TABLE `channels` ADD `group` varchar(64) DEFAULT \"default\"");
    check_column("channels", "group", DB_POSTGRES,
                 "ALTER TABLE \"channels\" ADD \"group\" varchar(64) DEFAULT 'default'");
    check_column("users", "deleted_at", DB_MYSQL,
                 "ALTER TABLE `users` ADD `deleted_at` datetime(3) NULL");
    check_column("logs", "username", DB_MYSQL,
                 "ALTER TABLE `logs` ADD `username` varchar(191) DEFAULT ''");
    check_column("users", "auth_version", DB_SQLITE,
                 "ALTER TABLE `users` ADD `auth_version` bigint NOT NULL DEFAULT 1");
    check_column("passkey_credentials", "sign_count", DB_MYSQL,
                 "ALTER TABLE `passkey_credentials` ADD `sign_count` int unsigned DEFAULT 0");
}

TEST(an_index_may_be_unique_and_partial)
{
    const struct schema_table *t = schema_find_table("prefill_groups");
    const struct schema_index *index = NULL;
    struct sb sql;

    for (size_t i = 0; i < t->index_count; i++)
        if (t->indexes[i].where)
            index = &t->indexes[i];
    CHECK(index != NULL);
    sb_init(&sql, 1000);
    schema_create_index(&sql, DB_SQLITE, t, index);
    CHECK_STR(sb_str(&sql), "CREATE UNIQUE INDEX `uk_prefill_name` ON `prefill_groups`(`name`)"
                            " WHERE deleted_at IS NULL");
    sb_reset(&sql);
    schema_create_index(&sql, DB_MYSQL, t, index);
    CHECK_STR(sb_str(&sql), "CREATE UNIQUE INDEX `uk_prefill_name` ON `prefill_groups`(`name`)");
    sb_fini(&sql);
}

/* What the original's own reader of DDL cannot read would stop its start. */
TEST(every_sqlite_type_is_one_word_except_where_the_original_knows_better)
{
    for (size_t i = 0; i < schema_table_count(); i++) {
        const struct schema_table *t = schema_table_at(i);

        for (size_t k = 0; k < t->column_count; k++) {
            CHECK(!str_eq(str_from(t->columns[k].name), str_from(t->name)));
            CHECK(t->columns[k].family != SCHEMA_PRICE ||
                  str_eq(str_from(t->name), STR("subscription_plans")));
        }
    }
}

TEST(every_key_and_index_names_columns_of_its_table)
{
    for (size_t i = 0; i < schema_table_count(); i++) {
        const struct schema_table *t = schema_table_at(i);
        char name[64];

        STR_SPLIT_EACH (key, str_from(t->key), ',') {
            snprintf(name, sizeof name, "%.*s", STR_ARG(key));
            CHECK(column_of(t, name) != NULL);
        }
        for (size_t k = 0; k < t->index_count; k++) {
            STR_SPLIT_EACH (column, str_from(t->indexes[k].columns), ',') {
                snprintf(name, sizeof name, "%.*s", STR_ARG(column));
                CHECK(column_of(t, name) != NULL);
            }
        }
    }
}

TEST(an_unknown_table_is_not_found)
{
    CHECK(schema_find_table("nothing") == NULL);
}

TEST_MAIN(a_table_is_spelled_for_each_database,
          keys_of_several_columns_and_all_families_are_spelled, a_column_is_added_with_its_default,
          an_index_may_be_unique_and_partial,
          every_sqlite_type_is_one_word_except_where_the_original_knows_better,
          every_key_and_index_names_columns_of_its_table, an_unknown_table_is_not_found)
