#include "tools/server_name.h"

#include "config/control.h"
#include "tools/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADVICE                                                                                     \
    "give HOST or HOST:PORT, for example [::1]:2641, tls://HOST[:PORT], https://HOST or unix:PATH"

static const struct {
    const char *scheme;
    const char *port; /* unless said */
} roads[] = {
    [ONYM_ROAD_HANDLE] = {"", "2641"},
    [ONYM_ROAD_TLS] = {"tls://", "2642"},
    [ONYM_ROAD_HTTPS] = {"https://", "8000"},
    [ONYM_ROAD_LOCAL] = {"unix:", ""},
};

enum onym_road
onym_server_road(const char *server)
{
    for (int road = ONYM_ROAD_LOCAL; server != NULL && road > ONYM_ROAD_HANDLE; road--) {
        if (strncmp(server, roads[road].scheme, strlen(roads[road].scheme)) == 0) {
            return (enum onym_road)road;
        }
    }
    return ONYM_ROAD_HANDLE;
}

int
onym_server_socket(const char *what, const char *server, const char **out)
{
    const char *path = server + strlen(roads[ONYM_ROAD_LOCAL].scheme);

    if (path[0] == '\0') {
        return onym_usage_error(what, "--server %s: " ADVICE, server);
    }
    if (strlen(path) >= ONYM_CONTROL_PATH_MAX) {
        return onym_usage_error(what, "--server: a socket's path has at most %u bytes",
                                ONYM_CONTROL_PATH_MAX - 1);
    }
    *out = path;
    return ONYM_EXIT_DONE;
}

int
onym_server_name_read(const char *what, const char *server, struct onym_server_name *out)
{
    enum onym_road road = onym_server_road(server);
    const char *text = server + strlen(roads[road].scheme);
    size_t len = road == ONYM_ROAD_HANDLE ? strlen(text) : strcspn(text, "/");
    char place[ONYM_HOST_MAX + 16];

    if (road == ONYM_ROAD_LOCAL) {
        return onym_usage_error(
            what,
            "--server %s: this does not go over a Unix socket; ask HOST[:PORT], "
            "tls://HOST[:PORT] or https://HOST[:PORT]",
            server);
    }
    out->road = road;
    if (len == 0 || len >= sizeof place || (text[len] == '/' && text[len + 1] != '\0')) {
        return onym_usage_error(what, "--server %s: " ADVICE, server);
    }
    (void)snprintf(place, sizeof place, "%.*s", (int)len, text);
    return onym_host_port(place, roads[road].port, out->host, out->port)
               ? ONYM_EXIT_DONE
               : onym_usage_error(what, "--server %s: " ADVICE, server);
}

int
onym_server_authorities(const char *what, const char *given, const char **out)
{
    const char *found = given != NULL ? given : getenv("ONYM_CA");

    if (found == NULL || found[0] == '\0') {
        return onym_usage_error(what, "name the authority of the node's certificate: --ca FILE, "
                                      "for example /etc/onym/tls/ca.crt");
    }
    *out = found;
    return ONYM_EXIT_DONE;
}
