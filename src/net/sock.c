/*
 * A sock is a uv_tcp_t with the policy around it.
 *
 * Reading hands out one buffer that all sockets of the loop share. sock_read_stop() only clears a
 * flag: the stop is carried out when bytes really come (the buffer is then refused), so that
 * stopping and starting again within a turn costs no epoll_ctl.
 *
 * Writing tries the kernel first. What it does not take is copied into one block that libuv sends;
 * what comes meanwhile grows a second block, which goes out as a whole after the first.
 *
 * Corking: bytes of sock_write_more() lie in one buffer of the loop that belongs to one sock at a
 * time. It is sent by the sock's next write, by another sock that wants the buffer, or at the end
 * of the turn.
 */
#include "net/sock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/sock_internal.h"

enum {
    CORK_BYTES = 16384,
    OUT_FIRST = 4096,
    SLICES_MAX = 64,
    SPARE_MAX = 512,
    BACKLOG = 4096,
    KEEPALIVE_S = 60,
    LINGER_MS = 2000,      /* how long the peer may be silent after we have ended our side */
    LINGER_ALL_MS = 30000, /* how long it may go on sending */
};

_Static_assert(sizeof(struct str) == sizeof(uv_buf_t) &&
                   offsetof(struct str, p) == offsetof(uv_buf_t, base) &&
                   offsetof(struct str, n) == offsetof(uv_buf_t, len),
               "a slice is handed to libuv as its buffer");

static uv_stream_t *stream_of(struct sock *s)
{
    return (uv_stream_t *)&s->tcp;
}

static const uv_buf_t *bufs_of(const struct str *slices)
{
    return (const uv_buf_t *)(const void *)slices;
}

/* --- birth and death ------------------------------------------------------------------------- */

static void on_notice(struct loop_task *task);

static struct sock *sock_new(struct loop *l)
{
    struct sock_shared *shared = loop_sock_shared(l);
    struct list *spare = list_pop_front(&shared->spare);
    struct sock *s;

    if (spare) {
        shared->spare_count--;
        s = list_entry(spare, struct sock, link);
        memset(s, 0, sizeof *s);
    } else {
        s = mem_new(struct sock);
    }
    s->loop = l;
    s->notice.fn = on_notice;
    uv_tcp_init(loop_uv(l), &s->tcp);
    s->tcp.data = s;
    list_push_back(&shared->open, &s->link);
    return s;
}

static void on_closed(uv_handle_t *handle)
{
    struct sock *s = handle->data;
    struct sock_shared *shared = loop_sock_shared(s->loop);

    mem_free(s->in_write);
    if (shared->spare_count < SPARE_MAX) {
        shared->spare_count++;
        list_push_front(&shared->spare, &s->link);
    } else {
        mem_free(s);
    }
}

static void uncork(struct sock_shared *shared);

/* Everything is sent, or it never will be. */
static void end_flushing(struct sock *s)
{
    if (s->unsent)
        loop_sock_shared(s->loop)->flushing--;
    s->unsent = false;
}

static void close_now(struct sock *s, bool reset)
{
    struct sock_shared *shared = loop_sock_shared(s->loop);

    if (s->closed)
        return;
    if (shared->corked == s) {
        shared->corked = NULL;
        shared->cork_n = 0;
    }
    if (s->tls)
        sock_tls_close(s);
    s->closed = s->ended = true;
    s->want_read = false;
    loop_task_cancel(&s->notice);
    loop_timer_stop(&s->limit);
    list_remove(&s->link);
    end_flushing(s);
    mem_free(s->waiting);
    s->waiting = NULL;
    mem_free(s->err);
    s->err = NULL;
    if (!reset || uv_tcp_close_reset(&s->tcp, on_closed))
        uv_close((uv_handle_t *)&s->tcp, on_closed);
}

void sock_close(struct sock *s)
{
    close_now(s, false);
}

void sock_reset(struct sock *s)
{
    close_now(s, true);
}

struct str sock_peer_ip(const struct sock *s)
{
    return str_from(s->ip);
}

struct loop *sock_loop(const struct sock *s)
{
    return s->loop;
}

void sock_set_handler(struct sock *s, const struct sock_handler *h, void *ctx)
{
    s->handler = h;
    s->ctx = ctx;
    s->hears_out = false;
}

static void ip_text(const struct sockaddr *addr, char *out, size_t n)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    const uint8_t *v6 = ((const struct sockaddr_in6 *)(const void *)addr)->sin6_addr.s6_addr;

    out[0] = '\0';
    if (addr->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)addr)->sin_addr, out,
                  (socklen_t)n);
    else if (addr->sa_family == AF_INET6 && memcmp(v6, mapped, sizeof mapped) == 0)
        inet_ntop(AF_INET, v6 + sizeof mapped, out, (socklen_t)n);
    else if (addr->sa_family == AF_INET6)
        inet_ntop(AF_INET6, v6, out, (socklen_t)n);
}

/* --- the end of a stream --------------------------------------------------------------------- */

static void stop_kernel_read(struct sock *s)
{
    if (s->kernel_read)
        uv_read_stop(stream_of(s));
    s->kernel_read = false;
}

static void end_with(struct sock *s, struct err *err)
{
    if (s->ended) {
        mem_free(err);
        return;
    }
    s->ended = true;
    s->err = err;
    stop_kernel_read(s);
    loop_defer(s->loop, &s->notice);
}

void sock_end(struct sock *s)
{
    end_with(s, NULL);
}

void sock_fail(struct sock *s, enum err_code code, const char *format, ...)
{
    struct err *err;
    va_list args;

    if (s->flushing) {
        sock_close(s); /* nobody is left to tell */
        return;
    }
    if (s->ended)
        return;
    err = mem_new(struct err);
    err->code = code;
    va_start(args, format);
    vsnprintf(err->msg, sizeof err->msg, format, args);
    va_end(args);
    end_with(s, err);
}

static void on_notice(struct loop_task *task)
{
    struct sock *s = container_of(task, struct sock, notice);

    if (s->resume) {
        s->resume = false;
        if (s->tls && !s->ended)
            sock_tls_resume(s);
    }
    if (s->ended && !s->closed)
        s->handler->on_close(s->ctx, s->err);
}

/* --- reading --------------------------------------------------------------------------------- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct sock *s = handle->data;

    (void)suggested;
    if (s->want_read || s->flushing)
        *buf = uv_buf_init(loop_read_buffer(s->loop), LOOP_BUFFER_BYTES);
    else
        *buf = uv_buf_init(NULL, 0); /* the stop that sock_read_stop() put off */
}

static void flush_step(struct sock *s);
static void on_flush_limit(struct loop_timer *timer);

/* libuv takes a hang-up that comes with the last bytes for the end of the stream, also when it is a
 * reset; the kernel keeps what it was until somebody asks. */
static int true_end(struct sock *s, int rc)
{
    int error = 0;
    socklen_t n = sizeof error;
    uv_os_fd_t fd;

    if (rc != UV_EOF || uv_fileno((const uv_handle_t *)&s->tcp, &fd) != 0)
        return rc;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0 || error == 0)
        return UV_EOF;
    return uv_translate_sys_error(error);
}

static void on_peer_end(struct sock *s, int rc)
{
    rc = true_end(s, rc);
    s->kernel_read = false;
    s->peer_done = true;
    if (s->flushing) {
        if (rc == UV_EOF)
            flush_step(s);
        else
            sock_close(s);
    } else if (rc != UV_EOF || s->broken) {
        sock_fail(s, ERR_IO, "read: %s", uv_strerror(rc == UV_EOF ? UV_ECONNRESET : rc));
    } else if (s->tls) {
        sock_tls_eof(s);
    } else {
        sock_end(s);
    }
}

/* The peer still sends what nobody wants, and could not yet read our last words. */
static void linger_on(struct sock *s)
{
    if (s->shut && loop_now_ms(s->loop) < s->linger_until_ms)
        loop_timer_set(s->loop, &s->limit, LINGER_MS, on_flush_limit);
}

static void on_bytes(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct sock *s = stream->data;

    if (n == 0 || s->closed)
        return;
    if (n == UV_ENOBUFS) {
        stop_kernel_read(s);
    } else if (n < 0) {
        uv_read_stop(stream);
        on_peer_end(s, (int)n);
    } else if (s->flushing) {
        linger_on(s);
    } else if (s->tls) {
        sock_tls_feed(s, str_make(buf->base, (size_t)n));
    } else {
        s->handler->on_read(s->ctx, str_make(buf->base, (size_t)n));
    }
}

bool sock_deliver(struct sock *s, struct str plain)
{
    if (!s->want_read || s->ended)
        return false;
    s->handler->on_read(s->ctx, plain);
    return s->want_read && !s->closed;
}

static void start_kernel_read(struct sock *s)
{
    if (s->kernel_read || !s->connected || s->ended || s->peer_done)
        return;
    int rc = uv_read_start(stream_of(s), on_alloc, on_bytes);
    if (rc)
        sock_fail(s, ERR_IO, "read: %s", uv_strerror(rc));
    else
        s->kernel_read = true;
}

void sock_read_start(struct sock *s)
{
    if (s->ended)
        return;
    s->want_read = true;
    start_kernel_read(s);
    if (s->tls) {
        s->resume = true;
        loop_defer(s->loop, &s->notice);
    }
}

void sock_read_stop(struct sock *s)
{
    s->want_read = false;
}

/* --- writing --------------------------------------------------------------------------------- */

static struct sock_out *out_add(struct sock_out *out, struct str bytes)
{
    size_t need = (out ? out->n : 0) + bytes.n;

    if (!out || need > out->cap) {
        size_t cap = out ? out->cap * 2 : OUT_FIRST;

        if (cap < need)
            cap = need;
        bool fresh = !out;
        out = mem_realloc(out, sizeof *out + cap);
        if (fresh)
            out->n = 0;
        out->cap = cap;
    }
    if (bytes.n > 0)
        memcpy(out->bytes + out->n, bytes.p, bytes.n);
    out->n = need;
    return out;
}

static void write_waiting(struct sock *s);

/*
 * The connection is broken, but what the peer said before may still lie in the kernel: an answer to
 * a request that it did not want to read to its end. Where somebody reads, that comes to its end by
 * itself, and on_close after it.
 */
static void fail_write(struct sock *s, int rc)
{
    bool peer = rc == UV_EPIPE || rc == UV_ECONNRESET || rc == UV_ECONNABORTED;

    if (!s->hears_out || !peer || !s->want_read || s->peer_done || s->flushing) {
        sock_fail(s, ERR_IO, "write: %s", uv_strerror(rc));
        return;
    }
    s->broken = true;
    mem_free(s->waiting);
    s->waiting = NULL;
}

void sock_hear_out(struct sock *s)
{
    s->hears_out = true;
}

bool sock_broken(const struct sock *s)
{
    return s->broken || s->ended;
}

static void on_written(uv_write_t *req, int status)
{
    struct sock *s = req->handle->data;

    if (s->closed)
        return; /* on_closed() frees the block */
    mem_free(s->in_write);
    s->in_write = NULL;
    if (status < 0)
        fail_write(s, status);
    else if (s->waiting)
        write_waiting(s);
    else if (s->flushing)
        flush_step(s);
    else if (!s->ended && s->handler->on_drain)
        s->handler->on_drain(s->ctx);
}

static void write_waiting(struct sock *s)
{
    struct sock_out *out = s->waiting;
    uv_buf_t buf = uv_buf_init(out->bytes, (unsigned)out->n);

    s->waiting = NULL;
    s->in_write = out;
    int rc = uv_write(&out->req, stream_of(s), &buf, 1, on_written);
    if (rc) {
        s->in_write = NULL;
        mem_free(out);
        fail_write(s, rc);
    }
}

/* Copies what stands behind the first `taken` bytes of the slices. */
static void keep_rest(struct sock *s, const struct str *slices, size_t n, size_t taken)
{
    for (size_t i = 0; i < n; i++) {
        struct str rest = str_skip(slices[i], taken);

        taken -= slices[i].n - rest.n;
        if (rest.n > 0)
            s->waiting = out_add(s->waiting, rest);
    }
}

static size_t bytes_of(const struct str *slices, size_t n)
{
    size_t total = 0;

    for (size_t i = 0; i < n; i++)
        total += slices[i].n;
    return total;
}

void sock_raw_write(struct sock *s, const struct str *slices, size_t n)
{
    size_t taken = 0, total = bytes_of(slices, n);

    if (s->closed || s->shut || s->broken || (s->ended && !s->flushing) || total == 0)
        return;
    s->given += total;
    if (s->in_write || !s->connected) {
        keep_rest(s, slices, n, 0);
        return;
    }
    int rc = uv_try_write(stream_of(s), bufs_of(slices), (unsigned)n);
    if (rc >= 0) {
        taken = (size_t)rc;
    } else if (rc != UV_EAGAIN) {
        fail_write(s, rc);
        return;
    }
    if (taken < total) {
        keep_rest(s, slices, n, taken);
        write_waiting(s);
    }
}

static void write_through(struct sock *s, const struct str *slices, size_t n)
{
    if (s->closed || s->ended)
        return;
    if (s->tls)
        sock_tls_write(s, slices, n);
    else
        sock_raw_write(s, slices, n);
}

static void uncork(struct sock_shared *shared)
{
    struct sock *s = shared->corked;
    struct str held = str_make(shared->cork, shared->cork_n);

    shared->corked = NULL;
    shared->cork_n = 0;
    if (s)
        write_through(s, &held, 1);
}

static void on_cork_task(struct loop_task *task)
{
    uncork(container_of(task, struct sock_shared, cork_task));
}

void sock_write(struct sock *s, const struct str *slices, size_t n)
{
    struct sock_shared *shared = loop_sock_shared(s->loop);
    struct str all[SLICES_MAX];

    if (shared->corked != s) {
        write_through(s, slices, n);
        return;
    }
    if (n >= SLICES_MAX) {
        uncork(shared);
        write_through(s, slices, n);
        return;
    }
    all[0] = str_make(shared->cork, shared->cork_n);
    memcpy(all + 1, slices, n * sizeof *slices);
    shared->corked = NULL;
    shared->cork_n = 0;
    write_through(s, all, n + 1);
}

void sock_write_more(struct sock *s, const struct str *slices, size_t n)
{
    struct sock_shared *shared = loop_sock_shared(s->loop);
    size_t total = bytes_of(slices, n), held = shared->corked == s ? shared->cork_n : 0;

    if (s->ended)
        return;
    if (s->in_write || total > CORK_BYTES - held) {
        sock_write(s, slices, n);
        return;
    }
    if (shared->corked && shared->corked != s)
        uncork(shared);
    if (!shared->cork)
        shared->cork = mem_alloc(CORK_BYTES);
    shared->corked = s;
    for (size_t i = 0; i < n; i++) {
        if (slices[i].n > 0)
            memcpy(shared->cork + shared->cork_n, slices[i].p, slices[i].n);
        shared->cork_n += slices[i].n;
    }
    shared->cork_task.fn = on_cork_task;
    loop_defer(s->loop, &shared->cork_task);
}

/* Without those in the cork. */
static size_t not_taken(const struct sock *s)
{
    size_t n = s->closed ? 0 : uv_stream_get_write_queue_size((const uv_stream_t *)&s->tcp);

    return s->waiting ? n + s->waiting->n : n;
}

size_t sock_queued(const struct sock *s)
{
    const struct sock_shared *shared = loop_sock_shared(s->loop);

    return not_taken(s) + (shared->corked == s ? shared->cork_n : 0);
}

uint64_t sock_taken(const struct sock *s)
{
    return s->given - not_taken(s);
}

/* --- closing in order ------------------------------------------------------------------------ */

static void on_flush_limit(struct loop_timer *timer)
{
    sock_close(container_of(timer, struct sock, limit));
}

/* Sent everything: our FIN; the peer's side has ended as well: done. */
static void flush_step(struct sock *s)
{
    uv_os_fd_t fd;

    if (s->in_write)
        return;
    if (s->peer_done) {
        sock_close(s);
        return;
    }
    end_flushing(s);
    if (!s->shut && uv_fileno((const uv_handle_t *)&s->tcp, &fd) == 0)
        shutdown(fd, SHUT_WR);
    s->shut = true;
    s->linger_until_ms = loop_now_ms(s->loop) + LINGER_ALL_MS;
    loop_timer_set(s->loop, &s->limit, LINGER_MS, on_flush_limit);
}

void sock_close_flushed(struct sock *s, uint64_t limit_ms)
{
    struct sock_shared *shared = loop_sock_shared(s->loop);

    if (s->closed)
        return;
    if (s->err || s->broken || !s->connected) {
        sock_close(s);
        return;
    }
    if (shared->corked == s)
        uncork(shared);
    if (s->tls)
        sock_tls_close(s);
    if (s->err) { /* the write above broke it */
        sock_close(s);
        return;
    }
    start_kernel_read(s);
    s->flushing = s->ended = s->unsent = true;
    shared->flushing++;
    loop_task_cancel(&s->notice);
    loop_timer_set(s->loop, &s->limit, limit_ms, on_flush_limit);
    flush_step(s);
}

/* --- connecting ------------------------------------------------------------------------------ */

static void set_keepalive(int fd)
{
    const int on = 1, idle = KEEPALIVE_S;

    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
}

void sock_connected(struct sock *s)
{
    if (!s->ended && s->handler->on_connect)
        s->handler->on_connect(s->ctx);
}

static void on_connected(uv_connect_t *req, int status)
{
    struct sock *s = req->handle->data;

    mem_free(req);
    if (s->closed)
        return;
    if (status < 0) {
        sock_fail(s, ERR_CONNECT, "connect: %s", uv_strerror(status));
        return;
    }
    s->connected = s->want_read = true;
    if (s->waiting)
        write_waiting(s);
    sock_connected(s);
    if (s->want_read || s->tls)
        start_kernel_read(s);
}

/* What this machine is short of is not the other side's fault. */
static enum err_code connect_code(int rc)
{
    bool short_of = rc == UV_EMFILE || rc == UV_ENFILE || rc == UV_ENOBUFS || rc == UV_ENOMEM;

    return short_of ? ERR_UNAVAILABLE : ERR_CONNECT;
}

struct sock *sock_connect(struct loop *l, const struct sockaddr *to, socklen_t to_len,
                          const struct sock_handler *h, void *ctx)
{
    struct sock *s = sock_new(l);
    uv_connect_t *req = mem_new(uv_connect_t);
    uv_os_fd_t fd;

    (void)to_len;
    sock_set_handler(s, h, ctx);
    ip_text(to, s->ip, sizeof s->ip);
    int rc = uv_tcp_connect(req, &s->tcp, to, on_connected);
    if (rc) {
        mem_free(req);
        sock_fail(s, connect_code(rc), "connect: %s", uv_strerror(rc));
        return s;
    }
    uv_tcp_nodelay(&s->tcp, 1);
    if (uv_fileno((const uv_handle_t *)&s->tcp, &fd) == 0)
        set_keepalive(fd);
    return s;
}

/* --- listening ------------------------------------------------------------------------------- */

struct sock_listener {
    uv_tcp_t tcp;
    struct loop *loop;
    struct list link;
    void (*on_accept)(void *ctx, struct sock *s);
    void *ctx;
    uint16_t port;
};

static void on_listener_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

void sock_listener_close(struct sock_listener *ln)
{
    if (!ln || uv_is_closing((const uv_handle_t *)&ln->tcp))
        return;
    list_remove(&ln->link);
    uv_close((uv_handle_t *)&ln->tcp, on_listener_closed);
}

uint16_t sock_listener_port(const struct sock_listener *ln)
{
    return ln->port;
}

static void on_connection(uv_stream_t *server, int status)
{
    struct sock_listener *ln = server->data;
    struct sockaddr_storage peer;
    int len = sizeof peer;

    if (status < 0)
        return;
    struct sock *s = sock_new(ln->loop);
    if (uv_accept(server, stream_of(s))) {
        sock_close(s);
        return;
    }
    s->connected = true;
    if (uv_tcp_getpeername(&s->tcp, (struct sockaddr *)&peer, &len) == 0)
        ip_text((const struct sockaddr *)&peer, s->ip, sizeof s->ip);
    ln->on_accept(ln->ctx, s);
}

/* A bound socket; its options are inherited by the sockets that it accepts, which saves a system
 * call for each. -1 and errno when it cannot be had. */
static int bind_socket(const struct addrinfo *ai, bool shared)
{
    const int on = 1, off = 0, share = shared;
    int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &share, sizeof share);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    set_keepalive(fd);
    if (ai->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(fd, ai->ai_addr, ai->ai_addrlen)) {
        int saved = errno;

        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

/* "" listens on every address of both families, or of IPv4 where the machine has no IPv6. */
static enum err_code bind_address(const char *address, uint16_t port, bool shared, int *fd,
                                  struct err *err)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC,
                                   .ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    const char *names[2] = {address && *address ? address : "::", "0.0.0.0"};
    const size_t count = address && *address ? 1 : 2;
    struct addrinfo *list = NULL;
    char service[8];

    *fd = -1;
    snprintf(service, sizeof service, "%u", port);
    for (size_t i = 0; i < count && *fd < 0; i++) {
        int rc = getaddrinfo(names[i], service, &hints, &list);

        if (rc)
            return err_set(err, ERR_IO, "listen on %s port %u: %s", names[i], port,
                           gai_strerror(rc));
        *fd = bind_socket(list, shared);
        freeaddrinfo(list);
    }
    if (*fd < 0)
        return err_set(err, ERR_IO, "listen on %s port %u: %s", names[0], port, strerror(errno));
    return ERR_OK;
}

static uint16_t bound_port(const uv_tcp_t *tcp)
{
    struct sockaddr_storage addr = {0};
    int len = sizeof addr;

    uv_tcp_getsockname(tcp, (struct sockaddr *)&addr, &len);
    if (addr.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)&addr)->sin6_port);
    return ntohs(((struct sockaddr_in *)&addr)->sin_port);
}

enum err_code sock_check_port(const char *address, uint16_t port, struct err *err)
{
    int fd;
    enum err_code rc = bind_address(address, port, false, &fd, err);

    if (rc == ERR_OK)
        close(fd);
    return rc;
}

enum err_code sock_listen(struct loop *l, const char *address, uint16_t port,
                          void (*on_accept)(void *ctx, struct sock *s), void *ctx,
                          struct sock_listener **out, struct err *err)
{
    int fd;
    enum err_code rc = bind_address(address, port, true, &fd, err);

    *out = NULL;
    if (rc != ERR_OK)
        return rc;
    struct sock_listener *ln = mem_new(struct sock_listener);
    ln->loop = l;
    ln->on_accept = on_accept;
    ln->ctx = ctx;
    uv_tcp_init(loop_uv(l), &ln->tcp);
    ln->tcp.data = ln;
    list_push_back(&loop_sock_shared(l)->listeners, &ln->link);
    int uv = uv_tcp_open(&ln->tcp, fd);
    if (uv)
        close(fd);
    else
        uv = uv_listen((uv_stream_t *)&ln->tcp, BACKLOG, on_connection);
    if (uv) {
        sock_listener_close(ln);
        return err_set(err, ERR_IO, "listen on %s port %u: %s", address && *address ? address : "*",
                       port, uv_strerror(uv));
    }
    ln->port = bound_port(&ln->tcp);
    *out = ln;
    return ERR_OK;
}

/* --- the end of the loop --------------------------------------------------------------------- */

void sock_shared_close(struct loop *l)
{
    struct sock_shared *shared = loop_sock_shared(l);

    if (shared->corked)
        uncork(shared);
    while (!list_empty(&shared->open))
        sock_close(list_entry(shared->open.next, struct sock, link));
    while (!list_empty(&shared->listeners))
        sock_listener_close(list_entry(shared->listeners.next, struct sock_listener, link));
}

void sock_shared_free(struct loop *l)
{
    struct sock_shared *shared = loop_sock_shared(l);

    for (struct list *it; (it = list_pop_front(&shared->spare));)
        mem_free(list_entry(it, struct sock, link));
    mem_free(shared->cork);
}
