#include "store/repo_channel.h"

#include "base/sb.h"
#include "store/repo_ability.h"
#include "store/store_fx.h"

static struct channel sample(const char *name, const char *models, const char *group)
{
    return (struct channel){.type = 1,
                            .key = secret_make(STR("sk-up")),
                            .name = str_from(name),
                            .models = str_from(models),
                            .group = str_from(group),
                            .tag_null = true,
                            .setting_null = true,
                            .model_mapping_null = true};
}

static int64_t add(struct store_fx *f, const struct channel *ch)
{
    int64_t id;

    CHECK_OK(f, repo_channel_insert(f->c, ch, &id, &f->err));
    return id;
}

static struct channel *find(struct store_fx *f, int64_t id)
{
    struct channel *ch;

    CHECK_OK(f, repo_channel_find(f->c, &f->a, id, &ch, &f->err));
    return ch;
}

static int64_t enabled_abilities(struct store_fx *f)
{
    return fx_number(f, "SELECT COUNT(*) FROM abilities WHERE enabled = true");
}

TEST(an_inserted_channel_has_an_ability_for_each_model_and_group_once)
{
    struct channel ch = sample("up", "gpt-4o,gpt-4o,, claude ", "default,vip");
    struct store_fx f;
    struct channel *back;

    fx_open(&f);
    ch.priority = 5;
    ch.weight = 7;
    ch.channel_info = STR("{\"is_multi_key\":false}");
    back = find(&f, add(&f, &ch));
    CHECK(back != NULL);
    CHECK_EQ(back->status, CHANNEL_ENABLED);
    CHECK(back->tag_null && back->setting_null && back->model_mapping_null);
    CHECK(!back->base_url_null);
    CHECK_STR(secret_reveal(back->key), "sk-up");
    CHECK_STR(back->channel_info, "{\"is_multi_key\":false}");
    if (store_fixture_kind() == DB_SQLITE)
        CHECK_STR(fx_text(&f, "SELECT typeof(channel_info) FROM channels"), "blob");
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM abilities"), 4);
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM abilities WHERE priority = 5 AND weight = 7"
                           " AND tag IS NULL AND model IN ('gpt-4o', 'claude')"),
             4);
    fx_close(&f);
}

TEST(many_models_go_in_several_statements)
{
    struct channel ch = sample("up", "", "a,b");
    struct sb models;
    struct store_fx f;

    fx_open(&f);
    sb_init(&models, 10000);
    for (int i = 0; i < 137; i++)
        sb_fmt(&models, "m%d,", i);
    ch.models = sb_str(&models);
    add(&f, &ch);
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM abilities"), 274);
    sb_fini(&models);
    fx_close(&f);
}

TEST(an_update_of_models_rebuilds_the_abilities)
{
    struct channel ch = sample("up", "a,b", "default");
    struct store_fx f;
    bool found;

    fx_open(&f);
    ch.id = add(&f, &ch);
    ch.models = STR("c");
    ch.name = STR("not written");
    CHECK_OK(&f, repo_channel_update(f.c, &ch, COL(CHANNEL_COL_MODELS), &found, &f.err));
    CHECK(found);
    CHECK_STR(find(&f, ch.id)->name, "up");
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM abilities"), 1);
    CHECK_STR(fx_text(&f, "SELECT model FROM abilities"), "c");
    ch.id = 99;
    CHECK_OK(&f, repo_channel_update(f.c, &ch, COL(CHANNEL_COL_MODELS), &found, &f.err));
    CHECK(!found);
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM abilities WHERE channel_id = 99"), 0);
    fx_close(&f);
}

TEST(a_status_change_switches_the_abilities_and_keeps_a_note)
{
    struct channel ch = sample("up", "a,b", "default");
    struct store_fx f;
    bool changed;

    fx_open(&f);
    ch.id = add(&f, &ch);
    CHECK_OK(&f, repo_channel_set_status(f.c, ch.id, CHANNEL_AUTO_DISABLED,
                                         STR("{\"status_reason\":\"x\"}"), &changed, &f.err));
    CHECK(changed);
    CHECK_EQ(find(&f, ch.id)->status, CHANNEL_AUTO_DISABLED);
    CHECK_STR(find(&f, ch.id)->other_info, "{\"status_reason\":\"x\"}");
    CHECK_EQ(enabled_abilities(&f), 0);
    CHECK_OK(
        &f, repo_channel_set_status(f.c, ch.id, CHANNEL_AUTO_DISABLED, STR_NULL, &changed, &f.err));
    CHECK(!changed);
    CHECK_OK(&f, repo_channel_set_status(f.c, ch.id, CHANNEL_ENABLED, STR_NULL, &changed, &f.err));
    CHECK_EQ(enabled_abilities(&f), 2);
    CHECK_STR(find(&f, ch.id)->other_info, "{\"status_reason\":\"x\"}");
    fx_close(&f);
}

TEST(test_result_and_balance_are_kept)
{
    struct channel ch = sample("up", "a", "default");
    struct store_fx f;

    fx_open(&f);
    ch.id = add(&f, &ch);
    CHECK_OK(&f, repo_channel_set_test_result(f.c, ch.id, 321, 1700000000, &f.err));
    CHECK_OK(&f, repo_channel_set_balance(f.c, ch.id, 12.5, 1700000001, &f.err));
    CHECK_EQ(find(&f, ch.id)->response_time, 321);
    CHECK_EQ(find(&f, ch.id)->test_time, 1700000000);
    CHECK(find(&f, ch.id)->balance == 12.5);
    CHECK_EQ(find(&f, ch.id)->balance_updated_time, 1700000001);
    fx_close(&f);
}

static size_t page_count(struct store_fx *f, struct channel_filter filter)
{
    struct channel_page page;

    CHECK_OK(f, repo_channel_page(f->c, &f->a, &filter, (struct repo_page){0}, &page, &f->err));
    CHECK_EQ((size_t)page.total, page.count);
    return page.count;
}

TEST(a_page_filters_and_sorts)
{
    struct channel one = sample("alpha", "gpt-4o,x", "default,vip"),
                   two = sample("beta", "claude", "vip_plus");
    struct channel_type_count *types;
    struct channel_page page;
    struct store_fx f;
    size_t n;

    fx_open(&f);
    one.priority = 9;
    two.type = 14;
    two.status = CHANNEL_MANUALLY_DISABLED;
    add(&f, &one);
    add(&f, &two);
    CHECK_EQ(page_count(&f, (struct channel_filter){0}), 2);
    CHECK_EQ(page_count(&f, (struct channel_filter){.keyword = STR("lph")}), 1);
    CHECK_EQ(page_count(&f, (struct channel_filter){.keyword = STR("2")}), 1);
    CHECK_EQ(page_count(&f, (struct channel_filter){.keyword = STR("sk-up")}), 2);
    CHECK_EQ(page_count(&f, (struct channel_filter){.group = STR("vip")}), 1);
    CHECK_EQ(page_count(&f, (struct channel_filter){.group = STR("vip_plus")}), 1);
    CHECK_EQ(page_count(&f, (struct channel_filter){.group = STR("vi")}), 0);
    CHECK_EQ(page_count(&f, (struct channel_filter){.model = STR("gpt")}), 1);
    CHECK_EQ(page_count(&f, (struct channel_filter){.status = CHANNEL_ONLY_DISABLED}), 1);
    CHECK_EQ(page_count(&f, (struct channel_filter){.status = CHANNEL_ONLY_ENABLED}), 1);
    CHECK_EQ(page_count(&f, (struct channel_filter){.type = 14}), 1);
    CHECK_OK(&f, repo_channel_page(f.c, &f.a, &(struct channel_filter){0}, (struct repo_page){0, 1},
                                   &page, &f.err));
    CHECK_STR(page.rows[0].name, "alpha");
    CHECK_OK(&f, repo_channel_page(f.c, &f.a, &(struct channel_filter){.id_sort = true},
                                   (struct repo_page){0, 1}, &page, &f.err));
    CHECK_STR(page.rows[0].name, "beta");
    CHECK_EQ(page.total, 2);
    CHECK_OK(&f, repo_channel_count_types(f.c, &f.a, &(struct channel_filter){.type = 14}, &types,
                                          &n, &f.err));
    CHECK_EQ(n, 2);
    CHECK_EQ(types[1].type, 14);
    CHECK_EQ(types[1].count, 1);
    fx_close(&f);
}

TEST(tag_mode_pages_over_tags)
{
    struct channel ch = sample("up", "a", "default");
    struct channel_page page;
    struct store_fx f;

    fx_open(&f);
    add(&f, &ch);
    ch.tag_null = false;
    ch.tag = STR("t1");
    add(&f, &ch);
    add(&f, &ch);
    ch.tag = STR("t2");
    add(&f, &ch);
    ch.tag = STR("");
    add(&f, &ch);
    CHECK_OK(&f, repo_channel_page_tags(f.c, &f.a, &(struct channel_filter){0},
                                        (struct repo_page){0, 1}, &page, &f.err));
    CHECK_EQ(page.total, 2);
    CHECK_EQ(page.count, 2);
    CHECK_STR(page.rows[1].tag, "t1");
    CHECK_OK(&f, repo_channel_page_tags(f.c, &f.a, &(struct channel_filter){0},
                                        (struct repo_page){1, 1}, &page, &f.err));
    CHECK_EQ(page.count, 1);
    CHECK_STR(page.rows[0].tag, "t2");
    fx_close(&f);
}

TEST(a_tag_is_changed_with_its_abilities)
{
    struct channel ch = sample("up", "a", "default"), change = {0};
    struct store_fx f;
    int64_t ids[2], n;

    fx_open(&f);
    ids[0] = add(&f, &ch);
    ids[1] = add(&f, &ch);
    CHECK_OK(&f, repo_channel_set_tag(f.c, ids, 2, STR("t"), &n, &f.err));
    CHECK_EQ(n, 2);
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM abilities WHERE tag = 't'"), 2);
    CHECK_OK(&f, repo_channel_set_tag_status(f.c, STR("t"), CHANNEL_MANUALLY_DISABLED, &n, &f.err));
    CHECK_EQ(n, 2);
    CHECK_EQ(enabled_abilities(&f), 0);
    CHECK_OK(&f, repo_channel_set_tag_status(f.c, STR("t"), CHANNEL_ENABLED, NULL, &f.err));
    change.models = STR("b,c");
    change.tag = STR("t3");
    change.priority = 4;
    CHECK_OK(&f, repo_channel_update_tag(f.c, STR("t"), &change,
                                         COL(CHANNEL_COL_MODELS) | COL(CHANNEL_COL_TAG) |
                                             COL(CHANNEL_COL_PRIORITY),
                                         &n, &f.err));
    CHECK_EQ(n, 2);
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM abilities WHERE tag = 't3' AND priority = 4"
                           " AND enabled = true AND model IN ('b', 'c')"),
             4);
    change = (struct channel){.model_mapping = STR("{\"b\":\"x\"}"),
                              .param_override = STR("{\"top_k\":1}"),
                              .header_override = STR("{\"X-A\":\"1\"}"),
                              .group = STR("vip"),
                              .weight = 8};
    CHECK_OK(&f, repo_channel_update_tag(f.c, STR("t3"), &change,
                                         COL(CHANNEL_COL_MODEL_MAPPING) |
                                             COL(CHANNEL_COL_PARAM_OVERRIDE) |
                                             COL(CHANNEL_COL_HEADER_OVERRIDE) |
                                             COL(CHANNEL_COL_GROUP) | COL(CHANNEL_COL_WEIGHT),
                                         &n, &f.err));
    CHECK_EQ(n, 2);
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM abilities WHERE tag = 't3' AND weight = 8"
                           " AND \"group\" = 'vip'"),
             4);
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        const struct channel *row = find(&f, ids[i]);

        CHECK_STR(row->models, "b,c");
        CHECK_STR(row->model_mapping, "{\"b\":\"x\"}");
        CHECK_STR(row->param_override, "{\"top_k\":1}");
        CHECK_STR(row->header_override, "{\"X-A\":\"1\"}");
        CHECK_EQ(row->priority, 4);
    }
    CHECK_OK(&f, repo_channel_set_tag(f.c, ids, 1, STR(""), &n, &f.err));
    CHECK(find(&f, ids[0])->tag_null);
    CHECK_EQ(repo_channel_set_tag_status(f.c, STR(""), CHANNEL_ENABLED, NULL, &f.err),
             ERR_BAD_REQUEST);
    fx_close(&f);
}

TEST(the_longest_list_of_models_of_a_tag_is_found)
{
    struct channel ch = sample("up", "a", "default");
    struct store_fx f;
    struct str models;

    fx_open(&f);
    CHECK_OK(&f, repo_channel_find_tag_models(f.c, &f.a, STR("t"), &models, &f.err));
    CHECK_STR(models, "");
    ch.tag_null = false;
    ch.tag = STR("other");
    ch.models = STR("a,b,c,d");
    add(&f, &ch);
    ch.tag = STR("t");
    ch.models = STR("a");
    add(&f, &ch);
    ch.models = STR("a,b");
    add(&f, &ch);
    CHECK_OK(&f, repo_channel_find_tag_models(f.c, &f.a, STR("t"), &models, &f.err));
    CHECK_STR(models, "a,b");
    fx_close(&f);
}

TEST(deleting_channels_takes_their_abilities_along)
{
    struct channel ch = sample("up", "a", "default");
    int64_t ids[3], n;
    struct store_fx f;
    bool changed;

    fx_open(&f);
    for (size_t i = 0; i < 3; i++)
        ids[i] = add(&f, &ch);
    CHECK_OK(&f, repo_channel_delete(f.c, ids, 1, &n, &f.err));
    CHECK_EQ(n, 1);
    CHECK_OK(&f, repo_channel_set_status(f.c, ids[1], CHANNEL_MANUALLY_DISABLED, STR_NULL, &changed,
                                         &f.err));
    CHECK_OK(&f, repo_channel_delete_disabled(f.c, &n, &f.err));
    CHECK_EQ(n, 1);
    CHECK(find(&f, ids[0]) == NULL && find(&f, ids[1]) == NULL && find(&f, ids[2]) != NULL);
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM abilities"), 1);
    CHECK_OK(&f, repo_channel_delete(f.c, ids, 0, &n, &f.err));
    CHECK_EQ(n, 0);
    fx_close(&f);
}

TEST(abilities_are_listed_without_orphans_and_repaired)
{
    struct channel ch = sample("up", "b,a", "default,vip"), off = sample("off", "z", "default");
    int64_t channels, rebuilt;
    struct str *names;
    struct store_fx f;
    size_t n;

    fx_open(&f);
    add(&f, &ch);
    off.status = CHANNEL_MANUALLY_DISABLED;
    add(&f, &off);
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err,
                         "INSERT INTO abilities (\"group\", model, channel_id, enabled)"
                         " VALUES ('default', 'ghost', 77, ?)",
                         DB_BOOL(true)));
    CHECK_OK(&f, repo_ability_list_models(f.c, &f.a, &names, &n, &f.err));
    CHECK_EQ(n, 2);
    CHECK_STR(names[0], "a");
    CHECK_OK(&f, repo_ability_list_group_models(f.c, &f.a, STR("vip"), &names, &n, &f.err));
    CHECK_EQ(n, 2);
    CHECK_OK(&f, repo_ability_list_groups(f.c, &f.a, &names, &n, &f.err));
    CHECK_EQ(n, 2);
    CHECK_STR(names[1], "vip");
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "DELETE FROM abilities WHERE channel_id = 1"));
    CHECK_OK(&f, repo_ability_fix(f.c, &channels, &rebuilt, &f.err));
    CHECK_EQ(channels, 2);
    CHECK_EQ(rebuilt, 1);
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM abilities"), 5);
    fx_close(&f);
}

TEST(a_failed_change_leaves_channel_and_abilities_as_they_were)
{
    struct channel ch = sample("up", "a", "default");
    struct store_fx f;
    int64_t id;

    fx_open(&f);
    CHECK_OK(&f, repo_channel_insert(f.c, &ch, &id, &f.err));
    /* Abilities that cannot be written stand for any failure between the two tables. */
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "ALTER TABLE abilities RENAME TO away"));
    CHECK_EQ(repo_channel_insert(f.c, &ch, &id, &f.err), ERR_DB);
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "ALTER TABLE away RENAME TO abilities"));
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM channels"), 1);
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM abilities"), 1);
    fx_close(&f);
}

TEST(all_channels_are_listed_by_id)
{
    struct channel ch = sample("up", "a", "default"), *rows;
    struct store_fx f;
    size_t n;

    fx_open(&f);
    for (int i = 0; i < 40; i++)
        add(&f, &ch);
    CHECK_OK(&f, repo_channel_list_all(f.c, &f.a, &rows, &n, &f.err));
    CHECK_EQ(n, 40);
    CHECK_EQ(rows[39].id, 40);
    fx_close(&f);
}

TEST_MAIN(an_inserted_channel_has_an_ability_for_each_model_and_group_once,
          many_models_go_in_several_statements, an_update_of_models_rebuilds_the_abilities,
          a_status_change_switches_the_abilities_and_keeps_a_note, test_result_and_balance_are_kept,
          a_page_filters_and_sorts, tag_mode_pages_over_tags, a_tag_is_changed_with_its_abilities,
          the_longest_list_of_models_of_a_tag_is_found,
          deleting_channels_takes_their_abilities_along,
          abilities_are_listed_without_orphans_and_repaired,
          a_failed_change_leaves_channel_and_abilities_as_they_were, all_channels_are_listed_by_id)
