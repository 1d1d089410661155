#include "tools/tls.h"

#include "config/load.h"
#include "tools/order.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

void
onym_tls_time(int64_t epoch_s, char out[ONYM_TLS_TIME_MAX])
{
    time_t at = (time_t)epoch_s;
    struct tm utc;

    if (gmtime_r(&at, &utc) == NULL ||
        strftime(out, ONYM_TLS_TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0) {
        (void)snprintf(out, ONYM_TLS_TIME_MAX, "?");
    }
}

struct onym_settings *
onym_tls_settings(const struct onym_cli *cli, const char *verb, int *code)
{
    struct onym_config_source source = {.file = cli->config, .environment = environ};
    struct onym_settings *settings = calloc(1, sizeof *settings);
    struct onym_config_report *report = calloc(1, sizeof *report);
    enum onym_status status = ONYM_NO_MEMORY;
    char line[ONYM_CONFIG_LINE_MAX];

    if (settings != NULL && report != NULL) {
        status = onym_config_load(&source, settings, report);
    }
    *code = ONYM_EXIT_DONE;
    if (status == ONYM_INVALID) {
        onym_config_error_line(report, 0, line);
        (void)fprintf(stderr, "onymctl %s: %s\n", verb, line);
        *code = ONYM_EXIT_USAGE;
    } else if (status != ONYM_OK) {
        (void)fprintf(stderr, "onymctl %s: %s\n", verb, onym_status_text(status));
        *code = ONYM_EXIT_SERVER;
    } else if (settings->tls_certificate[0] == '\0') {
        (void)fprintf(stderr,
                      "onymctl %s: TLS is off: tls.certificate_file is not set%s; onymctl init "
                      "makes a certificate\n",
                      verb, cli->config == NULL ? " (name the configuration with -c)" : "");
        *code = ONYM_EXIT_NEGATIVE;
    }
    free(report);
    if (*code != ONYM_EXIT_DONE) {
        free(settings);
        return NULL;
    }
    return settings;
}

const struct onym_command onym_commands_tls[] = {
    {.noun = "tls",
     .verb = "status",
     .usage = "[--connect HOST[:PORT]] [--ca FILE] [--soon DAYS]",
     .summary = "Show the certificate and how long it is valid",
     .help = "Reads the file that the configuration names (-c FILE), or asks a listener.\n"
             "\n"
             "      --connect HOST[:PORT]  shake hands with that listener (port 2642)\n"
             "      --ca FILE              authorities to verify it with, PEM\n"
             "      --soon DAYS            what is soon: 0 to 3650 days, 30 unless given\n"
             "\n"
             "Exit status: 0 valid; 1 it has ended, is not yet valid, ends soon, is not the\n"
             "one that the authorities lead to, or there is none; 2 usage, or errors of the\n"
             "configuration; 3 nothing listens there; 5 what listens speaks no TLS.\n"
             "\n"
             "Examples:\n"
             "  onymctl -c onymd.yaml tls status\n"
             "  onymctl tls status --connect 127.0.0.1 --ca tls/ca.crt --json\n",
     .run = onym_tls_run_status},
    {.noun = "tls",
     .verb = "trust",
     .usage = "",
     .summary = "Print what clients need to trust the node",
     .help = "The authority of the certificate that the configuration names (-c FILE), and\n"
             "the lines that make clients use it.\n"
             "\n"
             "Exit status: 0 printed; 1 there is no certificate, or it cannot be read; 2\n"
             "usage, or errors of the configuration; 5 out of memory.\n"
             "\n"
             "Examples:\n"
             "  onymctl -c onymd.yaml tls trust\n"
             "  onymctl -c onymd.yaml tls trust --json | jq -r .authority_file\n",
     .run = onym_tls_run_trust},
    {.noun = "tls",
     .verb = "reload",
     .usage = "",
     .summary = "Make the running node read its certificate again",
     .help = onym_order_tls_help,
     .run = onym_order_tls_reload},
    {.noun = NULL},
};
