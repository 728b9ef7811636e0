#include "auth/first_password.h"

#include <pthread.h>

#include "auth/password.h"
#include "base/crypto.h"
#include "base/mem.h"

/* There is one root account, seldom a few: the ring holds the hashes asked for last. */
enum { REMEMBERED = 16 };

struct first_password {
    pthread_mutex_t checking; /* held while one hash is checked: who asks the same meanwhile waits
                                 for the answer */
    pthread_mutex_t lock;     /* guards what follows; leaf */
    struct answer {
        uint8_t digest[SHA256_BYTES];
        bool is_first;
    } ring[REMEMBERED];
    unsigned count; /* answers ever put; the ring's place is count % REMEMBERED */
};

struct first_password *first_password_new(void)
{
    struct first_password *f = mem_new(struct first_password);

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
        answer.is_first = password_matches(secret_make(STR(FIRST_PASSWORD)), user->password);
        remember(f, &answer);
    }
    pthread_mutex_unlock(&f->checking);
    return answer.is_first;
}
