/*
 * A record: version byte, flag byte, then the numbers as 8 bytes each, then each string as 4 bytes
 * of length and its bytes; in the machine's byte order, since a journal does not leave its machine.
 * A new member means a new version; versions that were ever written stay readable.
 */
#include "ledger/record.h"

enum { VERSION = 1, NUMBERS = 9, STRINGS = 8, HEAD = 2 };
enum { FLAG_STREAM = 1, FLAG_COUNT = 2, FLAG_LOG = 4, FLAGS = 7 };

struct fields {
    int64_t *numbers[NUMBERS];
    struct str *strings[STRINGS];
};

/* The members in the order of the wire, for both directions. */
static struct fields fields_of(struct usage_record *r)
{
    return (struct fields){
        .numbers = {&r->kind, &r->created_at_s, &r->user_id, &r->token_id, &r->channel_id,
                    &r->quota, &r->prompt_tokens, &r->completion_tokens, &r->use_time_s},
        .strings = {&r->username, &r->token_name, &r->model_name, &r->group, &r->content, &r->other,
                    &r->request_id, &r->ip},
    };
}

static size_t string_bytes(struct str s)
{
    return s.n < RECORD_STRING_MAX ? s.n : RECORD_STRING_MAX;
}

size_t record_size(const struct usage_record *r)
{
    struct usage_record copy = *r;
    struct fields f = fields_of(&copy);
    size_t bytes = HEAD + NUMBERS * sizeof(int64_t) + STRINGS * sizeof(uint32_t);

    for (size_t i = 0; i < STRINGS; i++)
        bytes += string_bytes(*f.strings[i]);
    return bytes;
}

static char *put(char *to, const void *bytes, size_t n)
{
    memcpy(to, bytes, n);
    return to + n;
}

void record_encode(const struct usage_record *r, char *to)
{
    struct usage_record copy = *r;
    struct fields f = fields_of(&copy);

    *to++ = VERSION;
    *to++ = (char)((r->is_stream ? FLAG_STREAM : 0) | (r->count_request ? FLAG_COUNT : 0) |
                   (r->write_log ? FLAG_LOG : 0));
    for (size_t i = 0; i < NUMBERS; i++)
        to = put(to, f.numbers[i], sizeof(int64_t));
    for (size_t i = 0; i < STRINGS; i++) {
        uint32_t n = (uint32_t)string_bytes(*f.strings[i]);

        to = put(to, &n, sizeof n);
        if (n > 0)
            to = put(to, f.strings[i]->p, n);
    }
}

static bool get(struct str *from, void *to, size_t n)
{
    if (from->n < n)
        return false;
    memcpy(to, from->p, n);
    *from = str_skip(*from, n);
    return true;
}

static bool get_string(struct str *from, struct str *out)
{
    uint32_t n;

    if (!get(from, &n, sizeof n) || n > from->n)
        return false;
    *out = str_sub(*from, 0, n);
    *from = str_skip(*from, n);
    return true;
}

static bool get_fields(struct str *from, struct usage_record *out)
{
    struct fields f = fields_of(out);

    for (size_t i = 0; i < NUMBERS; i++) {
        if (!get(from, f.numbers[i], sizeof(int64_t)))
            return false;
    }
    for (size_t i = 0; i < STRINGS; i++) {
        if (!get_string(from, f.strings[i]))
            return false;
    }
    return from->n == 0;
}

enum err_code record_decode(struct str bytes, struct usage_record *out, struct err *err)
{
    uint8_t version = 0, flags = 0;

    *out = (struct usage_record){.kind = 0};
    if (!get(&bytes, &version, 1) || version != VERSION)
        return err_set(err, ERR_INTERNAL, "usage record of unknown version %u", version);
    if (!get(&bytes, &flags, 1) || (flags & ~FLAGS) != 0 || !get_fields(&bytes, out))
        return err_set(err, ERR_INTERNAL, "damaged usage record");
    if (out->kind != RECORD_CONSUME && out->kind != RECORD_ERROR)
        return err_set(err, ERR_INTERNAL, "usage record of unknown kind");
    out->is_stream = flags & FLAG_STREAM;
    out->count_request = flags & FLAG_COUNT;
    out->write_log = flags & FLAG_LOG;
    return ERR_OK;
}
