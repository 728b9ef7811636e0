/*
 * crypto - hashes and message authentication over libcrypto. Pure. Any thread.
 */
#pragma once
#include "base/arena.h"

enum { SHA256_BYTES = 32, SHA1_BYTES = 20, MD5_BYTES = 16 };

void sha256(struct str data, uint8_t out[SHA256_BYTES]);
void sha1(struct str data, uint8_t out[SHA1_BYTES]);
void md5(struct str data, uint8_t out[MD5_BYTES]);
void hmac_sha256(struct str key, struct str data, uint8_t out[SHA256_BYTES]);
/* Equal in a time that does not depend on the content. */
bool crypto_equal(struct str a, struct str b);
/* Lower-case hex of hmac_sha256. */
struct str hmac_sha256_hex(struct arena *a, struct str key, struct str data);
