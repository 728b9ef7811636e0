/*
 * tls - TLS contexts for outgoing connections: verification, session resumption, SNI. Over memory
 * BIOs; sock.c moves the bytes.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

struct tls_ctx;

struct tls_conf {
    const char *ca_file; /* more trusted certificates (PEM); NULL: the system's only. SSL_CERT_FILE
                            is honoured as OpenSSL does. */
    bool insecure;       /* no verification (TLS_INSECURE_SKIP_VERIFY) */
};

/* Read-only after; sessions are kept inside, a loop has its own context so that no lock is needed.
 */
MUST_CHECK enum err_code tls_ctx_new(const struct tls_conf *conf, struct tls_ctx **out,
                                     struct err *err);
void tls_ctx_free(struct tls_ctx *ctx);
