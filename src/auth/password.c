#include "auth/password.h"

#include <crypt.h>
#include <errno.h>

#include "base/crypto.h"
#include "base/mem.h"
#include "base/random.h"

enum { BCRYPT_CHARS = 60, BCRYPT_SALT_CHARS = 29, BCRYPT_SALT_BYTES = 16 };

static bool usable(struct str password)
{
    return password.n > 0 && password.n <= PASSWORD_MAX_BYTES &&
           !memchr(password.p, '\0', password.n);
}

/* The hash of the password with the setting ("$2a$10$" and 22 characters of salt, more may follow),
 * in `out`. The library's scratch space is large (32 KB) and holds secrets: it is wiped. */
static bool bcrypt(struct str password, struct str setting, char out[BCRYPT_CHARS + 1])
{
    char phrase[PASSWORD_MAX_BYTES + 1] = {0}, salt[BCRYPT_CHARS + 1] = {0};
    struct crypt_data *data = mem_new(struct crypt_data);
    const char *hash;
    bool ok;

    memcpy(phrase, password.p, password.n);
    memcpy(salt, setting.p, setting.n);
    hash = crypt_r(phrase, salt, data);
    ok = hash && strlen(hash) == BCRYPT_CHARS;
    if (ok)
        memcpy(out, hash, BCRYPT_CHARS + 1);
    explicit_bzero(phrase, sizeof phrase);
    explicit_bzero(data, sizeof *data);
    mem_free(data);
    return ok;
}

enum err_code password_hash(struct arena *a, struct secret password, struct secret *hash,
                            struct err *err)
{
    char seed[BCRYPT_SALT_BYTES], salt[BCRYPT_SALT_CHARS + 1], out[BCRYPT_CHARS + 1];

    *hash = secret_make(STR_NULL);
    if (!usable(secret_reveal(password)))
        return err_set(err, ERR_BAD_REQUEST, "a password has 1 to %d bytes", PASSWORD_MAX_BYTES);
    random_bytes(seed, sizeof seed);
    if (!crypt_gensalt_rn("$2a$", PASSWORD_COST, seed, sizeof seed, salt, sizeof salt))
        return err_set(err, ERR_INTERNAL, "no salt for a password: %s", strerror(errno));
    if (!bcrypt(secret_reveal(password), str_from(salt), out))
        return err_set(err, ERR_INTERNAL, "this system cannot make bcrypt hashes");
    *hash = secret_make(str_dup(a, str_make(out, BCRYPT_CHARS)));
    return ERR_OK;
}

bool password_matches(struct secret password, struct secret hash)
{
    struct str want = secret_reveal(hash);
    char got[BCRYPT_CHARS + 1];

    if (want.n != BCRYPT_CHARS || memchr(want.p, '\0', want.n) || !str_starts(want, STR("$2")))
        return false;
    if (!strchr("aby", want.p[2]) || !usable(secret_reveal(password)))
        return false;
    return bcrypt(secret_reveal(password), want, got) &&
           crypto_equal(str_make(got, BCRYPT_CHARS), want);
}
