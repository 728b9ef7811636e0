#include "ledger/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/log.h"
#include "base/mem.h"

struct head { /* the first SEGMENT_HEAD bytes of the file; what is left of them is zero */
    char magic[8];
    uint64_t journal_id, seq, position, bytes;
    uint32_t zero, crc; /* of what stands before it */
};

struct record_head {
    _Atomic uint32_t length; /* of the payload; 0: nothing here yet */
    uint32_t crc;
};

static_assert(sizeof(struct record_head) == SEGMENT_RECORD_HEAD, "as journal.h says");
static_assert(sizeof(struct head) <= SEGMENT_HEAD, "the head has its room");

static const char magic[8] = {'Y', 'A', 'P', 'I', 'J', 'R', 'N', '1'};

enum { NAME_HEX = 16, PATH_EXTRA = 64, PAGE = 4096 };

static size_t round_up(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

size_t segment_record_bytes(size_t payload_bytes)
{
    return SEGMENT_RECORD_HEAD + round_up(payload_bytes);
}

static uint32_t head_crc(const struct head *h)
{
    return crc32c(0, str_make((const char *)h, offsetof(struct head, crc)));
}

static struct segment *segment_new(struct str dir, struct str name)
{
    struct segment *s = mem_new(struct segment);
    size_t cap = dir.n + name.n + 2;

    s->path = mem_alloc(cap);
    snprintf(s->path, cap, "%.*s/%.*s", STR_ARG(dir), STR_ARG(name));
    return s;
}

static void segment_free(struct segment *s)
{
    mem_free(s->path);
    mem_free(s);
}

static enum err_code io_error(const struct segment *s, const char *what, int error, struct err *err)
{
    return err_set(err, ERR_IO, "cannot %s the journal file %s: %s", what, s->path,
                   strerror(error));
}

static enum err_code map_file(struct segment *s, int fd, int protection, struct err *err)
{
    void *base = mmap(NULL, s->bytes, protection, MAP_SHARED, fd, 0);

    if (base == MAP_FAILED)
        return io_error(s, "map", errno, err);
    s->base = base;
    return ERR_OK;
}

static void write_head(struct segment *s)
{
    struct head h = {
        .journal_id = s->journal_id, .seq = s->seq, .position = s->position, .bytes = s->bytes};

    memcpy(h.magic, magic, sizeof magic);
    h.crc = head_crc(&h);
    memcpy(s->base, &h, sizeof h);
}

static enum err_code make_file(struct segment *s, struct err *err)
{
    int fd = open(s->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600), failed;
    enum err_code rc;

    if (fd < 0)
        return io_error(s, "make", errno, err);
    failed = posix_fallocate(fd, 0, (off_t)s->bytes);
    rc = failed ? io_error(s, "allocate", failed, err)
                : map_file(s, fd, PROT_READ | PROT_WRITE, err);
    close(fd);
    if (rc != ERR_OK)
        unlink(s->path);
    return rc;
}

enum err_code segment_make(struct str dir, uint64_t journal_id, uint64_t seq, uint64_t position,
                           size_t bytes, struct segment **out, struct err *err)
{
    char name[PATH_EXTRA];
    int n = snprintf(name, sizeof name, "%016" PRIx64 "-%08" PRIu64 ".log", journal_id, seq);
    struct segment *s = segment_new(dir, str_make(name, (size_t)n));
    enum err_code rc;

    s->journal_id = journal_id;
    s->seq = seq;
    s->position = position;
    s->bytes = round_up(bytes);
    *out = NULL;
    rc = make_file(s, err);
    if (rc != ERR_OK) {
        segment_free(s);
        return rc;
    }
    write_head(s);
    *out = s;
    return ERR_OK;
}

static enum err_code read_head(struct segment *s, struct err *err)
{
    struct head h;

    memcpy(&h, s->base, sizeof h);
    if (memcmp(h.magic, magic, sizeof magic) != 0 || h.crc != head_crc(&h) || h.bytes != s->bytes)
        return err_set(err, ERR_INTERNAL, "the head of the journal file %s is damaged", s->path);
    s->journal_id = h.journal_id;
    s->seq = h.seq;
    s->position = h.position;
    return ERR_OK;
}

static enum err_code open_file(struct segment *s, struct err *err)
{
    int fd = open(s->path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    enum err_code rc;

    if (fd < 0)
        return io_error(s, "open", errno, err);
    if (fstat(fd, &status) != 0) {
        rc = io_error(s, "read", errno, err);
    } else if (status.st_size < SEGMENT_HEAD) {
        rc = err_set(err, ERR_INTERNAL, "the journal file %s is cut", s->path);
    } else {
        s->bytes = (size_t)status.st_size;
        rc = map_file(s, fd, PROT_READ, err);
    }
    close(fd);
    return rc == ERR_OK ? read_head(s, err) : rc;
}

enum err_code segment_open(struct str dir, struct str name, struct segment **out, struct err *err)
{
    struct segment *s = segment_new(dir, name);
    enum err_code rc = open_file(s, err);

    *out = NULL;
    if (rc == ERR_OK)
        *out = s;
    else
        segment_close(s, false);
    return rc;
}

static bool read_hex(struct str text, uint64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < text.n; i++) {
        const char *digit = memchr("0123456789abcdef", text.p[i], 16);

        if (!digit)
            return false;
        *out = *out << 4 | (uint64_t)(digit - "0123456789abcdef");
    }
    return text.n == NAME_HEX;
}

bool segment_parse_name(struct str name, uint64_t *journal_id, uint64_t *seq)
{
    struct str end = STR(".log"), rest = name;

    if (!str_ends(name, end))
        return false;
    rest.n -= end.n;
    return read_hex(str_cut(&rest, '-'), journal_id) && str_to_u64(rest, seq);
}

void segment_close(struct segment *s, bool remove_file)
{
    if (!s)
        return;
    if (s->base)
        munmap(s->base, s->bytes);
    if (remove_file && unlink(s->path) != 0)
        log_warn(NULL, "journal.unlink", "file=%s error=%s", s->path, strerror(errno));
    segment_free(s);
}

char *segment_put_aside(struct segment *s, const char *end)
{
    size_t cap = strlen(s->path) + PATH_EXTRA;
    char *to = mem_alloc(cap);

    snprintf(to, cap, "%s.%s", s->path, end);
    if (rename(s->path, to) != 0)
        log_warn(NULL, "journal.rename", "file=%s error=%s", s->path, strerror(errno));
    return to;
}

static struct record_head *record_at(const struct segment *s, size_t at)
{
    return (struct record_head *)(void *)(s->base + at);
}

void segment_touch(struct segment *s, size_t at, size_t bytes)
{
    size_t page = at & ~(size_t)(PAGE - 1);

    if (bytes > s->bytes - page)
        bytes = s->bytes - page;
    (void)madvise(s->base + page, bytes, MADV_POPULATE_WRITE); /* Linux 5.14 */
}

char *segment_payload(struct segment *s, size_t at)
{
    assert(at % 8 == 0 && at + SEGMENT_RECORD_HEAD <= s->bytes);
    return s->base + at + SEGMENT_RECORD_HEAD;
}

void segment_publish(struct segment *s, size_t at, size_t payload_bytes)
{
    struct record_head *head = record_at(s, at);

    head->crc = crc32c(0, str_make(segment_payload(s, at), payload_bytes));
    atomic_store_explicit(&head->length, (uint32_t)payload_bytes, memory_order_release);
}

enum segment_result segment_read(const struct segment *s, size_t *at, struct str *payload)
{
    const struct record_head *head = record_at(s, *at);
    uint32_t length;

    *payload = STR_NULL;
    if (*at + SEGMENT_RECORD_HEAD > s->bytes)
        return SEGMENT_END;
    length = atomic_load_explicit(&head->length, memory_order_acquire);
    if (length == 0)
        return SEGMENT_END;
    if (length > s->bytes - *at - SEGMENT_RECORD_HEAD)
        return SEGMENT_TORN;
    *payload = str_make(s->base + *at + SEGMENT_RECORD_HEAD, length);
    if (crc32c(0, *payload) != head->crc) {
        *payload = STR_NULL;
        return SEGMENT_TORN;
    }
    *at += segment_record_bytes(length);
    return SEGMENT_RECORD;
}
