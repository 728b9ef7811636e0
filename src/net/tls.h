/*
 * tls - TLS contexts for outgoing connections: TLS 1.2 and newer, verification, session resumption,
 * SNI, ALPN http/1.1. sock.c moves the bytes.
 *
 * ERR_TLS texts: "certificate is not trusted", "certificate is for another host", "certificate has
 * expired", "certificate is not valid yet", "certificate was revoked", "handshake failed: ...".
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

struct tls_ctx;
struct tls_trust;

/* Begins to read the system's certificates on a thread of its own, once for all contexts. */
struct tls_trust *tls_trust_new(void);
void tls_trust_free(struct tls_trust *t); /* after the contexts that use it; NULL is allowed */

struct tls_conf {
    struct tls_trust *trust; /* borrowed; NULL, or with ca_file: the context reads for itself */
    const char *ca_file; /* more trusted certificates (PEM); NULL: the system's only. SSL_CERT_FILE
                            is honoured as OpenSSL does. */
    bool insecure;       /* no verification (TLS_INSECURE_SKIP_VERIFY) */
};

/* Sessions are kept inside, so a loop has its own context and no lock is needed. Certificates of
 * the system's folder are read when they are first needed. ERR_IO when ca_file cannot be read. */
MUST_CHECK enum err_code tls_ctx_new(const struct tls_conf *conf, struct tls_ctx **out,
                                     struct err *err);
void tls_ctx_free(struct tls_ctx *ctx);
