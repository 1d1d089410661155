#include "keyring/keyring.h"
#include "server/args.h"
#include "server/compose.h"
#include "store/damage.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LOG_FLUSH_MS 2000U

static int
print_config_errors(const struct onym_config_report *report, enum onym_status status)
{
    char line[ONYM_CONFIG_LINE_MAX];

    if (report->error_count == 0) {
        (void)fprintf(stderr, "onymd: the configuration cannot be read: %s\n",
                      onym_status_text(status));
        return ONYM_DAEMON_FAILED;
    }
    for (size_t i = 0; i < report->error_count && i < ONYM_CONFIG_ERRORS_MAX; i++) {
        onym_config_error_line(report, i, line);
        (void)fprintf(stderr, "%s\n", line);
    }
    if (report->error_count > ONYM_CONFIG_ERRORS_MAX) {
        (void)fprintf(stderr, "and %zu more\n", report->error_count - ONYM_CONFIG_ERRORS_MAX);
    }
    return ONYM_DAEMON_CONFIG;
}

static int
serve(const struct onym_settings *settings, const struct onym_config_source *source)
{
    struct onym_log_options options = {.fd = STDERR_FILENO,
                                       .level = settings->log_level,
                                       .format = settings->log_format,
                                       .color = getenv("NO_COLOR") == NULL};
    struct onym_fault fault = {0};
    struct onym_log *log = NULL;
    enum onym_status status = onym_log_open(&options, &log);

    if (status != ONYM_OK) {
        (void)fprintf(stderr, "onymd: the log cannot start: %s\n", onym_status_text(status));
        return ONYM_DAEMON_FAILED;
    }
    status = onym_serve(settings, source, log, &fault);
    (void)onym_log_close(log, LOG_FLUSH_MS);
    if (status != ONYM_OK) {
        (void)fprintf(stderr, "onymd: %s\n", fault.text);
        return ONYM_DAEMON_FAILED;
    }
    return ONYM_DAEMON_STOPPED;
}

int
main(int argc, char **argv)
{
    struct onym_config_report *report = calloc(1, sizeof *report);
    struct onym_settings *settings = calloc(1, sizeof *settings);
    struct onym_config_source source;
    struct onym_args args;
    int code;

    (void)signal(SIGXFSZ, SIG_IGN); /* beyond ulimit -f a write fails, like one to a full disk */
    code = onym_args_parse(argc, argv, &args);
    if (code < 0 && (report == NULL || settings == NULL)) {
        (void)fputs("onymd: out of memory\n", stderr);
        code = ONYM_DAEMON_FAILED;
    }
    if (code < 0) {
        source = (struct onym_config_source){
            .file = args.config, .environment = environ, .overrides = args.overrides};
        enum onym_status status = onym_config_load(&source, settings, report);

        if (status == ONYM_OK && args.check_config) {
            status = onym_keyring_check(settings, report);
        }
        if (status != ONYM_OK) {
            code = print_config_errors(report, status);
        } else if (args.check_config) {
            (void)puts("configuration valid");
            code = ONYM_DAEMON_STOPPED;
        } else {
            onym_damage_explain();
            code = serve(settings, &source);
        }
    }
    free(report);
    free(settings);
    return code;
}
