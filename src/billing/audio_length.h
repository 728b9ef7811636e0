/*
 * audio_length - how long a recording is, read from its head or its frames without decoding it
 * (billing reference 5.2). Pure; reads no byte outside the file, linear in it.
 *
 * Known: WAV, FLAC, MP3 (and MPEG layers I and II), Ogg (Opus, Vorbis), MP4 (m4a, mp4). What a file
 * says of itself is not believed beyond what its size can hold: a length in a head is bounded by
 * 400 bit/s, less than any codec that the upstreams take.
 *
 * Sources: RIFF WAVE, RFC 9639 (FLAC), ISO/IEC 11172-3 (MPEG audio frames), RFC 3533 and 7845
 * (Ogg, Opus), ISO/IEC 14496-12 (mvhd); read 2026-11-26.
 */
#pragma once
#include "base/str.h"

/* Seconds, rounded up; -1: not a file of these kinds, or broken. */
int64_t audio_seconds(struct str file);
/* The same, and where it is not known 1 s for each 6000 bytes, which is 48 kbit/s: what a browser
 * records in WebM. */
int64_t audio_seconds_or_guess(struct str file);
