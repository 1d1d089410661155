#include "tools/node_api.h"

#include "config/control.h"
#include "config/load.h"
#include "tools/bench_http.h"
#include "tools/conf_print.h"
#include "tools/server_name.h"
#include "tools/socket_connect.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define TIMEOUT_S       30.0
#define ANSWER_FIRST    ((size_t)16 * 1024)
#define ANSWER_MAX      ((size_t)ONYM_BENCH_HTTP_BODY_MAX + ONYM_BENCH_HTTP_HEAD_MAX)
#define SETTINGS_ADVICE "name the configuration with -c FILE or the socket with --server unix:PATH"

/* ---- where ---- */

static int
find_by_settings(const struct onym_node_ask *ask, char out[ONYM_CONTROL_PATH_MAX])
{
    struct onym_config_source source = {.file = ask->cli->config, .environment = environ};
    struct onym_settings *settings = calloc(1, sizeof *settings);
    struct onym_config_report *report = calloc(1, sizeof *report);
    enum onym_status status = ONYM_NO_MEMORY;
    int code = ONYM_EXIT_DONE;

    if (settings != NULL && report != NULL) {
        status = onym_config_load(&source, settings, report);
    }
    if (status == ONYM_INVALID) {
        onym_conf_print_errors(report);
        (void)fprintf(stderr, "onymctl %s: the node was not asked%s\n", ask->what,
                      ask->reloads ? "; what it runs with stays in force" : "");
        code = ask->reloads ? ONYM_EXIT_NEGATIVE : ONYM_EXIT_USAGE;
    } else if (status != ONYM_OK) {
        (void)fprintf(stderr, "onymctl %s: %s\n", ask->what, onym_status_text(status));
        code = ONYM_EXIT_SERVER;
    } else if (onym_control_path(settings, out) != ONYM_OK || out[0] == '\0') {
        code = onym_usage_error(ask->what, "listen.control names no socket; " SETTINGS_ADVICE);
    }
    free(settings);
    free(report);
    return code;
}

static int
find_socket(const struct onym_node_ask *ask, char out[ONYM_CONTROL_PATH_MAX])
{
    const char *server = ask->cli->server;
    const char *path = NULL;
    int code;

    if (server == NULL) {
        return find_by_settings(ask, out);
    }
    if (onym_server_road(server) != ONYM_ROAD_LOCAL) {
        return onym_usage_error(ask->what,
                                "--server %s: this goes over the node's Unix socket; give "
                                "unix:PATH, or nothing on the node's machine",
                                server);
    }
    code = onym_server_socket(ask->what, server, &path);
    if (code != ONYM_EXIT_DONE) {
        return code;
    }
    memcpy(out, path, strlen(path) + 1);
    return ONYM_EXIT_DONE;
}

static int
reach(const struct onym_node_ask *ask, int *out)
{
    double seconds = ask->cli->timeout_s > 0 ? ask->cli->timeout_s : TIMEOUT_S;
    char path[ONYM_CONTROL_PATH_MAX];
    struct onym_fault fault = {.status = ONYM_OK};
    int code = find_socket(ask, path);

    if (code == ONYM_EXIT_DONE) {
        code = onym_socket_connect(path, (uint32_t)(seconds * 1000.0), out, &fault);
    }
    if (fault.status != ONYM_OK) {
        (void)fprintf(stderr, "onymctl %s: %s%s\n", ask->what, fault.text,
                      code == ONYM_EXIT_UNREACHABLE ? ", or " SETTINGS_ADVICE : "");
    }
    return code;
}

/* ---- the question ---- */

static bool
send_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);

        if (sent < 0 && errno != EINTR) {
            return false;
        }
        bytes += sent > 0 ? sent : 0;
        len -= sent > 0 ? (size_t)sent : 0;
    }
    return true;
}

static bool
send_question(int fd, const struct onym_node_ask *ask)
{
    char *body = ask->body != NULL ? json_dumps(ask->body, JSON_COMPACT) : NULL;
    size_t len = body != NULL ? strlen(body) : 0;
    char head[1024];
    int head_len = snprintf(head, sizeof head,
                            "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                            "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                            ask->method, ask->target, len);
    bool good = head_len > 0 && (size_t)head_len < sizeof head &&
                send_all(fd, head, (size_t)head_len) && send_all(fd, body, len);

    free(body);
    return good;
}

/* ---- the answer ---- */

/* A whole answer into *out; false: it ended before, is none, or is too large. */
static bool
read_answer(int fd, uint8_t **memory, struct onym_bench_http *out)
{
    size_t cap = ANSWER_FIRST;
    size_t len = 0;

    *memory = malloc(cap);
    while (*memory != NULL) {
        size_t need = 0;
        ssize_t got = recv(fd, *memory + len, cap - len, 0);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        len += (size_t)got;
        switch (onym_bench_http_cut(onym_span_of(*memory, len), out, &need)) {
        case ONYM_BENCH_HTTP_WHOLE:
            return true;
        case ONYM_BENCH_HTTP_BAD:
            return false;
        case ONYM_BENCH_HTTP_MORE:
        default:
            break;
        }
        if (len == cap) {
            uint8_t *grown = cap < ANSWER_MAX ? realloc(*memory, cap * 2) : NULL;

            if (grown == NULL) {
                return false;
            }
            *memory = grown;
            cap *= 2;
        }
    }
    return false;
}

static int
ask_far(const struct onym_node_ask *ask, struct onym_node_reply *out)
{
    char *body = ask->body != NULL ? json_dumps(ask->body, JSON_COMPACT) : NULL;
    struct onym_https_reply reply = {.status = 0};
    int code = onym_https_send(ask->https, ask->method, ask->target, body, &reply);

    if (code == ONYM_EXIT_DONE) {
        out->status = reply.status;
        out->body = json_loadb(reply.body, reply.len, 0, NULL);
        explicit_bzero(reply.memory, reply.len);
    }
    free(reply.memory);
    free(body);
    return code;
}

int
onym_node_ask(const struct onym_node_ask *ask, struct onym_node_reply *out)
{
    struct onym_bench_http answer = {.used = 0};
    uint8_t *memory = NULL;
    int fd = -1;
    int code;

    *out = (struct onym_node_reply){.status = 0};
    if (ask->https != NULL) {
        return ask_far(ask, out);
    }
    code = reach(ask, &fd);
    if (code != ONYM_EXIT_DONE) {
        return code;
    }
    if (!send_question(fd, ask) || !read_answer(fd, &memory, &answer)) {
        (void)fprintf(stderr,
                      "onymctl %s: the node did not answer; whether it was done is in its log\n",
                      ask->what);
        code = ONYM_EXIT_UNKNOWN;
    } else {
        out->status = (int)answer.status;
        out->body = json_loadb((const char *)answer.body.at, answer.body.len, 0, NULL);
    }
    if (memory != NULL) {
        explicit_bzero(memory, answer.used);
    }
    free(memory);
    (void)close(fd);
    return code;
}

/* ---- a refusal ---- */

static int
code_of(int status)
{
    return status == 401 || status == 403   ? ONYM_EXIT_AUTH
           : status == 400 || status == 413 ? ONYM_EXIT_USAGE
           : status >= 500 || status == 429 ? ONYM_EXIT_SERVER
                                            : ONYM_EXIT_NEGATIVE;
}

/* Says on stderr (with --json on stdout, as it came) why the node did not do it, and returns the
 * exit code. */
static int
tell_refusal(const struct onym_node_ask *ask, const struct onym_node_reply *reply)
{
    const json_t *errors = json_object_get(reply->body, "errors");
    const char *detail = json_string_value(json_object_get(reply->body, "detail"));
    const char *field = json_string_value(json_object_get(reply->body, "field"));

    if (ask->cli->json && reply->body != NULL) {
        (void)json_dumpf(reply->body, stdout, JSON_COMPACT);
        (void)putchar('\n');
    } else if (json_array_size(errors) > 0) {
        for (size_t i = 0; i < json_array_size(errors); i++) {
            const char *text = json_string_value(json_array_get(errors, i));

            (void)fprintf(stderr, "%s\n", text != NULL ? text : "");
        }
    } else if (detail != NULL) {
        (void)fprintf(stderr, "onymctl %s: %s%s%s\n", ask->what, field != NULL ? field : "",
                      field != NULL ? ": " : "", detail);
    } else {
        (void)fprintf(stderr, "onymctl %s: the node answers %d\n", ask->what, reply->status);
    }
    return code_of(reply->status);
}

int
onym_node_done(const struct onym_node_ask *ask, struct onym_node_reply *out)
{
    int code = onym_node_ask(ask, out);

    if (code == ONYM_EXIT_DONE && (out->status < 200 || out->status > 299)) {
        code = tell_refusal(ask, out);
    }
    if (code != ONYM_EXIT_DONE) {
        json_decref(out->body);
        out->body = NULL;
    }
    return code;
}
