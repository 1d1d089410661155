#include "config/control.h"

#include <stdio.h>
#include <string.h>

#define FRONT "unix:"

enum onym_status
onym_control_path(const struct onym_settings *settings, char out[ONYM_CONTROL_PATH_MAX])
{
    const char *path = settings->control + sizeof FRONT - 1;
    int len;

    out[0] = '\0';
    if (settings->control[0] == '\0') {
        return ONYM_OK;
    }
    if (strncmp(settings->control, FRONT, sizeof FRONT - 1) != 0) {
        return ONYM_INVALID;
    }
    len = path[0] == '/' ? snprintf(out, ONYM_CONTROL_PATH_MAX, "%s", path)
                         : snprintf(out, ONYM_CONTROL_PATH_MAX, "%s/%s", settings->data_dir, path);
    if (len < 0 || (size_t)len >= ONYM_CONTROL_PATH_MAX) {
        out[0] = '\0';
        return ONYM_INVALID;
    }
    return ONYM_OK;
}
