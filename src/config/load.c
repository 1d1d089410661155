#include "config/load.h"

#include "base/require.h"
#include "config/assign.h"
#include "config/check.h"
#include "config/files.h"
#include "config/report.h"
#include "config/suggest.h"
#include "config/yaml_in.h"

#include <stdlib.h>

static const char prefix[] = "ONYM_";

static void
set_defaults(const struct onym_config_work *work)
{
    for (size_t i = 0; i < onym_config_key_count(); i++) {
        onym_config_assign_text(work, i, onym_span_text(onym_config_key_at(i)->value),
                                (struct onym_config_origin){.kind = ONYM_CONFIG_DEFAULT});
    }
    ONYM_REQUIRE(work->report->error_count == 0);
}

/* The variable without its double underscores: what somebody writes who takes one for enough. */
static bool
lacks_underscore(onym_span name, const char *variable)
{
    const char *twice = strstr(variable, "__");
    size_t head = (size_t)(twice - variable);
    onym_span tail = onym_span_text(twice + 1);

    return name.len == head + tail.len && memcmp(name.at, variable, head) == 0 &&
           onym_span_equal(onym_span_from(name, head), tail);
}

static void
take_variable(const struct onym_config_work *work, const char *variable)
{
    const struct onym_config_origin origin = {.kind = ONYM_CONFIG_ENVIRONMENT};
    char known[ONYM_CONFIG_KEYS_MAX][ONYM_CONFIG_VARIABLE_MAX];
    char shown[ONYM_CONFIG_QUOTED_MAX];
    size_t len = strcspn(variable, "=");
    onym_span name = onym_span_of(variable, len);
    struct onym_config_suggest s = onym_config_suggest_for(name);
    bool ours = false;

    if (strncmp(variable, prefix, sizeof prefix - 1) != 0 || variable[len] == 0) {
        return;
    }
    for (size_t i = 1; i < len; i++) {
        ours = ours || (name.at[i] == '_' && name.at[i - 1] == '_');
    }
    for (size_t i = 0; i < onym_config_key_count(); i++) {
        onym_config_variable(onym_config_key_at(i), known[i]);
        if (onym_span_equal(name, onym_span_text(known[i]))) {
            onym_config_assign_text(work, i, onym_span_text(variable + len + 1), origin);
            return;
        }
        if (lacks_underscore(name, known[i])) {
            ours = true;
            onym_config_suggest_take(&s, known[i], 0);
        }
        onym_config_suggest_try(&s, known[i]);
    }
    if (ours) {
        onym_config_quote(name, shown);
        onym_config_report_add(work->report, origin, "", "%s is no variable of a key%s%s%s", shown,
                               s.best != NULL ? "; did you mean " : "",
                               s.best != NULL ? s.best : "", s.best != NULL ? "?" : "");
    }
}

static void
take_override(const struct onym_config_work *work, const char *text)
{
    const struct onym_config_origin origin = {.kind = ONYM_CONFIG_COMMAND_LINE};
    size_t len = strcspn(text, "=");
    onym_span name = onym_span_of(text, len);
    struct onym_config_suggest s = onym_config_suggest_for(name);
    char shown[ONYM_CONFIG_QUOTED_MAX];
    size_t key = onym_config_key_find(name);

    if (text[len] == 0) {
        onym_config_quote(name, shown);
        onym_config_report_add(work->report, origin, "", "%s has no value; expected key=value",
                               shown);
        return;
    }
    if (key < onym_config_key_count()) {
        onym_config_assign_text(work, key, onym_span_text(text + len + 1), origin);
        return;
    }
    for (size_t i = 0; i < onym_config_key_count(); i++) {
        onym_config_suggest_try(&s, onym_config_key_at(i)->name);
    }
    onym_config_quote(name, shown);
    onym_config_report_add(work->report, origin, "", "%s is no key%s%s%s", shown,
                           s.best != NULL ? "; did you mean " : "", s.best != NULL ? s.best : "",
                           s.best != NULL ? "?" : "");
}

static enum onym_status
load(const struct onym_config_source *source, const struct onym_config_work *work)
{
    enum onym_status status = ONYM_OK;

    if (source->file != NULL) {
        status = onym_config_files_read(work, source->file);
    }
    if (status != ONYM_OK) {
        return status;
    }
    for (char *const *v = source->environment; v != NULL && *v != NULL; v++) {
        take_variable(work, *v);
    }
    for (char *const *o = source->overrides; o != NULL && *o != NULL; o++) {
        take_override(work, *o);
    }
    return ONYM_OK;
}

/* Starts from defaults and hands the result over if nothing was wrong with it. */
static enum onym_status
load_with(const struct onym_config_source *source, const char *name, onym_span bytes,
          struct onym_settings *out, struct onym_config_report *report)
{
    struct onym_settings *settings = calloc(1, sizeof *settings);
    const struct onym_config_work work = {.settings = settings, .report = report};
    enum onym_status status;

    if (settings == NULL) {
        return ONYM_NO_MEMORY;
    }
    report->error_count = 0;
    report->file_count = 0;
    set_defaults(&work);
    if (source != NULL) {
        status = load(source, &work);
    } else {
        status = onym_config_yaml_read(&work, onym_config_report_file(report, name), bytes);
    }
    if (status == ONYM_OK) {
        onym_config_check_listeners(&work);
        onym_config_check_control(&work);
        onym_config_check_tls(&work);
        status = report->error_count == 0 ? ONYM_OK : ONYM_INVALID;
    }
    if (status == ONYM_OK) {
        *out = *settings;
    }
    free(settings);
    return status;
}

enum onym_status
onym_config_load(const struct onym_config_source *source, struct onym_settings *out,
                 struct onym_config_report *report)
{
    return load_with(source, NULL, onym_span_of(NULL, 0), out, report);
}

enum onym_status
onym_config_load_bytes(const char *name, onym_span bytes, struct onym_settings *out,
                       struct onym_config_report *report)
{
    return load_with(NULL, name, bytes, out, report);
}
