#include "base/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/panic.h"
#include "base/text.h"

/* Only a broken or crippled library can fail here (no memory, algorithm switched off): there is no
 * sensible answer to "this key has no hash". */
static void digest(const EVP_MD *kind, struct str data, uint8_t *out)
{
    if (EVP_Digest(data.p, data.n, out, NULL, kind, NULL) != 1)
        panic("libcrypto refuses to hash");
}

void sha256(struct str data, uint8_t out[SHA256_BYTES])
{
    digest(EVP_sha256(), data, out);
}

void sha1(struct str data, uint8_t out[SHA1_BYTES])
{
    digest(EVP_sha1(), data, out);
}

void md5(struct str data, uint8_t out[MD5_BYTES])
{
    digest(EVP_md5(), data, out);
}

void hmac_sha256(struct str key, struct str data, uint8_t out[SHA256_BYTES])
{
    const char *bytes = key.n > 0 ? key.p : ""; /* NULL would mean "the key of the last call" */

    assert(key.n <= INT32_MAX);
    if (!HMAC(EVP_sha256(), bytes, (int)key.n, (const unsigned char *)data.p, data.n, out, NULL))
        panic("libcrypto refuses to authenticate");
}

bool crypto_equal(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || CRYPTO_memcmp(a.p, b.p, a.n) == 0);
}

struct str hmac_sha256_hex(struct arena *a, struct str key, struct str data)
{
    uint8_t mac[SHA256_BYTES];

    hmac_sha256(key, data, mac);
    return hex_encode(a, str_make((const char *)mac, sizeof mac));
}
