/*
 * crc32c - the Castagnoli checksum (RFC 3720, appendix B.4), with the processor's instruction where
 * there is one. Pure.
 */
#pragma once
#include <stdint.h>

#include "base/str.h"

/* `crc` is 0 for the first piece, the last result for the next. */
uint32_t crc32c(uint32_t crc, struct str data);
/* The same without the instruction; public so that a test can hold the two against each other. */
uint32_t crc32c_portable(uint32_t crc, struct str data);
