#include "server/web_control.h"

#include "base/clock.h"
#include "net/local.h"
#include "net/tcp.h"
#include "server/web_priv.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEPT_BYTES   ((size_t)4 << 20)
#define DEFAULT_PATH "unix:control.sock"

static const char refusal[] =
    "HTTP/1.1 403 Forbidden\r\nContent-Type: application/problem+json\r\nContent-Length: 196\r\n"
    "Connection: close\r\n\r\n"
    "{\"type\":\"/problems/no-permission\",\"title\":\"no permission\",\"status\":403,\"detail\":"
    "\"root, the node's own account and members of the group onym may give orders here\","
    "\"code\":400,\"name\":\"NO_PERMISSION\"}";

static void
remember_refusal(struct onym_web *web, const struct onym_local_peer *peer)
{
    struct onym_change_event event = {.event = ONYM_EVENT_DENIED,
                                      .status = ONYM_NO_PERMISSION,
                                      .principal = onym_span_text("unix"),
                                      .principal_index = peer->user,
                                      .address = onym_span_text("unix"),
                                      .now_ms = onym_clock_epoch_ms()};

    onym_changes_event(web->post.node->changes, &event);
    ONYM_LOG(web->post.node->log, ONYM_LOG_WARNING, "server", "control_refused",
             "somebody without the right to gave an order on the local socket",
             onym_log_u64("user", peer->user), onym_log_u64("process", peer->process));
}

/* Who may not is told so with the first bytes, and is never a caller. */
static size_t
on_bytes(void *user, struct onym_tcp_connection *connection, onym_span bytes)
{
    struct onym_web_door *door = user;
    void **link = onym_tcp_state(connection);
    struct onym_local_peer peer = {.trusted = false};
    struct iovec part = {.iov_base = (void *)(uintptr_t)refusal, .iov_len = sizeof refusal - 1};

    if (*link != NULL || bytes.len == 0 ||
        (onym_local_peer(onym_tcp_descriptor(connection), ONYM_CONTROL_GROUP, &peer) &&
         peer.trusted)) {
        return onym_web_bytes(door, connection, bytes);
    }
    remember_refusal(door->web, &peer);
    onym_tcp_send(connection, onym_span_of(NULL, 0), &part, 1);
    onym_tcp_flush(connection);
    onym_tcp_finish(connection);
    return bytes.len;
}

static void
on_closed(void *user, struct onym_tcp_connection *connection)
{
    onym_web_closed(user, connection);
}

void
onym_web_control_caller(void *connection, struct onym_http_caller *caller)
{
    struct onym_local_peer peer = {.trusted = false};

    if (onym_local_peer(onym_tcp_descriptor(connection), ONYM_CONTROL_GROUP, &peer)) {
        caller->tls = peer.trusted; /* the kernel carries it and nobody else can listen */
        caller->local = peer.trusted;
        caller->user = peer.user;
    }
    caller->address = onym_span_text("unix");
}

static enum onym_status
open_socket(struct onym_web *web, const struct onym_web_parts *parts, struct onym_fault *fault)
{
    static const struct onym_tcp_handlers handlers = {
        .bytes = on_bytes, .closed = on_closed, .keeps_input = true};
    struct onym_tcp_limits limits = {.connections = ONYM_CONTROL_CONNECTIONS,
                                     .idle_ms = ONYM_WEB_IDLE_MS,
                                     .kept_bytes = KEPT_BYTES};
    int fd = -1;
    enum onym_status status = onym_control_path(&parts->node->settings, web->control_path);

    if (status != ONYM_OK) {
        return onym_fault_set(fault, status,
                              "listen.control: the path is longer than %u bytes with storage.dir "
                              "in front; set it to unix:PATH with a shorter one, or to nothing",
                              ONYM_CONTROL_PATH_MAX - 1);
    }
    if (web->control_path[0] == '\0') {
        return ONYM_OK;
    }
    status = onym_local_bind(web->control_path, ONYM_CONTROL_GROUP, &fd, fault);
    if (status != ONYM_OK) {
        web->control_path[0] = '\0'; /* not ours to take away */
        return status;
    }
    status = onym_tcp_new(parts->loop, &handlers, &web->control, &limits, &web->local);
    if (status != ONYM_OK) {
        (void)close(fd);
        return onym_fault_set(fault, status, "no memory for the connections of listen.control");
    }
    return onym_tcp_adopt(web->local, fd, web->control_path, fault);
}

enum onym_status
onym_web_control_open(struct onym_web *web, const struct onym_web_parts *parts,
                      struct onym_fault *fault)
{
    struct onym_fault own = {0};
    enum onym_status status = ONYM_OK;

    web->control = (struct onym_web_door){.web = web,
                                          .carrier = &onym_carrier_tcp,
                                          .by = ONYM_BY_HTTP,
                                          .listener = ONYM_LISTENER_CONTROL};
    if (parts->worker == 0) {
        status = open_socket(web, parts, &own);
    }
    if (status == ONYM_OK) {
        return ONYM_OK;
    }
    if (strcmp(parts->node->settings.control, DEFAULT_PATH) != 0) {
        return onym_fault_set(fault, status, "%s", own.text);
    }
    ONYM_LOG(parts->node->log, ONYM_LOG_WARNING, "server", "control_off",
             "there is no socket for onymctl on this machine", onym_log_text("err", own.text));
    return ONYM_OK;
}

void
onym_web_control_remove(struct onym_web *web)
{
    if (web->control_path[0] != '\0') {
        (void)unlink(web->control_path);
        web->control_path[0] = '\0';
    }
}
