/*
 * Each coding is a row of three functions around its library; inflater_feed() is the loop that
 * moves bytes and watches the cap. Whether a decoder that has filled the last allowed byte wanted
 * to go on is found out by offering it one byte more, outside of the output.
 */
#include "codec/compress.h"

#include <brotli/decode.h>
#include <limits.h>
#include <zlib.h>
#include <zstd.h>

#include "base/mem.h"
#include "base/panic.h"

enum { STEP_MOST = 64 * 1024, STEP_LEAST = 1024, ZSTD_WINDOW_LOG = 23, ZSTD_HEAD_MOST = 18 };

enum step {
    STEP_INPUT,  /* all input is used, more is wanted */
    STEP_OUTPUT, /* the room is used up */
    STEP_END,    /* the stream (member, frame) is complete */
    STEP_BROKEN,
};

/* What a step reads and writes; it moves both. */
struct room {
    const uint8_t *in;
    size_t in_n;
    uint8_t *out;
    size_t out_n;
};

struct coder {
    void (*open)(struct inflater *inf);
    enum step (*step)(struct inflater *inf, struct room *room);
    void (*close)(struct inflater *inf);
    bool many; /* another stream may follow the end of one */
};

struct inflater {
    const struct coder *coder;
    size_t left; /* bytes that may still come out */
    enum err_code failed;
    bool complete; /* at the end of a stream */
    bool open;     /* deflate: the frame is known and `zlib` in use */
    /* deflate: first bytes, until they tell the frame; zstd: how many of the frame's were seen */
    uint8_t head[2], head_n;
    union {
        z_stream zlib;
        BrotliDecoderState *brotli;
        ZSTD_DStream *zstd;
    };
};

/* Memory of the libraries: ours, so that "no memory" is not one of their errors. */

static void *zlib_alloc(void *ctx UNUSED, unsigned n, unsigned size)
{
    return mem_alloc(arena_array_bytes(size, n));
}

static void *lib_alloc(void *ctx UNUSED, size_t bytes)
{
    return mem_alloc(bytes);
}

static void lib_free(void *ctx UNUSED, void *ptr)
{
    mem_free(ptr);
}

/* ---- gzip and deflate ---- */

enum { BITS_RAW = -15, BITS_ZLIB = 15, BITS_GZIP = 15 + 16 };

static void zlib_open(struct inflater *inf, int window_bits)
{
    inf->zlib = (z_stream){.zalloc = zlib_alloc, .zfree = lib_free};
    if (inflateInit2(&inf->zlib, window_bits) != Z_OK)
        panic("zlib: cannot inflate (built for %s, running %s)", ZLIB_VERSION, zlibVersion());
    inf->open = true;
}

static void gzip_open(struct inflater *inf)
{
    zlib_open(inf, BITS_GZIP);
}

static void zlib_close(struct inflater *inf)
{
    if (inf->open)
        inflateEnd(&inf->zlib);
}

static enum step zlib_step(struct inflater *inf, struct room *room)
{
    z_stream *z = &inf->zlib;
    unsigned in_n = room->in_n < UINT_MAX ? (unsigned)room->in_n : UINT_MAX;

    z->next_in = (uint8_t *)(uintptr_t)room->in; /* not written to; the member is not const */
    z->avail_in = in_n;
    z->next_out = room->out;
    z->avail_out = (unsigned)room->out_n;
    int rc = inflate(z, Z_NO_FLUSH);
    room->in += in_n - z->avail_in;
    room->in_n -= in_n - z->avail_in;
    room->out_n = z->avail_out;
    if (rc == Z_STREAM_END)
        return inflateReset(z) == Z_OK ? STEP_END : STEP_BROKEN;
    if (rc != Z_OK && rc != Z_BUF_ERROR)
        return STEP_BROKEN;
    return z->avail_out == 0 ? STEP_OUTPUT : STEP_INPUT;
}

/* RFC 1950, section 2.2: method 8, window of at most 32 KB, a multiple of 31. A raw stream that
 * begins like that would begin with a stored block and have its padding bits set. */
static bool is_zlib_head(const uint8_t head[2])
{
    return (head[0] & 0x0f) == 8 && head[0] >> 4 <= 7 && (head[0] * 256 + head[1]) % 31 == 0;
}

static void deflate_open(struct inflater *inf)
{
    inf->open = false;
}

/* Gathers two bytes, opens the decoder that they ask for and gives them to it first. */
static enum step deflate_step(struct inflater *inf, struct room *room)
{
    if (!inf->open) {
        for (; inf->head_n < 2 && room->in_n > 0; room->in++, room->in_n--)
            inf->head[inf->head_n++] = *room->in;
        if (inf->head_n < 2)
            return STEP_INPUT;
        zlib_open(inf, is_zlib_head(inf->head) ? BITS_ZLIB : BITS_RAW);
    }
    if (inf->head_n > 0) {
        struct room head = {
            .in = inf->head, .in_n = inf->head_n, .out = room->out, .out_n = room->out_n};
        enum step step = zlib_step(inf, &head);

        room->out += room->out_n - head.out_n;
        room->out_n = head.out_n;
        memmove(inf->head, head.in, head.in_n);
        inf->head_n = (uint8_t)head.in_n;
        if (step != STEP_INPUT)
            return step == STEP_END && inf->head_n > 0 ? STEP_BROKEN : step;
    }
    return zlib_step(inf, room);
}

/* ---- br ---- */

static void brotli_open(struct inflater *inf)
{
    inf->brotli = BrotliDecoderCreateInstance(lib_alloc, lib_free, NULL);
}

static void brotli_close(struct inflater *inf)
{
    BrotliDecoderDestroyInstance(inf->brotli);
}

static enum step brotli_step(struct inflater *inf, struct room *room)
{
    switch (BrotliDecoderDecompressStream(inf->brotli, &room->in_n, &room->in, &room->out_n,
                                          &room->out, NULL)) {
    case BROTLI_DECODER_RESULT_SUCCESS:
        return STEP_END;
    case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT:
        return STEP_INPUT;
    case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT:
        return STEP_OUTPUT;
    case BROTLI_DECODER_RESULT_ERROR:
        break;
    }
    return STEP_BROKEN;
}

/* ---- zstd ---- */

static void zstd_open(struct inflater *inf)
{
    inf->zstd = ZSTD_createDStream();
    if (!inf->zstd)
        panic("out of memory: zstd");
    ZSTD_DCtx_setParameter(inf->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG);
}

static void zstd_close(struct inflater *inf)
{
    ZSTD_freeDStream(inf->zstd);
}

/* RFC 8878 sections 3.1.1 and 3.1.2: the number that a frame, or one to skip, begins with. The
 * library may know older formats as well, which are no "zstd" (RFC 9110 section 8.4.1.4). */
static bool zstd_magic_ok(struct inflater *inf, const struct room *room)
{
    static const uint8_t frame[4] = {0x28, 0xb5, 0x2f, 0xfd}, skip[4] = {0x50, 0x2a, 0x4d, 0x18};

    for (size_t i = 0; i + inf->head_n < sizeof frame && i < room->in_n; i++) {
        size_t at = i + inf->head_n;
        uint8_t byte = (uint8_t)room->in[i];

        if (at == 0)
            inf->head[0] = byte;
        bool skipped = (inf->head[0] & 0xf0) == skip[0];
        if (byte != (skipped ? skip : frame)[at] && !(skipped && at == 0))
            return false;
    }
    return true;
}

/* A frame's head goes to the library byte by byte: one that it gets whole, it would otherwise read
 * in another way, with checks that the pieces of a frame are not put to. Returns what it says. */
static size_t zstd_some(struct inflater *inf, struct room *room)
{
    const bool head = inf->head_n < ZSTD_HEAD_MOST && room->in_n > 1;
    ZSTD_inBuffer in = {.src = room->in, .size = head ? 1 : room->in_n};
    ZSTD_outBuffer out = {.dst = room->out, .size = room->out_n};
    size_t rc = ZSTD_decompressStream(inf->zstd, &out, &in), seen = inf->head_n + in.pos;

    room->in += in.pos;
    room->in_n -= in.pos;
    room->out += out.pos;
    room->out_n -= out.pos;
    inf->head_n = (uint8_t)(seen < ZSTD_HEAD_MOST ? seen : ZSTD_HEAD_MOST);
    return rc;
}

static enum step zstd_step(struct inflater *inf, struct room *room)
{
    size_t rc;

    if (!zstd_magic_ok(inf, room))
        return STEP_BROKEN;
    do
        rc = zstd_some(inf, room);
    while (!ZSTD_isError(rc) && rc > 0 && room->in_n > 0 && room->out_n > 0);
    if (ZSTD_isError(rc))
        return STEP_BROKEN;
    if (rc > 0)
        return room->out_n == 0 ? STEP_OUTPUT : STEP_INPUT;
    inf->head_n = 0; /* another frame may follow */
    return STEP_END;
}

/* ---- all of them ---- */

static const struct coder coders[] = {
    [CODING_GZIP] = {gzip_open, zlib_step, zlib_close, true},
    [CODING_DEFLATE] = {deflate_open, deflate_step, zlib_close, false},
    [CODING_BR] = {brotli_open, brotli_step, brotli_close, false},
    [CODING_ZSTD] = {zstd_open, zstd_step, zstd_close, true},
};

enum coding coding_from_name(struct str name)
{
    static const struct {
        struct str name;
        enum coding coding;
    } names[] = {
        {STR_INIT(""), CODING_IDENTITY},       {STR_INIT("identity"), CODING_IDENTITY},
        {STR_INIT("gzip"), CODING_GZIP},       {STR_INIT("x-gzip"), CODING_GZIP},
        {STR_INIT("deflate"), CODING_DEFLATE}, {STR_INIT("br"), CODING_BR},
        {STR_INIT("zstd"), CODING_ZSTD},
    };

    name = str_trim(name);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_eq_nocase(name, names[i].name))
            return names[i].coding;
    }
    return CODING_UNKNOWN;
}

struct inflater *inflater_new(enum coding coding, size_t limit_bytes)
{
    struct inflater *inf = mem_new(struct inflater);

    assert(coding > CODING_IDENTITY && coding < CODING_UNKNOWN);
    inf->coder = &coders[coding];
    inf->left = limit_bytes;
    inf->coder->open(inf);
    return inf;
}

void inflater_free(struct inflater *inf)
{
    if (!inf)
        return;
    inf->coder->close(inf);
    mem_free(inf);
}

static enum err_code fail(struct inflater *inf, enum err_code code, struct err *err)
{
    inf->failed = code;
    return err_set(err, code,
                   code == ERR_TOO_LARGE ? "the body is too large once decompressed"
                                         : "the compressed body is broken");
}

/* How much the next step may write: more for more input, within both caps. */
static size_t room_bytes(const struct inflater *inf, const struct sb *out, size_t in_n)
{
    size_t cap = out->limit - out->n, want = in_n < STEP_MOST / 4 ? in_n * 4 : STEP_MOST;

    if (cap > inf->left)
        cap = inf->left;
    if (want < STEP_LEAST)
        want = STEP_LEAST;
    return want < cap ? want : cap;
}

/* One step of the decoder into `out`; `*in` moves on. */
static enum step step_into(struct inflater *inf, struct str *in, struct sb *out, bool *over)
{
    uint8_t spare;
    size_t bytes = room_bytes(inf, out, in->n);
    struct room room = {.in = (const uint8_t *)in->p, .in_n = in->n, .out = &spare, .out_n = 1};

    if (bytes > 0)
        room = (struct room){room.in, room.in_n, (uint8_t *)sb_reserve(out, bytes), bytes};
    enum step step = inf->coder->step(inf, &room);
    *in = str_make((const char *)room.in, room.in_n);
    *over = bytes == 0 && room.out_n == 0;
    if (bytes > 0) {
        out->n += bytes - room.out_n;
        inf->left -= bytes - room.out_n;
    }
    return step;
}

enum err_code inflater_feed(struct inflater *inf, struct str in, struct sb *out, struct err *err)
{
    bool over = false;

    if (inf->failed != ERR_OK)
        return fail(inf, inf->failed, err);
    if (sb_failed(out))
        return fail(inf, ERR_TOO_LARGE, err);
    for (bool more = in.n > 0; more;) {
        if (inf->complete && !inf->coder->many)
            return fail(inf, ERR_BAD_REQUEST, err);
        inf->complete = false;
        switch (step_into(inf, &in, out, &over)) {
        case STEP_BROKEN:
            return fail(inf, ERR_BAD_REQUEST, err);
        case STEP_END:
            inf->complete = true;
            more = in.n > 0;
            break;
        case STEP_INPUT:
            more = in.n > 0;
            break;
        case STEP_OUTPUT:
            break;
        }
        if (over)
            return fail(inf, ERR_TOO_LARGE, err);
    }
    return ERR_OK;
}

enum err_code inflater_end(const struct inflater *inf, struct err *err)
{
    if (inf->failed != ERR_OK)
        return err_set(err, inf->failed, "the compressed body is broken");
    if (!inf->complete)
        return err_set(err, ERR_BAD_REQUEST, "the compressed body is cut short");
    return ERR_OK;
}

struct str gzip_compress(struct arena *a, struct str plain)
{
    enum { LEVEL = 4, MEM_LEVEL = 8 };
    z_stream z = {.zalloc = zlib_alloc, .zfree = lib_free};

    assert(plain.n <= 1u << 30);
    if (deflateInit2(&z, LEVEL, Z_DEFLATED, BITS_GZIP, MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
        panic("zlib: cannot deflate (built for %s, running %s)", ZLIB_VERSION, zlibVersion());
    size_t bound = deflateBound(&z, plain.n);
    uint8_t *out = arena_alloc(a, bound);
    z.next_in = (uint8_t *)(uintptr_t)plain.p;
    z.avail_in = (unsigned)plain.n;
    z.next_out = out;
    z.avail_out = (unsigned)bound;
    int rc = deflate(&z, Z_FINISH);
    deflateEnd(&z);
    if (rc != Z_STREAM_END)
        panic("zlib: its bound of %zu bytes is too small for %zu", bound, plain.n);
    return str_make((const char *)out, bound - z.avail_out);
}
