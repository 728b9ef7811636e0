/*
 * crc32c - the Castagnoli checksum (RFC 3720, appendix B.4), with the processor's instruction where
 * there is one. Pure.
 */
#pragma once
#include <stdint.h>

#include "base/str.h"

/* `crc` is 0 for the first piece, the last result for the next. */
uint32_t crc32c(uint32_t crc, struct str data);
