/* One key's new value, item by item, checked while it is put into the settings; for config/ alone.
 * A value with a fault is reported, not taken over. */
#ifndef ONYM_CONFIG_ASSIGN_H
#define ONYM_CONFIG_ASSIGN_H

#include "config/load.h"
#include "config/schema.h"

/* What loading works on. */
struct onym_config_work {
    struct onym_settings *settings;
    struct onym_config_report *report;
};

struct onym_config_assign {
    const struct onym_config_work *work;
    const struct onym_config_key *key;
    size_t count; /* items of a list so far */
};

/* Starts a new value of the key with that schema index, given at origin; empties a list. */
struct onym_config_assign onym_config_assign_begin(const struct onym_config_work *work, size_t key,
                                                   struct onym_config_origin origin);

/* Adds the value of a scalar key, or one item of a list. quoted says that a YAML author asked for
 * a text, which a number is not. */
void onym_config_assign_item(struct onym_config_assign *assign, onym_span text, bool quoted,
                             struct onym_config_origin origin);

/* A whole value as the environment and the command line give it: a list separated by commas. */
void onym_config_assign_text(const struct onym_config_work *work, size_t key, onym_span text,
                             struct onym_config_origin origin);

#endif
