#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/mem.h"
#include "net/tls_internal.h"

enum { SESSIONS_MAX = 256 };

struct session {
    struct list age;
    SSL_SESSION *ssl;
    size_t key_bytes;
    char key[];
};

static void session_free(struct tls_ctx *ctx, struct session *s)
{
    map_remove(&ctx->sessions, str_make(s->key, s->key_bytes));
    list_remove(&s->age);
    SSL_SESSION_free(s->ssl);
    mem_free(s);
}

SSL_SESSION *tls_session_find(struct tls_ctx *ctx, struct str key)
{
    struct session *s = map_find(&ctx->sessions, key);

    if (!s)
        return NULL;
    if (SSL_SESSION_is_resumable(s->ssl))
        return s->ssl;
    session_free(ctx, s);
    return NULL;
}

void tls_session_keep(struct tls_ctx *ctx, struct str key, SSL_SESSION *session)
{
    struct session *s = map_find(&ctx->sessions, key);

    if (s) {
        SSL_SESSION_free(s->ssl);
        s->ssl = session;
        return;
    }
    if (ctx->sessions.count >= SESSIONS_MAX)
        session_free(ctx, list_entry(ctx->session_ages.next, struct session, age));
    s = mem_zalloc(sizeof *s + key.n);
    memcpy(s->key, key.p, key.n);
    s->key_bytes = key.n;
    s->ssl = session;
    map_put(&ctx->sessions, str_make(s->key, s->key_bytes), s);
    list_push_back(&ctx->session_ages, &s->age);
}

static const char *certificate_fault(long result)
{
    switch (result) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return "certificate has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return "certificate is not valid yet";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return "certificate is for another host";
    case X509_V_ERR_CERT_REVOKED:
        return "certificate was revoked";
    default:
        return "certificate is not trusted";
    }
}

enum err_code tls_explain(const SSL *ssl, bool handshake, struct err *err)
{
    unsigned long code = ERR_peek_error();
    const char *reason = ERR_reason_error_string(code);
    long result = SSL_get_verify_result(ssl);

    ERR_clear_error();
    if (handshake && ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED)
        return err_set(err, ERR_TLS, "%s", certificate_fault(result));
    return err_set(err, ERR_TLS, "%s: %s", handshake ? "handshake failed" : "TLS failed",
                   reason ? reason : "unknown reason");
}

static enum err_code configure(SSL_CTX *ssl, const struct tls_conf *conf, struct err *err)
{
    static const unsigned char alpn[] = "\x08http/1.1";

    SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION);
    SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_alpn_protos(ssl, alpn, sizeof alpn - 1);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_set_verify(ssl, conf->insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    if (conf->trust && !conf->ca_file)
        return ERR_OK; /* tls_trust_apply() */
    SSL_CTX_set_default_verify_paths(ssl);
    ERR_clear_error();
    if (conf->ca_file && SSL_CTX_load_verify_file(ssl, conf->ca_file) != 1) {
        ERR_clear_error();
        return err_set(err, ERR_IO, "%s: no certificates could be read", conf->ca_file);
    }
    return ERR_OK;
}

enum err_code tls_ctx_new(const struct tls_conf *conf, struct tls_ctx **out, struct err *err)
{
    SSL_CTX *ssl = SSL_CTX_new(TLS_client_method());
    struct tls_ctx *ctx;
    enum err_code rc;

    *out = NULL;
    if (!ssl)
        return err_set(err, ERR_INTERNAL, "TLS cannot be set up");
    rc = configure(ssl, conf, err);
    if (rc != ERR_OK) {
        SSL_CTX_free(ssl);
        return rc;
    }
    ctx = mem_new(struct tls_ctx);
    ctx->ssl = ssl;
    ctx->insecure = conf->insecure;
    ctx->trust = conf->ca_file ? NULL : conf->trust;
    map_init(&ctx->sessions);
    list_init(&ctx->session_ages);
    for (size_t i = 0; i < TLS_LAYERS_MAX; i++)
        sb_init(&ctx->out[i], SIZE_MAX);
    *out = ctx;
    return ERR_OK;
}

void tls_ctx_free(struct tls_ctx *ctx)
{
    if (!ctx)
        return;
    while (!list_empty(&ctx->session_ages))
        session_free(ctx, list_entry(ctx->session_ages.next, struct session, age));
    map_fini(&ctx->sessions);
    for (size_t i = 0; i < TLS_LAYERS_MAX; i++)
        sb_fini(&ctx->out[i]);
    mem_free(ctx->stage);
    mem_free(ctx->lower_plain);
    SSL_CTX_free(ctx->ssl);
    BIO_meth_free(ctx->bio);
    mem_free(ctx);
}
