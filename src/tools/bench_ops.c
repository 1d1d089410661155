#include "tools/bench_ops.h"

#include "onym/client.h"
#include "tools/bench_args.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define PAGE_MAX ((size_t)1 << 20)

/* What follows `name` and a blank at the beginning of a line. */
static bool
figure(const char *page, const char *name, double *out)
{
    size_t len = strlen(name);
    const char *at = page;

    while ((at = strstr(at, name)) != NULL) {
        if ((at == page || at[-1] == '\n') && at[len] == ' ') {
            *out = strtod(at + len + 1, NULL);
            return true;
        }
        at += len;
    }
    return false;
}

static void
label(const char *page, const char *name, char *out, size_t cap)
{
    const char *at = strstr(page, "\nonym_build_info{");
    const char *value = at != NULL ? strstr(at, name) : NULL;
    size_t len;

    out[0] = '\0';
    if (value != NULL) {
        value += strlen(name);
        len = strcspn(value, "\"\n");
        (void)snprintf(out, cap, "%.*s", (int)(len < cap ? len : cap - 1), value);
    }
}

bool
onym_bench_ops_parse(const char *page, struct onym_bench_ops *out)
{
    label(page, "version=\"", out->version, sizeof out->version);
    label(page, "revision=\"", out->revision, sizeof out->revision);
    return figure(page, "process_cpu_seconds_total", &out->cpu_s) &&
           figure(page, "process_resident_memory_bytes", &out->resident_bytes);
}

static enum onym_status
fetch(int fd, char *page, struct onym_fault *fault)
{
    static const char request[] = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: "
                                  "close\r\n\r\n";
    size_t len = 0;
    ssize_t got;

    if (send(fd, request, sizeof request - 1, MSG_NOSIGNAL) != (ssize_t)sizeof request - 1) {
        return onym_fault_set(fault, ONYM_UNREACHABLE, "%s", strerror(errno));
    }
    while (len < PAGE_MAX && (got = recv(fd, page + len, PAGE_MAX - len, 0)) > 0) {
        len += (size_t)got;
    }
    page[len] = '\0';
    return len > 0 ? ONYM_OK
                   : onym_fault_set(fault, ONYM_UNREACHABLE, "nobody answers on the ops listener");
}

enum onym_status
onym_bench_ops_read(const char *address, struct onym_bench_ops *out, struct onym_fault *fault)
{
    const struct timeval limit = {.tv_sec = 2};
    struct sockaddr_storage to;
    socklen_t to_len;
    char host[256];
    enum onym_status status = onym_bench_args_server(address, 0, &to, &to_len, host, fault);
    char *page = status == ONYM_OK ? malloc(PAGE_MAX + 1) : NULL;
    int fd = -1;

    if (status != ONYM_OK) {
        return status;
    }
    fd = page != NULL ? socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0) : -1;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0 ||
        connect(fd, (const struct sockaddr *)&to, to_len) != 0) {
        status = onym_fault_set(fault, ONYM_UNREACHABLE, "--ops %s: %s", address, strerror(errno));
    } else {
        status = fetch(fd, page, fault);
    }
    if (status == ONYM_OK && !onym_bench_ops_parse(page, out)) {
        status = onym_fault_set(fault, ONYM_MALFORMED,
                                "--ops %s: this is not the metrics page of a node", address);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    free(page);
    return status;
}
