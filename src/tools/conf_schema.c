#include "tools/conf_print.h"

#include <stdio.h>

/* A text of a form that a pattern can tell; NULL for the types that have no such form. */
static const char *
pattern_of(const struct onym_config_key *key)
{
    switch (key->type) {
    case ONYM_CONFIG_NAME:
        return "^[A-Za-z0-9._-]+$";
    case ONYM_CONFIG_SIZE:
        return "^[0-9]+(KiB|MiB|GiB|TiB)$";
    case ONYM_CONFIG_DURATION:
        return "^[0-9]+(ms|s|m|h)$";
    case ONYM_CONFIG_RATE:
        return "^[0-9]+/s$";
    case ONYM_CONFIG_ADDRESSES:
        return "^([0-9.]+|\\[[0-9A-Fa-f:.]+\\]):[0-9]{1,5}$";
    case ONYM_CONFIG_NETWORKS:
        return "^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$";
    case ONYM_CONFIG_PATH:
    case ONYM_CONFIG_WHO:
    case ONYM_CONFIG_NUMBER:
    case ONYM_CONFIG_WORD:
        break;
    }
    return NULL;
}

static json_t *
schema_of_scalar(const struct onym_config_key *key)
{
    const char *pattern = pattern_of(key);
    json_t *s = json_object();

    if (key->type == ONYM_CONFIG_NUMBER) {
        (void)json_object_set_new(s, "type", json_string("integer"));
        (void)json_object_set_new(s, "minimum", json_integer((json_int_t)key->min));
        (void)json_object_set_new(s, "maximum", json_integer((json_int_t)key->max));
        return s;
    }
    (void)json_object_set_new(s, "type", json_string("string"));
    if (pattern != NULL) {
        (void)json_object_set_new(s, "pattern", json_string(pattern));
    }
    if (key->type == ONYM_CONFIG_NAME || key->type == ONYM_CONFIG_PATH ||
        key->type == ONYM_CONFIG_WHO) {
        (void)json_object_set_new(s, "minLength", json_integer((json_int_t)key->min));
        (void)json_object_set_new(s, "maxLength", json_integer((json_int_t)key->max));
    }
    if (key->type == ONYM_CONFIG_WORD) {
        json_t *words = json_array();
        for (size_t i = 0; key->words[i] != NULL; i++) {
            (void)json_array_append_new(words, json_string(key->words[i]));
        }
        (void)json_object_set_new(s, "enum", words);
    }
    return s;
}

static json_t *
schema_of_key(const struct onym_config_key *key, const struct onym_settings *defaults)
{
    char expected[ONYM_CONFIG_EXPECTED_MAX];
    char variable[ONYM_CONFIG_VARIABLE_MAX];
    json_t *s = schema_of_scalar(key);

    if (onym_config_is_list(key)) {
        json_t *list = json_object();
        json_t *either = json_array();
        (void)json_object_set_new(list, "type", json_string("array"));
        (void)json_object_set(list, "items", s);
        (void)json_object_set_new(list, "maxItems", json_integer((json_int_t)key->max));
        (void)json_array_append_new(either, s);
        (void)json_array_append_new(either, list);
        s = json_object();
        (void)json_object_set_new(s, "anyOf", either);
    }
    onym_config_expected(key, expected);
    onym_config_variable(key, variable);
    (void)json_object_set_new(s, "description", json_sprintf("%s Write %s.", key->help, expected));
    (void)json_object_set_new(s, "default", onym_conf_json_value(key, defaults));
    (void)json_object_set_new(s, "x-onym-variable", json_string(variable));
    (void)json_object_set_new(s, "x-onym-reloadable", json_boolean(key->reloadable));
    return s;
}

/* A section takes its keys and nothing else; null is a section whose keys are commented out. */
static json_t *
schema_of_section(json_t *properties)
{
    json_t *s = json_object();
    json_t *types = json_array();

    (void)json_array_append_new(types, json_string("object"));
    (void)json_array_append_new(types, json_string("null"));
    (void)json_object_set_new(s, "type", types);
    (void)json_object_set_new(s, "additionalProperties", json_false());
    (void)json_object_set(s, "properties", properties);
    return s;
}

void
onym_conf_print_schema(const struct onym_settings *defaults)
{
    json_t *root = json_object();
    json_t *keys = json_object();
    json_t *sections = json_object();
    const char *name;
    json_t *properties;

    for (size_t i = 0; i < onym_config_key_count(); i++) {
        const struct onym_config_key *key = onym_config_key_at(i);
        (void)json_object_set_new(onym_conf_json_section(keys, key), strchr(key->name, '.') + 1,
                                  schema_of_key(key, defaults));
    }
    json_object_foreach(keys, name, properties)
    {
        (void)json_object_set_new(sections, name, schema_of_section(properties));
    }
    (void)json_object_set_new(root, "$schema",
                              json_string("https://json-schema.org/draft/2020-12/schema"));
    (void)json_object_set_new(root, "title", json_string("Configuration of onymd"));
    (void)json_object_set_new(root, "type", json_string("object"));
    (void)json_object_set_new(root, "additionalProperties", json_false());
    (void)json_object_set_new(root, "properties", sections);
    json_decref(keys);
    onym_conf_print_value(root);
}
