#include "tools/host_port.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
onym_host_port(const char *text, const char *port_default, char host[ONYM_HOST_MAX], char port[8])
{
    const char *end = text[0] == '[' ? strchr(text, ']') : strrchr(text, ':');
    bool bare_v6 = text[0] != '[' && end != NULL && strchr(text, ':') != end;
    const char *from = text[0] == '[' ? text + 1 : text;
    size_t len = end != NULL && !bare_v6 ? (size_t)(end - from) : strlen(from);
    const char *rest = from + len;

    if (text[0] == '[') {
        rest = end != NULL ? end + 1 : text;
    }
    if (len == 0 || len >= ONYM_HOST_MAX || (text[0] == '[' && end == NULL)) {
        return false;
    }
    memcpy(host, from, len);
    host[len] = '\0';
    if (rest[0] == '\0') {
        (void)snprintf(port, 8, "%s", port_default);
        return true;
    }
    if (rest[0] != ':' || strlen(rest + 1) < 1 || strlen(rest + 1) > 5 ||
        strspn(rest + 1, "0123456789") != strlen(rest + 1)) {
        return false;
    }
    (void)snprintf(port, 8, "%s", rest + 1);
    return strtol(port, NULL, 10) >= 1 && strtol(port, NULL, 10) <= 65535;
}
