#include "model/settings.h"

#include <stdlib.h>

#include "base/log.h"
#include "model/catalog.h"
#include "model/responses_policy.h"
#include "model/settings_table.h"
#include "model/snapshot.h"

/* A known option with the text in force. */
struct slot {
    const struct settings_row *row;
    struct str text;
};

static int by_slot_key(const void *a, const void *b)
{
    return str_cmp(((const struct slot *)a)->row->key, ((const struct slot *)b)->row->key);
}

static int by_key(const void *a, const void *b)
{
    return str_cmp(((const struct option_row *)a)->key, ((const struct option_row *)b)->key);
}

static int key_to_slot(const void *key, const void *slot)
{
    return str_cmp(*(const struct str *)key, ((const struct slot *)slot)->row->key);
}

static int key_to_option(const void *key, const void *option)
{
    return str_cmp(*(const struct str *)key, ((const struct option_row *)option)->key);
}

static struct slot *find_slot(struct slot *slots, struct str key)
{
    return bsearch(&key, slots, settings_row_count, sizeof *slots, key_to_slot);
}

/* Every known option with its default, sorted by key. */
static struct slot *default_slots(struct arena *a)
{
    struct slot *slots = arena_new_array(a, struct slot, settings_row_count);

    for (size_t i = 0; i < settings_row_count; i++) {
        const struct settings_row *row = &settings_rows[i];

        slots[i].row = row;
        slots[i].text = row->fallback.p ? row->fallback : catalog_default_json(row->key);
    }
    qsort(slots, settings_row_count, sizeof *slots, by_slot_key);
    return slots;
}

static const struct json *read_json(struct arena *a, struct str text)
{
    const struct json *root = NULL;

    return json_read(a, text, JSON_DEPTH_DEFAULT, &root, NULL) == ERR_OK ? root : NULL;
}

/* The catalog reads its tables number by number, so one bad number does not cost the others: of
 * those, only the form counts. */
static bool usable(struct arena *a, const struct settings_row *row, struct str value,
                   struct err *err)
{
    if (row->fallback.p)
        return settings_check(a, row, value, err) == ERR_OK;
    if (json_is(read_json(a, value), JSON_OBJECT))
        return true;
    err_set(err, ERR_BAD_REQUEST, "%.*s must be a JSON object", STR_ARG(row->key));
    return false;
}

/* A stored value over a default. A switch takes any text, as in the original. */
static void overlay(struct arena *a, struct slot *slot, struct str value)
{
    struct err err = {.msg = ""};

    if (slot->row->kind == SETTING_BOOL) {
        slot->text = str_eq(value, STR("true")) ? STR("true") : STR("false");
        return;
    }
    if (!usable(a, slot->row, value, &err)) {
        log_warn(NULL, "settings.value", "using the default, the stored value is wrong: %s",
                 err.msg);
        return;
    }
    slot->text = str_dup(a, value);
}

static const struct str *split(struct arena *a, struct str text, char separator, bool lower,
                               size_t *count)
{
    size_t most = 1;
    struct str *parts;

    for (size_t i = 0; i < text.n; i++)
        most += text.p[i] == separator;
    parts = arena_new_array(a, struct str, most);
    *count = 0;
    STR_SPLIT_EACH (part, text, separator)
        parts[(*count)++] = lower ? str_lower(a, part) : part;
    return parts;
}

/* The text passed settings_check(), so it reads. */
static int64_t to_i64(struct str text)
{
    int64_t value;

    return str_to_i64(text, &value) ? value : 0;
}

static double to_f64(struct str text)
{
    double value;

    return str_to_f64(text, &value) ? value : 0;
}

/* NULL for what is not in force. */
static const struct responses_policy *read_policy(struct arena *a, struct str text)
{
    const struct responses_policy *policy;

    return responses_policy_read(a, read_json(a, text), &policy, NULL) == ERR_OK ? policy : NULL;
}

/* memcpy, because a member is known by its offset only. */
#define STORE(type, value)                                                                         \
    do {                                                                                           \
        type stored = (value);                                                                     \
        memcpy((char *)out + row->member, &stored, sizeof(type));                                  \
    } while (0)

static void fill_member(struct arena *a, const struct slot *slot, struct settings *out)
{
    const struct settings_row *row = slot->row;
    size_t count;

    switch (row->kind) {
    case SETTING_BOOL:
        STORE(bool, str_eq(slot->text, STR("true")));
        break;
    case SETTING_INT:
        STORE(int64_t, to_i64(slot->text));
        break;
    case SETTING_FLOAT:
        STORE(double, to_f64(slot->text));
        break;
    case SETTING_TEXT:
    case SETTING_COMMAS:
    case SETTING_RANGES:
        STORE(struct str, slot->text.n > 0 ? slot->text : row->in_force);
        break;
    case SETTING_LINES:
        /* The keywords are held against lower-cased upstream messages (relay reference 7.1); so are
         * the words against prompts. */
        STORE(const struct str *, split(a, slot->text, '\n', true, &count));
        memcpy((char *)out + row->count_member, &count, sizeof count);
        break;
    case SETTING_NUMBERS:
    case SETTING_STRINGS:
    case SETTING_NUMBER_MAPS:
    case SETTING_LIMITS:
    case SETTING_OBJECT:
    case SETTING_ARRAY:
    case SETTING_STRING_ARRAY:
        STORE(const struct json *, read_json(a, slot->text));
        break;
    case SETTING_RESPONSES:
        STORE(const struct responses_policy *, read_policy(a, slot->text));
        break;
    }
}

/* The known options and those that nobody knows, which are kept. */
static void fill_all(struct arena *a, struct slot *slots, const struct option_row *rows, size_t n,
                     struct settings *out)
{
    struct option_row *all = arena_new_array(a, struct option_row, settings_row_count + n);
    size_t count = 0;

    for (size_t i = 0; i < settings_row_count; i++)
        all[count++] = (struct option_row){.key = slots[i].row->key, .value = slots[i].text};
    for (size_t i = 0; i < n; i++) {
        if (!find_slot(slots, rows[i].key))
            all[count++] = (struct option_row){.key = str_dup(a, rows[i].key),
                                               .value = str_dup(a, rows[i].value)};
    }
    qsort(all, count, sizeof *all, by_key);
    out->all = all;
    out->all_count = count;
}

static bool some_escaped(const struct str *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < words[i].n; k++) {
            char c = words[i].p[k];

            if (c == '"' || c == '\\' || (unsigned char)c < ' ')
                return true;
        }
    }
    return false;
}

void settings_read(struct arena *a, const struct option_row *rows, size_t n, struct settings *out)
{
    struct slot *slots = default_slots(a);

    *out = (struct settings){.all_count = 0};
    for (size_t i = 0; i < n; i++) {
        struct slot *slot = find_slot(slots, rows[i].key);

        if (slot)
            overlay(a, slot, rows[i].value);
    }
    for (size_t i = 0; i < settings_row_count; i++) {
        if (slots[i].row->member != SETTING_NO_MEMBER)
            fill_member(a, &slots[i], out);
    }
    out->sensitive_escaped = some_escaped(out->sensitive_words, out->sensitive_word_count);
    words_init(a, &out->sensitive, out->sensitive_words, out->sensitive_word_count);
    fill_all(a, slots, rows, n, out);
}

struct str settings_missing(const struct settings *current, struct str key, struct str value)
{
    static const struct {
        struct str option, needs;
    } switches[] = {
        {STR_INIT("GitHubOAuthEnabled"), STR_INIT("GitHubClientId")},
        {STR_INIT("oidc.enabled"), STR_INIT("oidc.client_id")},
        {STR_INIT("LinuxDOOAuthEnabled"), STR_INIT("LinuxDOClientId")},
        {STR_INIT("EmailDomainRestrictionEnabled"), STR_INIT("EmailDomainWhitelist")},
        {STR_INIT("WeChatAuthEnabled"), STR_INIT("WeChatServerAddress")},
        {STR_INIT("TurnstileCheckEnabled"), STR_INIT("TurnstileSiteKey")},
        {STR_INIT("TelegramOAuthEnabled"), STR_INIT("TelegramBotToken")},
    };

    for (size_t i = 0; i < ARRAY_LEN(switches); i++) {
        if (str_eq(key, switches[i].option) && str_eq(value, STR("true")) &&
            settings_text(current, switches[i].needs).n == 0)
            return switches[i].needs;
    }
    return STR_NULL;
}

static const struct settings_row *find_row(struct str key)
{
    for (size_t i = 0; i < settings_row_count; i++) {
        if (str_eq(settings_rows[i].key, key))
            return &settings_rows[i];
    }
    return NULL;
}

enum { OPTION_KEY_BYTES_MAX = 191, UNKNOWN_VALUE_BYTES_MAX = 1 << 20 };

enum err_code settings_validate(struct arena *a, struct str key, struct str value, struct err *err)
{
    const struct settings_row *row = find_row(key);

    if (key.n == 0 || key.n > OPTION_KEY_BYTES_MAX)
        return err_set(err, ERR_BAD_REQUEST, "the key of an option has 1 to %d bytes",
                       OPTION_KEY_BYTES_MAX);
    if (!row) {
        if (value.n <= UNKNOWN_VALUE_BYTES_MAX)
            return ERR_OK; /* kept, without effect, as the original does */
        return err_set(err, ERR_BAD_REQUEST, "the value must be at most 1 MB long");
    }
    return settings_check(a, row, value, err);
}

struct str settings_text(const struct settings *s, struct str key)
{
    const struct option_row *hit =
        bsearch(&key, s->all, s->all_count, sizeof *s->all, key_to_option);

    return hit ? hit->value : STR_NULL;
}

const struct json *settings_json(struct arena *a, const struct settings *s, struct str key)
{
    const struct json *root;

    return json_read(a, settings_text(s, key), JSON_DEPTH_DEFAULT, &root, NULL) == ERR_OK ? root
                                                                                          : NULL;
}

bool settings_bool(const struct settings *s, struct str key)
{
    return str_eq(settings_text(s, key), STR("true"));
}

int64_t settings_i64(const struct settings *s, struct str key)
{
    return to_i64(settings_text(s, key));
}

double settings_f64(const struct settings *s, struct str key)
{
    return to_f64(settings_text(s, key));
}

static bool ends_nocase(struct str text, struct str end)
{
    return text.n >= end.n && str_eq_nocase(str_skip(text, text.n - end.n), end);
}

bool settings_hidden(struct str key)
{
    return str_ends(key, STR("Token")) || str_ends(key, STR("Key")) ||
           ends_nocase(key, STR("secret")) || ends_nocase(key, STR("api_key"));
}

bool settings_has_status(struct str ranges, int status)
{
    STR_SPLIT_EACH (part, ranges, ',') {
        struct str rest = part, first = str_trim(str_cut(&rest, '-'));
        int64_t low, high;

        if (!str_to_i64(first, &low))
            continue;
        high = low;
        if ((!rest.p || str_to_i64(str_trim(rest), &high)) && status >= low && status <= high)
            return true;
    }
    return false;
}

static bool ratio_in(const struct json *table, struct str group, double *ratio)
{
    return json_f64(json_get(table, group), ratio) && *ratio >= 0;
}

double settings_group_ratio(const struct settings *s, struct str user_group, struct str using_group)
{
    double ratio;

    if (ratio_in(json_get(s->group_group_ratio, user_group), using_group, &ratio) ||
        ratio_in(s->group_ratio, using_group, &ratio))
        return ratio;
    return 1;
}

bool settings_group_exists(const struct settings *s, struct str group)
{
    return json_get(s->group_ratio, group) != NULL;
}

/* Is the member's name prefix + name? Names with escapes in them are not group names. */
static bool key_is(const struct json *key, struct str prefix, struct str name)
{
    struct str raw = json_raw(key), text = str_sub(raw, 1, raw.n - 2);

    return !key->escaped && text.n == prefix.n + name.n && str_starts(text, prefix) &&
           str_eq(str_skip(text, prefix.n), name);
}

bool settings_group_usable(const struct settings *s, struct str user_group, struct str group)
{
    struct str own = user_group.n > 0 ? user_group : STR("default");
    bool usable = json_get(s->user_usable_groups, group) != NULL || str_eq(group, own);

    if (group.n == 0)
        return false;
    JSON_EACH_MEMBER (key, label, json_get(s->special_usable_groups, user_group)) {
        if (key_is(key, STR(""), group) || key_is(key, STR("+:"), group))
            usable = true;
        if (key_is(key, STR("-:"), group))
            usable = false;
    }
    return usable;
}
