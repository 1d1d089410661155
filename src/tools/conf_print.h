/* What onymctl conf prints. Everything goes to stdout unless it says otherwise. */
#ifndef ONYM_TOOLS_CONF_PRINT_H
#define ONYM_TOOLS_CONF_PRINT_H

#include "config/load.h"
#include "config/schema.h"
#include "tools/command.h"

#include <jansson.h>

/* About 130 KiB: on the heap. */
struct onym_conf_loaded {
    bool valid;
    struct onym_settings settings; /* when valid */
    struct onym_config_report report;
};

struct onym_conf_show {
    bool all;    /* also keys that have their default */
    bool origin; /* where each value comes from */
};

/* All errors, one a line, and how many more there are; to stderr. */
void onym_conf_print_errors(const struct onym_config_report *report);

/* "valid: a.yaml, conf.d/b.yaml". */
void onym_conf_print_valid(const struct onym_config_report *report);

/* {"valid", "files", "error_count", "errors": [{"source", "file", "line", "column", "key",
 * "text"}]}, and here, when it is not NULL, which it takes over. */
void onym_conf_print_check_json(const struct onym_conf_loaded *loaded, json_t *here);

/* The settings, in a form that loads to the same settings again; with origin in JSON each value
 * becomes {"value", "source", "file", "line"}. loaded is valid. */
void onym_conf_print_yaml(const struct onym_conf_loaded *loaded, struct onym_conf_show show);
void onym_conf_print_json(const struct onym_conf_loaded *loaded, struct onym_conf_show show);

/* The JSON Schema (draft 2020-12) of the configuration with these defaults. */
void onym_conf_print_schema(const struct onym_settings *defaults);

/* Prints a JSON value on lines of its own and releases it. */
void onym_conf_print_value(json_t *value);

/* The key's value as JSON: numbers as numbers, lists as arrays, the rest as it is configured. The
 * caller owns it. */
json_t *onym_conf_json_value(const struct onym_config_key *key,
                             const struct onym_settings *settings);

/* The object in root for the key's section, made when it is not there. Borrowed from root. */
json_t *onym_conf_json_section(json_t *root, const struct onym_config_key *key);

#endif
