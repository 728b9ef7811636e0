/* Recordings of known length, written here by the formats' own rules. */
#include "billing/audio_length.h"

#include "base/mem.h"
#include "base/sb.h"
#include "base/test.h"

static void add_be(struct sb *sb, uint64_t value, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--)
        sb_add_char(sb, (char)(value >> (8 * i)));
}

static void add_le(struct sb *sb, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        sb_add_char(sb, (char)(value >> (8 * i)));
}

static void add_zeros(struct sb *sb, size_t n)
{
    while (n-- > 0)
        sb_add_char(sb, '\0');
}

/* `seconds` of 8 kHz, 16 bit, one channel. */
static void write_wav(struct sb *sb, size_t seconds, uint32_t told)
{
    sb_add(sb, STR("RIFF"));
    add_le(sb, 0, 4);
    sb_add(sb, STR("WAVEJUNK"));
    add_le(sb, 3, 4);
    add_zeros(sb, 4); /* with its pad byte */
    sb_add(sb, STR("fmt "));
    add_le(sb, 16, 4);
    add_le(sb, 1 | 1 << 16, 4);
    add_le(sb, 8000, 4);
    add_le(sb, 16000, 4);
    add_le(sb, 2 | 16 << 16, 4);
    sb_add(sb, STR("data"));
    add_le(sb, told, 4);
    add_zeros(sb, seconds * 16000);
}

static void write_flac(struct sb *sb, uint64_t seconds)
{
    sb_add(sb, STR("fLaC"));
    add_be(sb, 34, 4);
    add_zeros(sb, 10);
    add_be(sb, UINT64_C(44100) << 44 | UINT64_C(15) << 36 | seconds * 44100, 8);
    add_zeros(sb, 2000);
}

/* MPEG 1 layer III, 128 kbit/s, 44100 Hz: frames of 417 bytes and 1152 samples. */
static void write_mp3(struct sb *sb, size_t frames, bool tag)
{
    if (tag) {
        sb_add(sb, STR("ID3\4"));
        add_zeros(sb, 2);
        add_be(sb, 1 << 8 | 2, 4); /* 130 bytes, seven bits a byte */
        add_zeros(sb, 130);
    }
    for (size_t i = 0; i < frames; i++) {
        add_be(sb, 0xFFFB9000, 4);
        add_zeros(sb, 413);
    }
}

static void write_ogg_page(struct sb *sb, uint64_t samples, struct str content)
{
    sb_add(sb, STR("OggS"));
    add_zeros(sb, 2);
    add_le(sb, samples, 8);
    add_zeros(sb, 12);
    sb_add_char(sb, 1);
    sb_add_char(sb, (char)content.n);
    sb_add(sb, content);
}

static void write_ogg(struct sb *sb, struct str head, uint64_t samples)
{
    write_ogg_page(sb, 0, head);
    add_zeros(sb, 70000);
    write_ogg_page(sb, samples, STR("x"));
    write_ogg_page(sb, UINT64_MAX, STR("x"));
}

static void write_mp4(struct sb *sb, uint64_t seconds)
{
    add_be(sb, 16, 4);
    sb_add(sb, STR("ftypM4A "));
    add_zeros(sb, 4);
    add_be(sb, 8 + 6000, 4);
    sb_add(sb, STR("mdat"));
    add_zeros(sb, 6000);
    add_be(sb, 8 + 8 + 100, 4);
    sb_add(sb, STR("moov"));
    add_be(sb, 8 + 100, 4);
    sb_add(sb, STR("mvhd"));
    add_zeros(sb, 12);
    add_be(sb, 1000, 4);
    add_be(sb, seconds * 1000 - 1, 4);
    add_zeros(sb, 80);
}

TEST(a_recording_is_as_long_as_it_says)
{
    CLEANUP(sb_finip) struct sb sb;

    sb_init(&sb, 1 << 24);
    write_wav(&sb, 3, 3 * 16000 - 1);
    CHECK_EQ(audio_seconds(sb_str(&sb)), 3);
    sb_reset(&sb);
    write_wav(&sb, 2, UINT32_MAX); /* written to a pipe */
    CHECK_EQ(audio_seconds(sb_str(&sb)), 2);
    sb_reset(&sb);
    write_flac(&sb, 30);
    CHECK_EQ(audio_seconds(sb_str(&sb)), 30);
    sb_reset(&sb);
    write_mp3(&sb, 77, false); /* 2.01 s */
    CHECK_EQ(audio_seconds(sb_str(&sb)), 3);
    sb_reset(&sb);
    write_mp3(&sb, 76, true); /* 1.99 s */
    CHECK_EQ(audio_seconds(sb_str(&sb)), 2);
    sb_reset(&sb);
    write_ogg(&sb, STR("OpusHead"), 48000 * 5);
    CHECK_EQ(audio_seconds(sb_str(&sb)), 5);
    sb_reset(&sb);
    write_ogg(&sb, STR("\1vorbis\0\0\0\0\2\x44\xac\0\0"), 44100 * 7 + 1);
    CHECK_EQ(audio_seconds(sb_str(&sb)), 8);
    sb_reset(&sb);
    write_mp4(&sb, 61);
    CHECK_EQ(audio_seconds(sb_str(&sb)), 61);
}

TEST(a_length_that_no_file_of_that_size_can_have_is_not_believed)
{
    CLEANUP(sb_finip) struct sb sb;

    sb_init(&sb, 1 << 24);
    write_flac(&sb, 100000);
    CHECK_EQ(audio_seconds(sb_str(&sb)), -1);
    CHECK_EQ(audio_seconds_or_guess(sb_str(&sb)), 1);
    sb_reset(&sb);
    write_mp4(&sb, 4000000);
    CHECK_EQ(audio_seconds(sb_str(&sb)), -1);
}

TEST(what_is_not_known_is_guessed_by_its_size)
{
    CLEANUP(sb_finip) struct sb sb;

    sb_init(&sb, 1 << 24);
    CHECK_EQ(audio_seconds(STR("")), -1);
    CHECK_EQ(audio_seconds_or_guess(STR("")), 1);
    CHECK_EQ(audio_seconds(STR("hello")), -1);
    add_be(&sb, 0x1A45DFA3, 4); /* WebM */
    add_zeros(&sb, 60000);
    CHECK_EQ(audio_seconds(sb_str(&sb)), -1);
    CHECK_EQ(audio_seconds_or_guess(sb_str(&sb)), 11);
}

/* Each cut in a block of its own, so that a read past its end is seen. */
static void cut_everywhere(struct str file, size_t most)
{
    for (size_t n = 0; n < file.n && n < most; n++) {
        char *copy = mem_alloc(n + 1);
        int64_t seconds;

        memcpy(copy, file.p, n);
        seconds = audio_seconds_or_guess(str_make(copy, n));
        CHECK(seconds >= 0 && seconds <= (int64_t)n / 50 + 1);
        mem_free(copy);
    }
}

TEST(a_file_that_was_cut_anywhere_is_read_within_its_bounds)
{
    CLEANUP(sb_finip) struct sb sb;

    sb_init(&sb, 1 << 24);
    write_wav(&sb, 1, 16000);
    cut_everywhere(sb_str(&sb), 200);
    sb_reset(&sb);
    write_flac(&sb, 30);
    cut_everywhere(sb_str(&sb), 200);
    sb_reset(&sb);
    write_mp3(&sb, 4, true);
    cut_everywhere(sb_str(&sb), 2000);
    sb_reset(&sb);
    write_ogg_page(&sb, 96000, STR("OpusHead"));
    cut_everywhere(sb_str(&sb), 200);
    sb_reset(&sb);
    write_mp4(&sb, 61);
    cut_everywhere(sb_str(&sb), 7000);
}

TEST_MAIN(a_recording_is_as_long_as_it_says,
          a_length_that_no_file_of_that_size_can_have_is_not_believed,
          what_is_not_known_is_guessed_by_its_size,
          a_file_that_was_cut_anywhere_is_read_within_its_bounds)
