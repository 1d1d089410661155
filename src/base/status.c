#include "onym/status.h"

static const struct {
    const char *name;
    const char *text;
    uint32_t wire;
    int http;
    int facade;
} table[ONYM_STATUS_COUNT] = {
#define ONYM_STATUS_ROW(n, w, h, f, t)                                                             \
    [ONYM_##n] = {.name = #n, .text = (t), .wire = (w), .http = (h), .facade = (f)},
    ONYM_STATUS_MAP(ONYM_STATUS_ROW)
#undef ONYM_STATUS_ROW
};

static enum onym_status
known(enum onym_status status)
{
    return (unsigned)status < ONYM_STATUS_COUNT ? status : ONYM_ERROR;
}

const char *
onym_status_name(enum onym_status status)
{
    return table[known(status)].name;
}

const char *
onym_status_text(enum onym_status status)
{
    return table[known(status)].text;
}

uint32_t
onym_status_wire(enum onym_status status)
{
    return table[known(status)].wire;
}

int
onym_status_http(enum onym_status status)
{
    return table[known(status)].http;
}

int
onym_status_http_facade(enum onym_status status)
{
    return table[known(status)].facade;
}

enum onym_status
onym_status_from_wire(uint32_t code)
{
    for (unsigned i = 0; i < ONYM_STATUS_COUNT; i++) {
        if (table[i].wire == code) {
            return (enum onym_status)i;
        }
    }
    return ONYM_ERROR;
}
