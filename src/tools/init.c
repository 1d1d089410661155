#include "tools/init.h"

#include "base/options.h"
#include "config/load.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const state_name[] = {[ONYM_INIT_KEPT] = "kept",
                                         [ONYM_INIT_MADE] = "made",
                                         [ONYM_INIT_RENEWED] = "renewed",
                                         [ONYM_INIT_ABSENT] = "not here"};

/* Options, then the file they name. */
static int
parse(int argc, char **argv, struct onym_init_answers *out, bool *from_file)
{
    static const struct option options[] = {
        {"dir", required_argument, NULL, 'd'},     {"name", required_argument, NULL, 'n'},
        {"host", required_argument, NULL, 'h'},    {"days", required_argument, NULL, 'D'},
        {"answers", required_argument, NULL, 'a'}, {"yes", no_argument, NULL, 'y'},
        {"renew", no_argument, NULL, 'r'},         {NULL, 0, NULL, 0}};
    struct onym_fault fault = {0};
    const char *file = NULL;
    int index = 0;
    int option;

    optind = 0;
    opterr = 0;
    while ((option = onym_option_next(argc, argv, "", options, &index)) != -1) {
        if (option == 'a') {
            file = optarg;
        } else if (option == 'y') {
            out->yes = true;
        } else if (option == 'r') {
            out->renew = true;
        } else if (option == '?') {
            return onym_usage_error("init",
                                    "unknown or incomplete option %s; see onymctl init --help",
                                    argv[optind - 1]);
        } else if (onym_init_answer(out, options[index].name, optarg, &fault) != ONYM_OK) {
            return onym_usage_error("init", "%s", fault.text);
        }
    }
    if (optind < argc) {
        return onym_usage_error("init", "unexpected argument %s; a folder is named with --dir",
                                argv[optind]);
    }
    if (file != NULL && onym_init_read(out, file, &fault) != ONYM_OK) {
        return onym_usage_error("init", "%s", fault.text);
    }
    *from_file = file != NULL;
    return ONYM_EXIT_DONE;
}

/* A configuration that was there before may know nothing of the certificate. */
static void
look_at_config(struct onym_init_result *r)
{
    struct onym_config_source source = {.file = r->file[ONYM_INIT_CONFIG].path};
    struct onym_settings *settings = calloc(1, sizeof *settings);
    struct onym_config_report *report = calloc(1, sizeof *report);

    if (settings != NULL && report != NULL) {
        r->config_without_tls = onym_config_load(&source, settings, report) != ONYM_OK ||
                                settings->tls_certificate[0] == '\0';
    }
    free(settings);
    free(report);
}

static bool
is_changed(const struct onym_init_result *r)
{
    for (size_t i = 0; i < ONYM_INIT_FILES; i++) {
        if (r->file[i].state == ONYM_INIT_MADE || r->file[i].state == ONYM_INIT_RENEWED) {
            return true;
        }
    }
    return false;
}

static void
print_json(const struct onym_init_result *r)
{
    json_t *root = json_object();
    json_t *files = json_array();

    for (size_t i = 0; i < ONYM_INIT_FILES; i++) {
        (void)json_array_append_new(files, json_pack("{s:s, s:s, s:s}", "role", r->file[i].role,
                                                     "path", r->file[i].path, "state",
                                                     state_name[r->file[i].state]));
    }
    (void)json_object_set_new(root, "changed", json_boolean(is_changed(r)));
    (void)json_object_set_new(root, "files", files);
    (void)json_object_set_new(root, "uncovered",
                              r->uncovered != NULL ? json_string(r->uncovered) : json_null());
    (void)json_object_set_new(root, "config_without_tls", json_boolean(r->config_without_tls));
    (void)json_dumpf(root, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
    (void)putchar('\n');
    json_decref(root);
}

static void
print_text(const struct onym_init_result *r)
{
    const char *config = r->file[ONYM_INIT_CONFIG].path;

    for (size_t i = 0; i < ONYM_INIT_FILES; i++) {
        (void)printf("%-8s  %-15s  %s\n", state_name[r->file[i].state], r->file[i].role,
                     r->file[i].path);
    }
    if (!is_changed(r)) {
        (void)printf("\nNothing was changed: everything is there already.\n");
    }
    if (r->file[ONYM_INIT_CA_KEY].state == ONYM_INIT_ABSENT &&
        r->file[ONYM_INIT_CA].state == ONYM_INIT_KEPT) {
        (void)printf("ca.key is kept elsewhere; only --renew needs it.\n");
    }
    if (r->config_without_tls) {
        (void)printf("\nThe configuration names no certificate. For TLS, add to it:\n\n"
                     "tls:\n  certificate_file: \"%s\"\n  key_file: \"%s\"\n",
                     r->file[ONYM_INIT_CERTIFICATE].path, r->file[ONYM_INIT_KEY].path);
    }
    (void)printf("\nNext:\n  onymd -c %s\n  onymctl -c %s tls status\n  onymctl -c %s tls trust\n",
                 config, config, config);
    if (r->file[ONYM_INIT_CERTIFICATE].state == ONYM_INIT_RENEWED) {
        (void)printf("A running node takes the new certificate over with:\n"
                     "  onymctl -c %s tls reload\n",
                     config);
    }
}

static int
run_init(const struct onym_cli *cli, int argc, char **argv)
{
    struct onym_init_answers *answers = calloc(1, sizeof *answers);
    struct onym_init_result *result = calloc(1, sizeof *result);
    struct onym_fault fault = {0};
    bool from_file = false;
    int code = ONYM_EXIT_SERVER;

    if (answers == NULL || result == NULL) {
        (void)fputs("onymctl init: out of memory\n", stderr);
        goto out;
    }
    (void)snprintf(answers->dir, sizeof answers->dir, ".");
    (void)snprintf(answers->name, sizeof answers->name, "node-a");
    answers->days = ONYM_INIT_DAYS;
    code = parse(argc, argv, answers, &from_file);
    if (code != ONYM_EXIT_DONE) {
        goto out;
    }
    if (!answers->yes && !from_file && isatty(STDIN_FILENO) != 0 && !onym_init_ask(answers)) {
        (void)fputs("onymctl init: nothing was made\n", stderr);
        code = ONYM_EXIT_NEGATIVE;
        goto out;
    }
    if (onym_init_make(answers, result, &fault) != ONYM_OK) {
        (void)fprintf(stderr, "onymctl init: %s\n", fault.text);
        code = fault.status == ONYM_IN_USE ? ONYM_EXIT_REFUSED : ONYM_EXIT_SERVER;
        goto out;
    }
    if (result->file[ONYM_INIT_CONFIG].state == ONYM_INIT_KEPT) {
        look_at_config(result);
    }
    if (cli->json) {
        print_json(result);
    } else if (!cli->quiet) {
        print_text(result);
    }
    if (result->uncovered != NULL) {
        (void)fprintf(stderr,
                      "onymctl init: the certificate is not for %s; with --renew and every --host "
                      "it should be for%s, a new one is made\n",
                      result->uncovered,
                      result->file[ONYM_INIT_CA_KEY].state == ONYM_INIT_ABSENT
                          ? ", and ca.key back in its place"
                          : "");
        code = ONYM_EXIT_NEGATIVE;
    }
out:
    free(answers);
    free(result);
    return code;
}

const struct onym_command onym_commands_node[] = {
    {.noun = "node",
     .verb = "init",
     .top_level = true,
     .usage = "[--dir DIR] [--name NAME] [--host HOST]... [OPTIONS]",
     .summary = "Make keys, certificates and a configuration",
     .help = "Makes a private authority, a server certificate and onymd.yaml in a folder.\n"
             "What is there already is kept; a second run changes nothing. On a terminal it\n"
             "asks for what is not given; otherwise the defaults hold.\n"
             "\n"
             "      --dir DIR       the folder (the current one); made when it is not there\n"
             "      --name NAME     name of the node (node-a)\n"
             "      --host HOST     a name or IP address by which clients reach it, several\n"
             "                      times if there are several; loopback is always included\n"
             "      --days N        how long the certificate is valid, 1 to 3650 (825)\n"
             "      --renew         make a new server certificate from the authority\n"
             "      --answers FILE  lines such as host = resolver.example.cn; options win\n"
             "      --yes           ask nothing\n"
             "\n"
             "Exit status: 0 everything is there; 1 the kept certificate is not for a --host,\n"
             "or a question was answered with no; 2 usage; 5 a file cannot be written; 6 a\n"
             "file is there without the one it belongs to, or is needed and kept elsewhere.\n"
             "\n"
             "Examples:\n"
             "  onymctl init --dir /etc/onym --name node-a --host 192.0.2.7 --yes\n"
             "  onymctl init --dir /etc/onym --name node-a --host 192.0.2.7 --renew --yes\n",
     .run = run_init},
    {.noun = NULL},
};
