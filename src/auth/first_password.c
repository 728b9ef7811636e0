#include "auth/first_password.h"

#include <inttypes.h>
#include <pthread.h>

#include "auth/password.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "store/repo_meta.h"

/* There is one root account, seldom a few: the ring holds the hashes asked for last. */
enum { REMEMBERED = 16 };

struct first_password {
    struct db *db;
    pthread_mutex_t checking; /* held while one hash is checked: who asks the same meanwhile waits
                                 for the answer */
    pthread_mutex_t lock;     /* guards what follows; leaf */
    struct answer {
        uint8_t digest[SHA256_BYTES];
        bool is_first;
    } ring[REMEMBERED];
    unsigned count; /* answers ever put; the ring's place is count % REMEMBERED */
};

struct first_password *first_password_new(struct db *db)
{
    struct first_password *f = mem_new(struct first_password);

    f->db = db;
    pthread_mutex_init(&f->checking, NULL);
    pthread_mutex_init(&f->lock, NULL);
    return f;
}

void first_password_free(struct first_password *f)
{
    if (!f)
        return;
    pthread_mutex_destroy(&f->lock);
    pthread_mutex_destroy(&f->checking);
    mem_free(f);
}

static const struct answer *find_locked(const struct first_password *f, const uint8_t *digest)
{
    unsigned n = f->count < REMEMBERED ? f->count : REMEMBERED;

    for (unsigned i = 0; i < n; i++) {
        if (memcmp(f->ring[i].digest, digest, SHA256_BYTES) == 0)
            return &f->ring[i];
    }
    return NULL;
}

static bool find(struct first_password *f, struct answer *answer)
{
    pthread_mutex_lock(&f->lock);
    const struct answer *known = find_locked(f, answer->digest);
    if (known)
        answer->is_first = known->is_first;
    pthread_mutex_unlock(&f->lock);
    return known != NULL;
}

static void remember(struct first_password *f, const struct answer *answer)
{
    pthread_mutex_lock(&f->lock);
    f->ring[f->count++ % REMEMBERED] = *answer;
    pthread_mutex_unlock(&f->lock);
}

/* ---- what is noted in the database: a row a root account, its value the digest of a hash that is
 * not the first password's ---- */

static struct str note_key(struct arena *a, const struct user *user)
{
    return arena_fmt(a, "first_password_changed_%" PRId64, user->id);
}

static enum err_code read_note(struct first_password *f, struct arena *a, const struct user *user,
                               struct str *note, struct err *err)
{
    CLEANUP(db_releasep) struct db_conn *c = NULL;

    *note = STR_NULL;
    TRY(db_acquire(f->db, DB_READ, &c, err));
    return repo_meta_find(c, a, note_key(a, user), note, err);
}

static enum err_code write_note(struct first_password *f, struct arena *a, const struct user *user,
                                struct str note, struct err *err)
{
    CLEANUP(db_releasep) struct db_conn *c = NULL;

    TRY(db_acquire(f->db, DB_WRITE, &c, err));
    return repo_meta_put(c, note_key(a, user), note, err);
}

/* A database that does not answer only costs the time of a hash, now or at the next start. */
static bool check(struct first_password *f, const struct user *user, const uint8_t *digest)
{
    CLEANUP(arena_finip) struct arena a;
    struct str note, known;
    struct err err = {.msg = ""};

    arena_init(&a, 0);
    note = hex_encode(&a, str_make((const char *)digest, SHA256_BYTES));
    if (f->db && read_note(f, &a, user, &known, &err) == ERR_OK && str_eq(known, note))
        return false;
    if (password_matches(secret_make(STR(FIRST_PASSWORD)), user->password))
        return true;
    if (f->db && write_note(f, &a, user, note, &err) != ERR_OK)
        log_warn(NULL, "first_password.note", "error=\"%s\"", err.msg);
    return false;
}

bool first_password_is(struct first_password *f, const struct user *user)
{
    struct answer answer = {.is_first = false};

    if (user->role != ROLE_ROOT || secret_empty(user->password))
        return false;
    sha256(secret_reveal(user->password), answer.digest);
    if (find(f, &answer))
        return answer.is_first;
    pthread_mutex_lock(&f->checking);
    if (!find(f, &answer)) {
        answer.is_first = check(f, user, answer.digest);
        remember(f, &answer);
    }
    pthread_mutex_unlock(&f->checking);
    return answer.is_first;
}
