#include "tools/conf_print.h"

#include <stdio.h>
#include <stdlib.h>

void
onym_conf_print_errors(const struct onym_config_report *report)
{
    char line[ONYM_CONFIG_LINE_MAX];

    for (size_t i = 0; i < report->error_count && i < ONYM_CONFIG_ERRORS_MAX; i++) {
        onym_config_error_line(report, i, line);
        (void)fprintf(stderr, "%s\n", line);
    }
    if (report->error_count > ONYM_CONFIG_ERRORS_MAX) {
        (void)fprintf(stderr, "and %zu more\n", report->error_count - ONYM_CONFIG_ERRORS_MAX);
    }
}

void
onym_conf_print_valid(const struct onym_config_report *report)
{
    if (report->file_count == 0) {
        (void)puts("valid: defaults and environment; no file was named");
        return;
    }
    for (size_t i = 0; i < report->file_count; i++) {
        (void)printf("%s%s", i == 0 ? "valid: " : ", ", report->file[i]);
    }
    (void)putchar('\n');
}

/* Where a value or error comes from, as members of object. */
static void
set_source(json_t *object, const struct onym_config_report *report,
           struct onym_config_origin origin)
{
    static const char *const names[] = {[ONYM_CONFIG_DEFAULT] = "default",
                                        [ONYM_CONFIG_FILE] = "file",
                                        [ONYM_CONFIG_ENVIRONMENT] = "environment",
                                        [ONYM_CONFIG_COMMAND_LINE] = "command line"};

    (void)json_object_set_new(object, "source", json_string(names[origin.kind]));
    if (origin.kind == ONYM_CONFIG_FILE) {
        (void)json_object_set_new(object, "file", json_string(report->file[origin.file]));
    }
    if (origin.kind == ONYM_CONFIG_FILE && origin.line > 0) {
        (void)json_object_set_new(object, "line", json_integer(origin.line));
        (void)json_object_set_new(object, "column", json_integer(origin.column));
    }
}

void
onym_conf_print_value(json_t *value)
{
    (void)json_dumpf(value, stdout, JSON_INDENT(2));
    (void)putchar('\n');
    json_decref(value);
}

void
onym_conf_print_check_json(const struct onym_conf_loaded *loaded, json_t *here)
{
    const struct onym_config_report *report = &loaded->report;
    json_t *root = json_object();
    json_t *files = json_array();
    json_t *errors = json_array();

    for (size_t i = 0; i < report->file_count; i++) {
        (void)json_array_append_new(files, json_string(report->file[i]));
    }
    for (size_t i = 0; i < report->error_count && i < ONYM_CONFIG_ERRORS_MAX; i++) {
        const struct onym_config_error *e = &report->error[i];
        json_t *error = json_object();
        set_source(error, report, e->origin);
        if (e->key[0] != 0) {
            (void)json_object_set_new(error, "key", json_string(e->key));
        }
        (void)json_object_set_new(error, "text", json_string(e->text));
        (void)json_array_append_new(errors, error);
    }
    (void)json_object_set_new(root, "valid", json_boolean(loaded->valid));
    (void)json_object_set_new(root, "files", files);
    (void)json_object_set_new(root, "error_count", json_integer((json_int_t)report->error_count));
    (void)json_object_set_new(root, "errors", errors);
    if (here != NULL) {
        (void)json_object_set_new(root, "here", here);
    }
    onym_conf_print_value(root);
}

static size_t
section_len(const struct onym_config_key *key)
{
    return strcspn(key->name, ".");
}

static bool
is_shown(const struct onym_conf_loaded *loaded, size_t index, struct onym_conf_show show)
{
    return show.all || loaded->report.origin[index].kind != ONYM_CONFIG_DEFAULT;
}

/* Texts and addresses in double quotes, as YAML and JSON both read them; they hold no control
 * characters. */
static void
print_quoted(const char *text)
{
    (void)putchar('"');
    for (; *text != 0; text++) {
        if (*text == '"' || *text == '\\') {
            (void)putchar('\\');
        }
        (void)putchar(*text);
    }
    (void)putchar('"');
}

static bool
is_text(const struct onym_config_key *key)
{
    return key->type == ONYM_CONFIG_NAME || key->type == ONYM_CONFIG_PATH ||
           key->type == ONYM_CONFIG_WHO || onym_config_is_list(key);
}

static void
print_yaml_value(const struct onym_config_key *key, const struct onym_settings *settings)
{
    char item[ONYM_CONFIG_ITEM_MAX];
    bool list = onym_config_is_list(key);

    (void)fputs(list ? "[" : "", stdout);
    for (size_t i = 0; onym_config_item(key, settings, i, item); i++) {
        (void)fputs(i > 0 ? ", " : "", stdout);
        if (is_text(key)) {
            print_quoted(item);
        } else {
            (void)fputs(item, stdout);
        }
    }
    (void)fputs(list ? "]" : "", stdout);
}

void
onym_conf_print_yaml(const struct onym_conf_loaded *loaded, struct onym_conf_show show)
{
    const char *section = "";

    for (size_t i = 0; i < onym_config_key_count(); i++) {
        const struct onym_config_key *key = onym_config_key_at(i);
        size_t len = section_len(key);

        if (!is_shown(loaded, i, show)) {
            continue;
        }
        if (strncmp(section, key->name, len + 1) != 0) {
            (void)printf("%.*s:\n", (int)len, key->name);
            section = key->name;
        }
        (void)printf("  %s: ", key->name + len + 1);
        print_yaml_value(key, &loaded->settings);
        if (show.origin) {
            char origin[ONYM_CONFIG_LINE_MAX];
            onym_config_origin_line(&loaded->report, i, origin);
            (void)printf(" # %s", origin);
        }
        (void)putchar('\n');
    }
    if (section[0] == 0) {
        (void)puts("# nothing is set; --effective shows the defaults");
    }
}

json_t *
onym_conf_json_value(const struct onym_config_key *key, const struct onym_settings *settings)
{
    char item[ONYM_CONFIG_ITEM_MAX];
    json_t *list;

    if (!onym_config_is_list(key)) {
        (void)onym_config_item(key, settings, 0, item);
        return key->type == ONYM_CONFIG_NUMBER ? json_integer(strtoll(item, NULL, 10))
                                               : json_string(item);
    }
    list = json_array();
    for (size_t i = 0; onym_config_item(key, settings, i, item); i++) {
        (void)json_array_append_new(list, json_string(item));
    }
    return list;
}

json_t *
onym_conf_json_section(json_t *root, const struct onym_config_key *key)
{
    char name[ONYM_CONFIG_VARIABLE_MAX];
    json_t *section;

    (void)snprintf(name, sizeof name, "%.*s", (int)section_len(key), key->name);
    section = json_object_get(root, name);
    if (section == NULL) {
        section = json_object();
        (void)json_object_set_new(root, name, section);
    }
    return section;
}

void
onym_conf_print_json(const struct onym_conf_loaded *loaded, struct onym_conf_show show)
{
    json_t *root = json_object();

    for (size_t i = 0; i < onym_config_key_count(); i++) {
        const struct onym_config_key *key = onym_config_key_at(i);
        const char *last = key->name + section_len(key) + 1;
        json_t *value;

        if (!is_shown(loaded, i, show)) {
            continue;
        }
        value = onym_conf_json_value(key, &loaded->settings);
        if (show.origin) {
            json_t *with = json_object();
            (void)json_object_set_new(with, "value", value);
            set_source(with, &loaded->report, loaded->report.origin[i]);
            value = with;
        }
        (void)json_object_set_new(onym_conf_json_section(root, key), last, value);
    }
    onym_conf_print_value(root);
}
