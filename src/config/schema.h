/* The one table of keys: name, type, range, default, help, and whether a running node takes a
 * change. Loading, `conf show`, `conf schema`, the example file and docs/configuration.md all come
 * from it or are compared with it by a test. A key's index is its place in the table. */
#ifndef ONYM_CONFIG_SCHEMA_H
#define ONYM_CONFIG_SCHEMA_H

#include "config/settings.h"
#include "onym/span.h"

enum onym_config_type {
    ONYM_CONFIG_NAME,      /* char[max + 1]: letters, digits, ".", "_", "-" */
    ONYM_CONFIG_PATH,      /* char[max + 1]: a path without control characters */
    ONYM_CONFIG_WHO,       /* char[max + 1]: "index:handle" entries separated by spaces, or empty */
    ONYM_CONFIG_NUMBER,    /* uint32_t */
    ONYM_CONFIG_SIZE,      /* uint64_t bytes, written with KiB, MiB, GiB or TiB */
    ONYM_CONFIG_DURATION,  /* uint32_t in the key's own unit, written with ms, s, m or h */
    ONYM_CONFIG_RATE,      /* uint32_t per second, written as N/s */
    ONYM_CONFIG_WORD,      /* an enum: its place in words */
    ONYM_CONFIG_ADDRESSES, /* struct onym_address_list: "IPv4:port" or "[IPv6]:port" */
    ONYM_CONFIG_NETWORKS   /* struct onym_network_list: address/bits */
};

struct onym_config_key {
    const char *name; /* "section.key" */
    enum onym_config_type type;
    bool reloadable;          /* false: a change needs a restart */
    size_t offset;            /* in struct onym_settings */
    uint64_t min;             /* inclusive, in the stored unit; bytes of a text */
    uint64_t max;             /* likewise; the most items of a list */
    uint32_t unit_ms;         /* ONYM_CONFIG_DURATION: milliseconds of one stored unit */
    const char *const *words; /* ONYM_CONFIG_WORD: ended by NULL */
    const char *value;        /* the default, as an environment variable would give it */
    const char *help;         /* one sentence or two, plain text */
};

/* The table; onym_config_key_count() rows. Static. */
size_t onym_config_key_count(void);
const struct onym_config_key *onym_config_key_at(size_t index);

/* The index of a "section.key", or onym_config_key_count() when there is none. */
size_t onym_config_key_find(onym_span name);

/* The environment variable of a key, "ONYM_LISTEN__OPS" for listen.ops. */
#define ONYM_CONFIG_VARIABLE_MAX 80U
void onym_config_variable(const struct onym_config_key *key, char out[ONYM_CONFIG_VARIABLE_MAX]);

/* True for the keys that take several items, at most key->max. */
static inline bool
onym_config_is_list(const struct onym_config_key *key)
{
    return key->type == ONYM_CONFIG_ADDRESSES || key->type == ONYM_CONFIG_NETWORKS;
}

/* How a value of key, or one item of a list, is written and its range, for example "a whole number
 * from 0 to 64". */
#define ONYM_CONFIG_EXPECTED_MAX 200U
void onym_config_expected(const struct onym_config_key *key, char out[ONYM_CONFIG_EXPECTED_MAX]);

/* Item index of the key's value in settings, as it would be written in YAML but without quotes
 * ("10m", "127.0.0.1:2641"); scalars have the one item 0. False past the last item. */
#define ONYM_CONFIG_ITEM_MAX ONYM_PATH_MAX
bool onym_config_item(const struct onym_config_key *key, const struct onym_settings *settings,
                      size_t index, char out[ONYM_CONFIG_ITEM_MAX]);

/* Whether the two settings differ in the key: a reload applies what is reloadable and lists the
 * rest. */
bool onym_config_differs(const struct onym_config_key *key, const struct onym_settings *a,
                         const struct onym_settings *b);

#endif
