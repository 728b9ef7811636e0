/*
 * tls_testing - for tests: certificates made at run time and a TLS server on a thread of its own.
 */
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/patience.h"
#include "base/test.h"

struct tls_test_ca {
    X509 *cert;
    EVP_PKEY *key;
    char file[64]; /* the certificate as PEM, for tls_conf.ca_file */
};

enum { TLS_TEST_DAY = 86400 };

static inline void tls_test_extension(X509 *cert, int nid, const char *value)
{
    X509V3_CTX v3;
    X509_EXTENSION *ext;

    X509V3_set_ctx_nodb(&v3);
    X509V3_set_ctx(&v3, cert, cert, NULL, NULL, 0);
    ext = X509V3_EXT_conf_nid(NULL, &v3, nid, value);
    assert_non_null(ext);
    X509_add_ext(cert, ext, -1);
    X509_EXTENSION_free(ext);
}

/* A certificate for `key` that holds from `from_s` to `to_s` (from now); unsigned so far. */
static inline X509 *tls_test_blank(EVP_PKEY *key, const char *name, long from_s, long to_s)
{
    X509 *cert = X509_new();
    X509_NAME *subject = X509_get_subject_name(cert);

    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), from_s);
    X509_gmtime_adj(X509_getm_notAfter(cert), to_s);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_pubkey(cert, key);
    return cert;
}

static inline void tls_test_ca_open(struct tls_test_ca *ca)
{
    int fd;
    FILE *f;

    ca->key = EVP_EC_gen("P-256");
    ca->cert = tls_test_blank(ca->key, "test authority", -TLS_TEST_DAY, TLS_TEST_DAY);
    X509_set_issuer_name(ca->cert, X509_get_subject_name(ca->cert));
    tls_test_extension(ca->cert, NID_basic_constraints, "critical,CA:TRUE");
    tls_test_extension(ca->cert, NID_key_usage, "critical,keyCertSign");
    X509_sign(ca->cert, ca->key, EVP_sha256());
    snprintf(ca->file, sizeof ca->file, "/tmp/tls-testing-XXXXXX");
    fd = mkstemp(ca->file);
    assert_true(fd >= 0);
    f = fdopen(fd, "w");
    PEM_write_X509(f, ca->cert);
    fclose(f);
}

static inline void tls_test_ca_close(struct tls_test_ca *ca)
{
    unlink(ca->file);
    X509_free(ca->cert);
    EVP_PKEY_free(ca->key);
}

struct tls_server;
typedef void tls_serve_fn(struct tls_server *s, SSL *ssl); /* on the server's thread */

struct tls_server_conf {
    const struct tls_test_ca *ca; /* NULL: the certificate signs itself */
    const char *names;            /* "DNS:localhost,IP:127.0.0.1" */
    long from_s, to_s;            /* 0, 0: yesterday to tomorrow */
    int max_version;              /* 0: the newest */
    bool no_close_notify;
    tls_serve_fn *serve;
    void (*serve_clear)(struct tls_server *s, int fd); /* instead of it, without TLS */
    int receive_bytes; /* how much the kernel keeps that was not read, about; 0: the usual */
    void *user;
};

struct tls_server {
    struct tls_server_conf conf;
    SSL_CTX *ctx;
    int fd;
    uint16_t port;
    pthread_t thread;
    atomic_bool stop;
    atomic_uint accepted, shaken, resumed;
};

static inline void tls_server_one(struct tls_server *s, int fd)
{
    SSL *ssl;

    atomic_fetch_add(&s->accepted, 1);
    if (s->conf.serve_clear) {
        s->conf.serve_clear(s, fd);
        close(fd);
        return;
    }
    ssl = SSL_new(s->ctx);
    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1) {
        atomic_fetch_add(&s->shaken, 1);
        if (SSL_session_reused(ssl))
            atomic_fetch_add(&s->resumed, 1);
        s->conf.serve(s, ssl);
        if (!s->conf.no_close_notify)
            SSL_shutdown(ssl);
    }
    SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(ssl);
    close(fd);
}

static inline void *tls_server_thread(void *arg)
{
    struct tls_server *s = arg;

    while (!atomic_load(&s->stop)) {
        struct pollfd p = {.fd = s->fd, .events = POLLIN};
        const struct timeval limit = {.tv_sec = PATIENCE_S};
        const int on = 1;
        int fd;

        if (poll(&p, 1, 10) != 1)
            continue;
        fd = accept(s->fd, NULL, NULL);
        if (fd < 0)
            continue;
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        /* What is said last is not held back, and lost, when unread bytes make it a reset. */
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        tls_server_one(s, fd);
    }
    return NULL;
}

static inline int tls_server_alpn(SSL *ssl, const unsigned char **out, unsigned char *n,
                                  const unsigned char *in, unsigned in_n, void *arg)
{
    static const unsigned char ours[] = "\x08http/1.1";

    (void)ssl;
    (void)arg;
    if (SSL_select_next_proto((unsigned char **)(uintptr_t)out, n, ours, sizeof ours - 1, in,
                              in_n) == OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_OK;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static inline SSL_CTX *tls_server_ctx(const struct tls_server_conf *conf)
{
    bool always = conf->from_s == 0 && conf->to_s == 0;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = tls_test_blank(key, "test server", always ? -TLS_TEST_DAY : conf->from_s,
                                always ? TLS_TEST_DAY : conf->to_s);
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    X509_set_issuer_name(cert, X509_get_subject_name(conf->ca ? conf->ca->cert : cert));
    tls_test_extension(cert, NID_subject_alt_name, conf->names);
    X509_sign(cert, conf->ca ? conf->ca->key : key, EVP_sha256());
    SSL_CTX_use_certificate(ctx, cert);
    SSL_CTX_use_PrivateKey(ctx, key);
    SSL_CTX_set_alpn_select_cb(ctx, tls_server_alpn, NULL);
    SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"test", 4);
    if (conf->max_version) {
        SSL_CTX_set_min_proto_version(ctx, 0);
        SSL_CTX_set_max_proto_version(ctx, conf->max_version);
    }
    X509_free(cert);
    EVP_PKEY_free(key);
    return ctx;
}

static inline void tls_server_open(struct tls_server *s, const struct tls_server_conf *conf)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;

    memset(s, 0, sizeof *s);
    s->conf = *conf;
    s->ctx = tls_server_ctx(conf);
    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (conf->receive_bytes > 0)
        setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &conf->receive_bytes, sizeof conf->receive_bytes);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(s->fd, 16), 0);
    getsockname(s->fd, (struct sockaddr *)&at, &n);
    s->port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&s->thread, NULL, tls_server_thread, s), 0);
}

static inline void tls_server_close(struct tls_server *s)
{
    atomic_store(&s->stop, true);
    pthread_join(s->thread, NULL);
    close(s->fd);
    SSL_CTX_free(s->ctx);
}

/* Reads to the blank line of a head; its length, 0 at the end of the stream. `buf` is NUL-ended. */
static inline size_t tls_server_read_head(SSL *ssl, char *buf, size_t cap)
{
    size_t n = 0;

    while (n + 1 < cap) {
        int got = SSL_read(ssl, buf + n, 1);
        if (got <= 0)
            return 0;
        n += (size_t)got;
        buf[n] = 0;
        if (n >= 4 && memcmp(buf + n - 4, "\r\n\r\n", 4) == 0)
            return n;
    }
    return 0;
}
