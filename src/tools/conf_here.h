/* What a start on this machine would meet beyond the words of a configuration: addresses that can
 * not be bound, and a data directory that cannot be used. Nothing is made or changed. */
#ifndef ONYM_TOOLS_CONF_HERE_H
#define ONYM_TOOLS_CONF_HERE_H

#include "config/settings.h"

#include <stdbool.h>
#include <stddef.h>

struct onym_conf_here {
    void (*each)(void *of, const char *key, const char *text); /* a thing that is in the way */
    void *of;
    bool runs; /* set: a node runs in the directory; its addresses are taken by itself */
};

/* How many things are in the way; each is told. */
size_t onym_conf_here(const struct onym_settings *settings, struct onym_conf_here *here);

#endif
