#include "tools/https.h"

#include "net/tls_dial.h"
#include "net/tls_probe.h"
#include "tools/socket_connect.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD_MAX  (ONYM_HTTPS_AUTHORIZATION_MAX + 16384U)
#define REPLY_MAX ((size_t)16 << 20)

static int
fail(const struct onym_https *h, int code, const char *why)
{
    struct onym_fault fault;

    (void)(h->socket != NULL
               ? onym_fault_set(&fault, ONYM_UNREACHABLE, "%s: %s", h->socket, why)
               : onym_fault_set(&fault, ONYM_UNREACHABLE, "%s port %s: %s", h->host, h->port, why));
    if (h->fault != NULL) {
        *h->fault = fault;
    } else {
        (void)fprintf(stderr, "onymctl %s: %s\n", h->what, fault.text);
    }
    return code;
}

/* A connection: TLS, or nothing but its socket. */
struct line {
    struct onym_tls_dial *dial; /* NULL: the Unix socket */
    int fd;
};

static enum onym_tls_dial_state
write_some(const struct line *line, const char *bytes, size_t len, size_t *done)
{
    ssize_t sent;

    if (line->dial != NULL) {
        return onym_tls_dial_write(line->dial, bytes, len, done);
    }
    do {
        sent = send(line->fd, bytes, len, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    *done = sent > 0 ? (size_t)sent : 0;
    return sent > 0 ? ONYM_TLS_DIAL_DONE : ONYM_TLS_DIAL_ENDED;
}

static enum onym_tls_dial_state
read_some(const struct line *line, char *bytes, size_t len, size_t *done)
{
    ssize_t got;

    if (line->dial != NULL) {
        return onym_tls_dial_read(line->dial, bytes, len, done);
    }
    do {
        got = recv(line->fd, bytes, len, 0);
    } while (got < 0 && errno == EINTR);
    *done = got > 0 ? (size_t)got : 0;
    return got > 0    ? ONYM_TLS_DIAL_DONE
           : got == 0 ? ONYM_TLS_DIAL_ENDED
                      : ONYM_TLS_DIAL_READ; /* not in time */
}

static int
write_all(const struct line *line, const char *bytes, size_t len)
{
    for (size_t at = 0; at < len;) {
        size_t done;

        if (write_some(line, bytes + at, len - at, &done) != ONYM_TLS_DIAL_DONE) {
            return -1;
        }
        at += done;
    }
    return 0;
}

/* Until the server closes, as it was asked to. */
static int
read_all(const struct line *line, char **out, size_t *len)
{
    size_t cap = 0;
    enum onym_tls_dial_state state;

    *out = NULL;
    *len = 0;
    do {
        size_t done;

        if (cap - *len < 4096) {
            char *grown = cap < REPLY_MAX ? realloc(*out, cap * 2 + 16384) : NULL;

            if (grown == NULL) {
                return -1;
            }
            *out = grown;
            cap = cap * 2 + 16384;
        }
        state = read_some(line, *out + *len, cap - *len - 1, &done);
        *len += done;
    } while (state == ONYM_TLS_DIAL_DONE);
    (*out)[*len] = '\0';
    return state == ONYM_TLS_DIAL_ENDED ? 0 : -1;
}

/* "HTTP/1.1 200 ...", headers with a Content-Length, and that many bytes. */
static bool
cut(struct onym_https_reply *r, size_t len)
{
    static const char name[] = "\r\nContent-Length: ";
    char *end = r->memory != NULL ? strstr(r->memory, "\r\n\r\n") : NULL;
    const char *length;

    if (end == NULL || strncmp(r->memory, "HTTP/1.1 ", 9) != 0) {
        return false;
    }
    end[2] = '\0';
    length = strstr(r->memory, name);
    r->status = (int)strtol(r->memory + 9, NULL, 10);
    r->body = end + 4;
    r->len = len - (size_t)(r->body - r->memory);
    return r->status >= 200 && r->status < 600 &&
           (length == NULL || strtoul(length + sizeof name - 1, NULL, 10) == r->len);
}

/* The connection ended before the answer did. */
static int
unanswered(const struct onym_https *h, const struct onym_tls_dial *dial, bool changes)
{
    char why[256];

    if (dial != NULL && onym_tls_dial_is_refused(dial)) {
        (void)snprintf(why, sizeof why, "%s%s", onym_tls_dial_reason(dial),
                       h->certificate == NULL ? ": --cert FILE and its --key FILE" : "");
        return fail(h, ONYM_EXIT_UNREACHABLE, why);
    }
    return changes ? fail(h, ONYM_EXIT_UNKNOWN,
                          "no whole answer came; whether it was done is in the node's log")
                   : fail(h, ONYM_EXIT_UNREACHABLE, "no whole answer came");
}

static int
talk(const struct onym_https *h, const struct line *line, const char *request, size_t len,
     bool changes, struct onym_https_reply *out)
{
    size_t got = 0;

    if (write_all(line, request, len) != 0) {
        return fail(h, ONYM_EXIT_UNREACHABLE, "it closed before the request was sent whole");
    }
    if (read_all(line, &out->memory, &got) != 0 || !cut(out, got)) {
        free(out->memory);
        out->memory = NULL;
        return unanswered(h, line->dial, changes);
    }
    return ONYM_EXIT_DONE;
}

enum onym_status
onym_https_dialer_new(const struct onym_https *h, struct onym_tls_dialer **out,
                      struct onym_fault *fault)
{
    enum onym_status status = onym_tls_dialer_new(h->host, h->authorities, out, fault);

    if (status == ONYM_OK && h->certificate != NULL) {
        status = onym_tls_dialer_certify(*out, h->certificate, h->key, fault);
        if (status != ONYM_OK) {
            onym_tls_dialer_free(*out);
            *out = NULL;
        }
    }
    return status;
}

enum onym_status
onym_https_connect(const struct onym_https *h, struct onym_tls_dialer *dialer, int *fd,
                   struct onym_tls_dial **dial, struct onym_fault *fault)
{
    enum onym_status status = onym_tls_probe_reach(h->host, h->port, h->timeout_ms, fd, fault);

    *dial = NULL;
    if (status != ONYM_OK) {
        return status;
    }
    *dial = onym_tls_dial_new(dialer, *fd);
    if (*dial == NULL) {
        status = onym_fault_set(fault, ONYM_NO_MEMORY, "out of memory");
    } else if (onym_tls_dial_handshake(*dial) != ONYM_TLS_DIAL_DONE) {
        const char *reason = onym_tls_dial_reason(*dial);

        status = onym_fault_set(fault, ONYM_ERROR, "%s port %s: the TLS handshake failed%s%s",
                                h->host, h->port, reason[0] != '\0' ? ": " : "", reason);
    }
    if (status != ONYM_OK) {
        onym_tls_dial_free(*dial);
        (void)close(*fd);
        *dial = NULL;
        *fd = -1;
    }
    return status;
}

/* Of a connection that was not made. */
static int
not_connected(const struct onym_https *h, const struct onym_fault *fault)
{
    if (h->fault != NULL) {
        *h->fault = *fault;
    } else {
        (void)fprintf(stderr, "onymctl %s: %s\n", h->what, fault->text); /* names host and port */
    }
    return fault->status == ONYM_UNREACHABLE ? ONYM_EXIT_UNREACHABLE : ONYM_EXIT_SERVER;
}

static int
reach_far(const struct onym_https *h, struct onym_tls_dialer **dialer, struct line *out)
{
    struct onym_fault fault = {0};

    if (onym_https_dialer_new(h, dialer, &fault) != ONYM_OK) {
        return fail(h, fault.status == ONYM_INVALID ? ONYM_EXIT_USAGE : ONYM_EXIT_SERVER,
                    fault.text);
    }
    return onym_https_connect(h, *dialer, &out->fd, &out->dial, &fault) == ONYM_OK
               ? ONYM_EXIT_DONE
               : not_connected(h, &fault);
}

static int
reach_socket(const struct onym_https *h, struct line *out)
{
    struct onym_fault fault = {0};
    int code = onym_socket_connect(h->socket, h->timeout_ms, &out->fd, &fault);

    if (code != ONYM_EXIT_DONE) {
        (void)not_connected(h, &fault);
    }
    return code;
}

static int
write_request(const struct onym_https *h, const char *method, const char *target, const char *body,
              char *out, size_t cap)
{
    int len = snprintf(out, cap,
                       "%s %s HTTP/1.1\r\nHost: %s:%s\r\nConnection: close\r\n"
                       "User-Agent: onymctl\r\nContent-Length: %zu\r\n%s%s%s%s\r\n%s",
                       method, target, h->host, h->port, body != NULL ? strlen(body) : 0,
                       body != NULL ? "Content-Type: application/json\r\n" : "",
                       h->authorization[0] != '\0' ? "Authorization: " : "", h->authorization,
                       h->authorization[0] != '\0' ? "\r\n" : "", body != NULL ? body : "");

    return len >= 0 && (size_t)len < cap ? len : -1;
}

static int
exchange(const struct onym_https *h, const char *method, const char *target, const char *body,
         bool changes, struct onym_https_reply *out)
{
    struct onym_tls_dialer *dialer = NULL;
    struct line line = {.fd = -1};
    size_t cap = HEAD_MAX + (body != NULL ? strlen(body) : 0);
    char *request = malloc(cap);
    /* writing to a peer that is gone is an error here; for standard output it stays a signal */
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction before;
    int len;
    int code;

    *out = (struct onym_https_reply){.status = 0};
    if (request == NULL) {
        return fail(h, ONYM_EXIT_SERVER, "out of memory");
    }
    (void)sigaction(SIGPIPE, &ignore, &before);
    len = write_request(h, method, target, body, request, cap);
    if (len < 0) {
        code = fail(h, ONYM_EXIT_USAGE, "the request is too long");
    } else {
        code = h->socket != NULL ? reach_socket(h, &line) : reach_far(h, &dialer, &line);
    }
    if (code == ONYM_EXIT_DONE) {
        code = talk(h, &line, request, (size_t)len, changes, out);
    }
    onym_tls_dial_free(line.dial);
    (void)sigaction(SIGPIPE, &before, NULL);
    onym_tls_dialer_free(dialer);
    if (line.fd >= 0) {
        (void)close(line.fd);
    }
    explicit_bzero(request, cap);
    free(request);
    return code;
}

int
onym_https_ask(const struct onym_https *h, const char *method, const char *target,
               struct onym_https_reply *out)
{
    return exchange(h, method, target, NULL, false, out);
}

int
onym_https_send(const struct onym_https *h, const char *method, const char *target,
                const char *body, struct onym_https_reply *out)
{
    return exchange(h, method, target, body, strcmp(method, "GET") != 0, out);
}
