#include "base/options.h"
#include "keyring/keyring.h"
#include "tools/conf_here.h"
#include "tools/conf_print.h"
#include "tools/order.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FILE_HELP                                                                                  \
    "Without FILE the one of -c is read; without either there are only defaults and\n"             \
    "the variables ONYM_SECTION__KEY. The *.yaml of conf.d beside FILE are merged in\n"            \
    "name order.\n"

static const struct option no_options[] = {{NULL, 0, NULL, 0}};

static int
bad_option(const char *verb, char **argv)
{
    return onym_usage_error(verb, "unknown or incomplete option %s; see onymctl %s --help",
                            argv[optind - 1], verb);
}

/* Loads what check and show look at, to be freed; whether it is valid stands in it. With files the
 * certificates and keys that it names are read as well. NULL, with an exit code in *code, when the
 * command line is wrong or memory is short. */
static struct onym_conf_loaded *
load(const struct onym_cli *cli, const char *verb, bool files, int argc, char **argv, int *code)
{
    struct onym_config_source source = {.file = cli->config, .environment = environ};
    struct onym_conf_loaded *loaded;
    enum onym_status status = ONYM_NO_MEMORY;

    if (argc - optind > 1) {
        *code = onym_usage_error(verb, "one FILE at most; conf.d beside it is read as well");
        return NULL;
    }
    if (optind < argc) {
        source.file = argv[optind];
    }
    loaded = calloc(1, sizeof *loaded);
    if (loaded != NULL) {
        status = onym_config_load(&source, &loaded->settings, &loaded->report);
        if (status == ONYM_OK && files) {
            status = onym_keyring_check(&loaded->settings, &loaded->report);
        }
        loaded->valid = status == ONYM_OK;
    }
    if (status == ONYM_OK || status == ONYM_INVALID) {
        *code = status == ONYM_OK ? ONYM_EXIT_DONE : ONYM_EXIT_NEGATIVE;
        return loaded;
    }
    (void)fprintf(stderr, "onymctl %s: %s\n", verb, onym_status_text(status));
    *code = ONYM_EXIT_SERVER;
    free(loaded);
    return NULL;
}

/* ---- check ---- */

static void
add_here(void *of, const char *key, const char *text)
{
    (void)json_array_append_new(of, json_pack("{s:s,s:s}", "key", key, "text", text));
}

static void
print_here(void *of, const char *key, const char *text)
{
    (void)of;
    (void)fprintf(stderr, "%s: %s\n", key, text);
}

/* What is in the way on this machine; the exit code. */
static int
check_here(const struct onym_cli *cli, const struct onym_conf_loaded *loaded, json_t *found)
{
    struct onym_conf_here here = {.each = cli->json ? add_here : print_here, .of = found};
    size_t count = onym_conf_here(&loaded->settings, &here);

    if (here.runs && !cli->json && !cli->quiet) {
        (void)printf("not checked: the addresses, which the node that runs in %s has taken\n",
                     loaded->settings.data_dir);
    }
    return count == 0 ? ONYM_EXIT_DONE : ONYM_EXIT_NEGATIVE;
}

static int
run_check(const struct onym_cli *cli, int argc, char **argv)
{
    static const struct option options[] = {{"here", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    struct onym_conf_loaded *loaded;
    json_t *found = NULL;
    bool here = false;
    int option;
    int code;

    optind = 0;
    opterr = 0;
    while ((option = onym_option_next(argc, argv, "", options, NULL)) != -1) {
        if (option != 'h') {
            return bad_option("conf check", argv);
        }
        here = true;
    }
    loaded = load(cli, "conf check", true, argc, argv, &code);
    if (loaded == NULL) {
        return code;
    }
    if (!cli->json && !loaded->valid) {
        onym_conf_print_errors(&loaded->report);
    } else if (!cli->json && !cli->quiet) {
        onym_conf_print_valid(&loaded->report);
    }
    if (loaded->valid && here) {
        found = json_array();
        code = check_here(cli, loaded, found);
    } else if (loaded->valid && !cli->json && !cli->quiet) {
        (void)puts("not checked: whether the addresses are free and storage.dir can be used "
                   "(--here does)");
    }
    if (cli->json) {
        onym_conf_print_check_json(loaded, found);
    } else {
        json_decref(found);
    }
    free(loaded);
    return code;
}

static int
run_show(const struct onym_cli *cli, int argc, char **argv)
{
    static const struct option options[] = {{"effective", no_argument, NULL, 'e'},
                                            {"origin", no_argument, NULL, 'o'},
                                            {NULL, 0, NULL, 0}};
    struct onym_conf_loaded *loaded;
    struct onym_conf_show show = {.all = false};
    int option;
    int code;

    optind = 0;
    opterr = 0;
    while ((option = onym_option_next(argc, argv, "", options, NULL)) != -1) {
        if (option == 'e') {
            show.all = true;
        } else if (option == 'o') {
            show.origin = true;
        } else {
            return bad_option("conf show", argv);
        }
    }
    loaded = load(cli, "conf show", false, argc, argv, &code);
    if (loaded == NULL) {
        return code;
    }
    if (!loaded->valid) {
        onym_conf_print_errors(&loaded->report);
    } else if (cli->json) {
        onym_conf_print_json(loaded, show);
    } else {
        onym_conf_print_yaml(loaded, show);
    }
    free(loaded);
    return code;
}

static int
run_schema(const struct onym_cli *cli, int argc, char **argv)
{

    const struct onym_config_source nothing = {.file = NULL};
    struct onym_conf_loaded *loaded;
    enum onym_status status = ONYM_NO_MEMORY;

    (void)cli;
    optind = 0;
    opterr = 0;
    if (onym_option_next(argc, argv, "", no_options, NULL) != -1) {
        return bad_option("conf schema", argv);
    }
    if (optind < argc) {
        return onym_usage_error("conf schema", "takes no argument");
    }
    loaded = calloc(1, sizeof *loaded);
    if (loaded != NULL) {
        status = onym_config_load(&nothing, &loaded->settings, &loaded->report);
    }
    if (status == ONYM_OK) {
        onym_conf_print_schema(&loaded->settings);
    } else {
        (void)fprintf(stderr, "onymctl conf schema: %s\n", onym_status_text(status));
    }
    free(loaded);
    return status == ONYM_OK ? ONYM_EXIT_DONE : ONYM_EXIT_SERVER;
}

const struct onym_command onym_commands_conf[] = {
    {.noun = "conf",
     .verb = "check",
     .usage = "[--here] [FILE]",
     .summary = "Report all errors of a configuration",
     .help = FILE_HELP
     "The files of tls and site.key_file are read as a start of the node reads them:\n"
     "run this as its account and in its working directory.\n"
     "\n"
     "      --here            also say what a start on this machine would meet:\n"
     "                        addresses that are taken, a directory that cannot be\n"
     "                        used. The store itself: onymctl check.\n"
     "\n"
     "Errors go to stderr, with --json to stdout.\n"
     "\n"
     "Exit status: 0 a node would take it; 1 there are errors; 2 usage; 5 out of\n"
     "memory.\n"
     "\n"
     "Examples:\n"
     "  onymctl conf check onymd.yaml\n"
     "  onymctl -c onymd.yaml conf check --json\n",
     .run = run_check},
    {.noun = "conf",
     .verb = "show",
     .usage = "[--effective] [--origin] [FILE]",
     .summary = "Show what is set, as YAML or JSON",
     .help = FILE_HELP
     "Keys that only have their default are left out unless asked for. The output\n"
     "can be used as a configuration, except JSON with origins.\n"
     "\n"
     "      --effective       all keys, defaults included\n"
     "      --origin          say which file and line, variable or default\n"
     "\n"
     "Exit status: 0 shown; 1 the configuration has errors; 2 usage; 5 out of memory.\n"
     "\n"
     "Examples:\n"
     "  onymctl conf show --effective --origin onymd.yaml\n"
     "  ONYM_LOG__LEVEL=debug onymctl -c onymd.yaml conf show --json\n",
     .run = run_show},
    {.noun = "conf",
     .verb = "schema",
     .usage = "",
     .summary = "Print the JSON Schema of the configuration",
     .help = "For editors that complete and check YAML, and for tools that write it.\n"
             "\n"
             "Exit status: 0 printed; 2 usage; 5 out of memory.\n"
             "\n"
             "Examples:\n"
             "  onymctl conf schema > onymd.schema.json\n"
             "  onymctl conf schema | jq '.properties.log'\n",
     .run = run_schema},
    {.noun = "conf",
     .verb = "reload",
     .usage = "",
     .summary = "Make the running node read its configuration again",
     .help = onym_order_conf_help,
     .run = onym_order_conf_reload},
    {.noun = NULL},
};
