/*
 * server_internal - what server.c (life, listening), conn.c (the bytes of a connection), request.c
 * (from a head to a handler) and reply.c share. Loop thread only.
 *
 * A connection is 250 bytes beside its sock, and owns no buffer while it is idle. A request is a
 * block of its own with an arena whose first chunk it keeps; both are recycled through lists of the
 * server, so that the next request allocates nothing.
 */
#pragma once
#include "base/sb.h"
#include "codec/compress.h"
#include "codec/http1.h"
#include "http/server.h"
#include "net/sock.h"

enum {
    HTTP_HIGH_WATER = 65536,     /* waiting bytes of a reply after which its producer shall stop */
    HTTP_PIPELINE_MAX = 16384,   /* bytes of further requests that are read ahead */
    HTTP_BODY_TRUSTED = 1 << 20, /* announced bodies up to here get their memory at once */
    HTTP_BODY_IGNORED_MAX = 65536, /* of a body that nobody wants: more closes the connection */
    HTTP_REQUEST_ARENA = 4096,     /* first chunk of a request's arena */
    HTTP_LINGER_MS = 2000,         /* how long a refused client's bytes are thrown away */
    HTTP_FLUSH_MS = 300000,        /* how long a last reply may take to be sent */
};

struct http_server {
    struct loop *loop;
    struct http_server_conf conf;
    struct sock_listener *listener;
    struct loop_ending ending;
    struct loop_timer close_limit;
    struct list conns;       /* those that have a sock or a request */
    struct list spare_conns; /* structs for the next ones */
    struct list spare_requests;
    size_t spare_conn_count, spare_request_count;
    _Atomic size_t open_requests; /* read by other threads */
    bool closing;
    int64_t stamp_s; /* the second that the two texts below are of */
    char stamp[16];  /* YYYYMMDDhhmmss, local time */
    char date[40];   /* "Date: ...\r\n" */
    size_t date_n;
};

_Static_assert(sizeof(struct http_req) <= 432, "a request stays small");

enum conn_state {
    CONN_HEAD, /* waiting for a head, or in the middle of one */
    CONN_BODY,
    CONN_EARLY, /* the request belongs to its handler, and its body is still to come */
    CONN_BUSY,  /* the request belongs to its handler */
};

struct http_conn {
    struct http_server *server;
    struct sock *sock;       /* NULL: the client is gone */
    struct request *request; /* from its head's end to the end of its reply */
    struct list link;
    struct loop_timer timer; /* by state: idle or header, body, a reply that is not taken */
    struct loop_task go_on;  /* reads what was read ahead */
    char *in;                /* bytes of a part of a head, or read ahead; NULL: none */
    size_t in_n, in_cap;
    struct http1_scan scan;
    struct http1_body body;
    uint64_t started_us;    /* when the first byte of the head came; 0: not yet */
    size_t queued_seen;     /* at the last look of the timer */
    uint32_t body_progress; /* bytes since the body timer was set */
    uint8_t state;
    bool running;    /* conn_run() is on the stack: conn_free() is put off */
    bool dead;       /* to be freed when it is not */
    bool head_begun; /* the timer is the head's */
    bool body_timed; /* the timer is the body's */
    bool watching;   /* the timer is the reply's */
    char peer_ip[46];
};

struct request {
    struct http_req pub; /* first: the handler's pointer is ours */
    struct list spare;
    char id[40];
    /* the body on its way in */
    char *body; /* of the announced length, in the arena or in memory of its own */
    size_t body_n, body_limit, body_reserved;
    int refused; /* status and message of a body that is not taken, while a handler has it */
    const char *refused_why;
    struct sb body_sb; /* otherwise */
    struct inflater *inflater;
    bool ignore_body;
    /* the reply */
    int status;
    size_t sent_bytes;
    struct str head; /* of a reply in pieces, until the first piece takes it along */
    bool anonymous;  /* there is no readable head: error_body gets NULL */
    bool http_1_0;
    bool keep_alive;
    bool cors;        /* the reply carries Access-Control-* */
    bool unread;      /* the client may still be sending this request's body */
    bool more_behind; /* bytes stood behind the head when it was read */
    bool upgraded;    /* the reply is 101 */
    bool started, chunked, no_body;
    bool blocked; /* the producer waits for on_drain */
};

/* --- server.c --- */
struct http_conn *server_conn_new(struct http_server *s);
void server_conn_recycle(struct http_conn *c);
struct request *server_request_new(struct http_conn *c);
void server_request_recycle(struct request *r);
/* Brings s->stamp and s->date to now; returns the nanoseconds of the second. */
long server_tell_time(struct http_server *s);

/* --- conn.c --- */
void conn_accept(void *server, struct sock *s);
/* The request's reply is over: the next one, or the end. Frees the request. */
void conn_reply_done(struct http_conn *c, bool complete);
/* Closes the socket; a request's handler is told that its client is gone. */
void conn_cut(struct http_conn *c);
/* Looks after a reply that the client does not take. */
void conn_watch_writing(struct http_conn *c);

/* --- reply.c --- */
/* Replies 101 with these headers and Connection: Upgrade, and takes the socket out of the
 * connection; reading is as it was. The request stays until http_reply_end(). NULL when the client
 * has gone or has sent more than its request: then http_reply_abort() is due. */
struct sock *reply_switch_protocols(struct http_req *q, const struct http_header *headers,
                                    size_t n);

/* --- request.c --- */
/* `text` is one head. Reads it, finds the route; then the connection is in CONN_BODY or CONN_BUSY,
 * or the request was refused. `more` = bytes behind the head are there already. */
void request_begin(struct http_conn *c, struct str text, bool more);
/* A piece of the body; false: the request was refused, or is over. */
bool request_take_body(struct request *r, struct str data);
/* The body is whole: calls the handler, or tells one that was called early. */
void request_dispatch(struct request *r);
/* Replies with an error in the dialect of the path and closes. Makes a request for it when the
 * connection has none; leaves the reply to a handler that has the request already. */
void request_refuse(struct http_conn *c, int status, const char *message);
