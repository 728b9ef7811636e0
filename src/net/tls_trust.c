/*
 * Reading the system's bundle of certificates costs tens of milliseconds, and every loop needs the
 * same ones: one thread reads them while the program starts, and the first TLS connection of a loop
 * takes the finished store.
 */
#include <pthread.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "base/mem.h"
#include "base/panic.h"
#include "net/tls_internal.h"

struct tls_trust {
    X509_STORE *store; /* written by the reader, read by others after `read` */
    pthread_t reader;
    pthread_mutex_t lock;
    pthread_cond_t done;
    bool read;
};

static void *read_system(void *ctx)
{
    struct tls_trust *t = ctx;

    X509_STORE_set_default_paths(t->store);
    ERR_clear_error();
    pthread_mutex_lock(&t->lock);
    t->read = true;
    pthread_cond_broadcast(&t->done);
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

struct tls_trust *tls_trust_new(void)
{
    struct tls_trust *t = mem_new(struct tls_trust);

    t->store = X509_STORE_new();
    if (!t->store)
        panic("tls: no memory for certificates");
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->done, NULL);
    if (pthread_create(&t->reader, NULL, read_system, t) != 0)
        panic("tls: cannot start a thread");
    return t;
}

void tls_trust_free(struct tls_trust *t)
{
    if (!t)
        return;
    pthread_join(t->reader, NULL);
    pthread_cond_destroy(&t->done);
    pthread_mutex_destroy(&t->lock);
    X509_STORE_free(t->store);
    mem_free(t);
}

void tls_trust_apply(struct tls_ctx *ctx)
{
    struct tls_trust *t = ctx->trust;

    if (!t)
        return;
    pthread_mutex_lock(&t->lock);
    while (!t->read)
        pthread_cond_wait(&t->done, &t->lock);
    pthread_mutex_unlock(&t->lock);
    SSL_CTX_set1_cert_store(ctx->ssl, t->store);
    ctx->trust = NULL;
}
