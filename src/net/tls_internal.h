/*
 * tls_internal - what sock_tls.c needs of a context. Loop thread only.
 */
#pragma once
#include <openssl/ssl.h>

#include "base/list.h"
#include "base/map.h"
#include "base/sb.h"
#include "net/tls.h"

enum { TLS_STAGE_BYTES = 16384 /* a full record */, TLS_LAYERS_MAX = 2 };

struct tls_ctx {
    SSL_CTX *ssl;
    BIO_METHOD *bio; /* sock_tls.c's; made at the first connection */
    bool insecure;
    struct tls_trust *trust; /* to be taken by the first connection; NULL: was, or there is none */
    struct map sessions;     /* "host:port" to the last session that can be resumed */
    struct list session_ages;
    /* Shared by all streams of the loop, since each use ends before the next begins: records on
     * their way out, one for each layer; small slices on their way into a record; and the plain
     * text of a lower layer. */
    struct sb out[TLS_LAYERS_MAX];
    char *stage, *lower_plain;
};

/* Gives the context the shared certificates, waiting until they are read; once. */
void tls_trust_apply(struct tls_ctx *ctx);

/* The session to offer, or NULL; counted for the caller by SSL_set_session(). */
SSL_SESSION *tls_session_find(struct tls_ctx *ctx, struct str key);
/* Takes over one reference. */
void tls_session_keep(struct tls_ctx *ctx, struct str key, SSL_SESSION *session);

/* Fills `err` with what went wrong with a handshake or a record, and empties OpenSSL's queue. */
enum err_code tls_explain(const SSL *ssl, bool handshake, struct err *err);
