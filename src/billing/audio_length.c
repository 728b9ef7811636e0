#include "billing/audio_length.h"

enum { GUESS_BYTES_A_SECOND = 6000, LEAST_BYTES_A_SECOND = 50 };

static uint8_t byte_at(struct str s, size_t at)
{
    return at < s.n ? (uint8_t)s.p[at] : 0;
}

static uint32_t be32(struct str s, size_t at)
{
    return (uint32_t)byte_at(s, at) << 24 | (uint32_t)byte_at(s, at + 1) << 16 |
           (uint32_t)byte_at(s, at + 2) << 8 | byte_at(s, at + 3);
}

static uint32_t le32(struct str s, size_t at)
{
    return (uint32_t)byte_at(s, at + 3) << 24 | (uint32_t)byte_at(s, at + 2) << 16 |
           (uint32_t)byte_at(s, at + 1) << 8 | byte_at(s, at);
}

static uint64_t be64(struct str s, size_t at)
{
    return (uint64_t)be32(s, at) << 32 | be32(s, at + 4);
}

static uint64_t le64(struct str s, size_t at)
{
    return (uint64_t)le32(s, at + 4) << 32 | le32(s, at);
}

static int64_t seconds_of(uint64_t units, uint64_t units_a_second)
{
    if (units_a_second == 0)
        return -1;
    return (int64_t)(units / units_a_second + (units % units_a_second != 0));
}

/* ---- WAV: chunks of a name, a length and content ---- */

static int64_t wav_seconds(struct str s)
{
    uint32_t bytes_a_second = 0;

    for (size_t at = 12; at + 8 <= s.n;) {
        struct str name = str_sub(s, at, 4);
        uint32_t n = le32(s, at + 4);
        size_t left = s.n - at - 8;

        if (str_eq(name, STR("fmt ")))
            bytes_a_second = le32(s, at + 16);
        if (str_eq(name, STR("data"))) /* a writer to a pipe does not know the length */
            return seconds_of(n < left ? n : left, bytes_a_second);
        if (n > left)
            return -1;
        at += 8 + (size_t)n + (n & 1);
    }
    return -1;
}

/* ---- FLAC: STREAMINFO comes first ---- */

static int64_t flac_seconds(struct str s)
{
    uint64_t packed = be64(s, 18); /* rate 20, channels 3, bits 5, samples 36 */
    uint64_t samples = packed & UINT64_C(0xFFFFFFFFF);

    if (s.n < 26 || (byte_at(s, 4) & 0x7F) != 0 || samples == 0)
        return -1;
    return seconds_of(samples, packed >> 44);
}

/* ---- MPEG audio: a row of frames, each with its own bit rate ---- */

struct frame {
    size_t bytes;
    uint32_t samples, rate;
};

/* kbit/s by [MPEG 1 or not][layer I, II, III][index] */
static const uint16_t bit_rates[2][3][15] = {
    {{0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448},
     {0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384},
     {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320}},
    {{0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256},
     {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},
     {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160}},
};

static bool read_frame(struct str s, size_t at, struct frame *out)
{
    static const uint32_t rates[3] = {44100, 48000, 32000};
    uint32_t head = be32(s, at), version = head >> 19 & 3, layer = head >> 17 & 3;
    uint32_t index = head >> 12 & 15, rate = head >> 10 & 3, padding = head >> 9 & 1, bits;
    bool first = version == 3;

    if (at + 4 > s.n || head >> 21 != 0x7FF || version == 1 || layer == 0 || rate == 3 ||
        index == 0 || index == 15)
        return false;
    layer = 3 - layer; /* 0: I */
    bits = bit_rates[!first][layer][index] * 1000u;
    out->rate = rates[rate] >> (first ? 0 : version == 2 ? 1 : 2);
    if (layer == 0) {
        out->samples = 384;
        out->bytes = (12 * (size_t)bits / out->rate + padding) * 4;
    } else {
        out->samples = layer == 2 && !first ? 576 : 1152;
        out->bytes = (size_t)out->samples / 8 * bits / out->rate + padding;
    }
    return out->bytes >= 4;
}

/* ID3v2 before the frames: a length in four times seven bits. */
static size_t skip_tag(struct str s)
{
    size_t n;

    if (!str_starts(s, STR("ID3")) || s.n < 10)
        return 0;
    n = (size_t)(byte_at(s, 6) & 127) << 21 | (size_t)(byte_at(s, 7) & 127) << 14 |
        (size_t)(byte_at(s, 8) & 127) << 7 | (byte_at(s, 9) & 127);
    return n + 10;
}

static int64_t mpeg_seconds(struct str s)
{
    struct frame frame, next;
    uint64_t samples = 0;
    uint32_t rate = 0;
    size_t at = skip_tag(s);

    /* Two frames in a row are no chance; a file of one frame is heard in no second anyway. */
    if (!read_frame(s, at, &frame) ||
        (at + frame.bytes < s.n && !read_frame(s, at + frame.bytes, &next)))
        return -1;
    while (at < s.n && read_frame(s, at, &frame)) {
        rate = frame.rate;
        samples += frame.samples;
        at += frame.bytes;
    }
    return seconds_of(samples, rate);
}

/* ---- Ogg: the last page says how many samples there are ---- */

static uint32_t ogg_rate(struct str s)
{
    struct str head = str_sub(s, 0, 512);
    ptrdiff_t vorbis = str_find(head, STR("\1vorbis"));

    if (str_has(head, STR("OpusHead")))
        return 48000;
    return vorbis >= 0 ? le32(s, (size_t)vorbis + 12) : 0;
}

static int64_t ogg_seconds(struct str s)
{
    const size_t page_max = 65536 + 512;
    size_t from = s.n > page_max ? s.n - page_max : 0;
    uint64_t samples = 0;

    for (struct str tail = str_skip(s, from);;) {
        ptrdiff_t at = str_find(tail, STR("OggS"));

        if (at < 0)
            break;
        if (le64(tail, (size_t)at + 6) != UINT64_MAX) /* no packet ends on the page */
            samples = le64(tail, (size_t)at + 6);
        tail = str_skip(tail, (size_t)at + 4);
    }
    return samples > 0 ? seconds_of(samples, ogg_rate(s)) : -1;
}

/* ---- MP4: boxes of a length, a name and content; moov holds mvhd ---- */

static struct str find_box(struct str s, struct str name)
{
    for (size_t at = 0; at + 8 <= s.n;) {
        uint64_t n = be32(s, at), head = 8;

        if (n == 1) {
            n = be64(s, at + 8);
            head = 16;
        } else if (n == 0) {
            n = s.n - at;
        }
        if (n < head || n > s.n - at)
            return STR_NULL;
        if (str_eq(str_sub(s, at + 4, 4), name))
            return str_sub(s, at + head, n - head);
        at += n;
    }
    return STR_NULL;
}

static int64_t mp4_seconds(struct str s)
{
    struct str mvhd = find_box(find_box(s, STR("moov")), STR("mvhd"));

    if (byte_at(mvhd, 0) == 1)
        return mvhd.n < 32 ? -1 : seconds_of(be64(mvhd, 24), be32(mvhd, 20));
    return mvhd.n < 20 ? -1 : seconds_of(be32(mvhd, 16), be32(mvhd, 12));
}

/* ---- which of them ---- */

static int64_t read_length(struct str file)
{
    if (str_starts(file, STR("RIFF")) && str_eq(str_sub(file, 8, 4), STR("WAVE")))
        return wav_seconds(file);
    if (str_starts(file, STR("fLaC")))
        return flac_seconds(file);
    if (str_starts(file, STR("OggS")))
        return ogg_seconds(file);
    if (str_eq(str_sub(file, 4, 4), STR("ftyp")))
        return mp4_seconds(file);
    return mpeg_seconds(file);
}

int64_t audio_seconds(struct str file)
{
    int64_t seconds = file.n > 0 ? read_length(file) : -1;
    int64_t most = (int64_t)(file.n / LEAST_BYTES_A_SECOND) + 1;

    return seconds > most || seconds < 0 ? -1 : seconds;
}

int64_t audio_seconds_or_guess(struct str file)
{
    int64_t seconds = audio_seconds(file);

    return seconds >= 0 ? seconds : (int64_t)(file.n / GUESS_BYTES_A_SECOND) + 1;
}
