#include "server/args.h"

#include "base/options.h"
#include "version.h"

#include <stdio.h>
#include <string.h>

static const char help[] =
    "Usage: onymd [-c FILE] [--set SECTION.KEY=VALUE]... [--check-config]\n"
    "\n"
    "Resolves and registers identifiers over the Handle protocol (UDP, TCP and,\n"
    "with a certificate, TLS) and over HTTPS with JSON. Without a configuration\n"
    "it listens on loopback and keeps its data in ./onym-data.\n"
    "\n"
    "  -c, --config FILE     read FILE and the *.yaml of conf.d beside it\n"
    "      --set KEY=VALUE   set one key, for example listen.ops=127.0.0.1:9642\n"
    "      --check-config    report all errors of the configuration, and of the\n"
    "                        certificates and keys it names, and exit\n"
    "  -h, --help            print this and exit\n"
    "  -V, --version         print the version and exit\n"
    "\n"
    "Signals: TERM, INT stop (twice: at once); HUP reloads; USR1 logs a summary.\n"
    "Exit codes: 0 stopped, 1 failed, 78 configuration invalid.\n"
    "\n"
    "Examples:\n"
    "  onymd --set storage.dir=/var/lib/onym\n"
    "  onymd -c onymd.yaml --check-config\n";

int
onym_args_parse(int argc, char **argv, struct onym_args *out)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"set", required_argument, NULL, 's'},
        {"check-config", no_argument, NULL, 'k'}, {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},      {NULL, 0, NULL, 0}};
    int overrides = 0;
    int c;

    memset(out, 0, sizeof *out);
    while ((c = onym_option_next(argc, argv, "c:hV", options, NULL)) != -1) {
        if (c == 'c') {
            out->config = optarg;
        } else if (c == 's' && overrides < ONYM_OVERRIDES_MAX) {
            out->overrides[overrides++] = optarg;
        } else if (c == 's') {
            (void)fprintf(stderr, "onymd: more than %d --set; put them into a file\n",
                          ONYM_OVERRIDES_MAX);
            return ONYM_DAEMON_CONFIG;
        } else if (c == 'k') {
            out->check_config = true;
        } else if (c == 'h') {
            (void)fputs(help, stdout);
            return ONYM_DAEMON_STOPPED;
        } else if (c == 'V') {
            (void)printf("onymd %s (%s)\n", ONYM_BUILD_VERSION, ONYM_REVISION);
            return ONYM_DAEMON_STOPPED;
        } else {
            (void)fputs("onymd: see onymd --help\n", stderr);
            return ONYM_DAEMON_CONFIG;
        }
    }
    if (optind < argc) {
        (void)fprintf(stderr, "onymd: unexpected argument %s; a configuration is named with -c\n",
                      argv[optind]);
        return ONYM_DAEMON_CONFIG;
    }
    return -1;
}
