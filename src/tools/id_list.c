#include "tools/id_list.h"

#include "tools/command_options.h"
#include "tools/id_change_print.h"
#include "tools/id_change_values.h"
#include "tools/text.h"

#include <string.h>

#define WHAT "id list"

const char onym_id_list_help[] =
    "Lists the identifiers registered under a prefix, one a line, as they come;\n"
    "with --json one object. --timeout bounds the wait for each part of the list.\n"
    "\n" ONYM_LIMIT_HELP "\n" ONYM_IDENTITY_HELP ONYM_IDENTITY_ROAD_HELP "\n"
    "Exit status: 0 the list is complete, or as long as --limit says; 1 not served\n"
    "here; 2 usage; 3 no answer, the list so far is not complete; 4 authentication\n"
    "or permission; 5 server error; 6 the key file may be read by others.\n"
    "\n"
    "Examples:\n"
    "  onymctl id list 88.300.15907 --as 300:0.NA/88.300.15907 --key a.pem\n"
    "  onymctl --json id list 0.NA/88.300.15907 --limit 100\n";

struct printing {
    const char *member; /* of the JSON object; NULL: text */
    uint32_t limit;     /* 0: none */
    uint64_t count;     /* printed */
    bool more;          /* than limit */
};

static bool
print_name(void *of, onym_span name)
{
    struct printing *p = of;

    if (p->limit > 0 && p->count == p->limit) {
        p->more = true;
        return false;
    }
    if (p->member == NULL) {
        onym_text_print(stdout, name);
        (void)putchar('\n');
    } else {
        if (p->count > 0) {
            (void)putchar(',');
        }
        onym_told_json_string(stdout, name);
    }
    p->count++;
    return ferror(stdout) == 0;
}

int
onym_list_print(const struct onym_cli *cli, const struct onym_cli_identity *identity,
                const char *what, onym_span prefix, uint32_t limit)
{
    struct printing p = {.limit = limit};
    struct onym_client_listing listing = {.prefix = prefix, .each = print_name, .of = &p};
    struct onym_told_change told = {.what = what, .name = prefix};
    struct onym_client_result result;
    struct onym_cli_client c;
    int code = onym_cli_client_open(cli, identity, what, &c);

    if (code != ONYM_EXIT_DONE) {
        return code;
    }
    if (cli->json) {
        p.member = prefix.len > 0 ? "handles" : "prefixes";
        (void)putchar('{');
        if (prefix.len > 0) {
            (void)fputs("\"prefix\":", stdout);
            onym_told_json_string(stdout, prefix);
            (void)putchar(',');
        }
        (void)printf("\"%s\":[", p.member);
    }
    onym_cli_client_list(&c, &listing, &result);
    if (cli->json) {
        (void)fputs(p.more ? "],\"more\":true," : "],", stdout);
        onym_told_json_end(stdout, &told, &result);
        (void)puts("}");
    } else if (result.status != ONYM_OK) {
        onym_told_failure(&told, &c, &result);
        if (result.listed > 0) {
            (void)fprintf(stderr, "  the list is not complete: %llu %s so far\n",
                          (unsigned long long)result.listed,
                          onym_word_of(result.listed, "name", "names"));
        }
    } else if (p.more && !cli->quiet) {
        (void)fprintf(stderr, "onymctl %s: ended after %lu %s, there are more\n", what,
                      (unsigned long)limit, onym_word_of(limit, "name", "names"));
    } else if (result.listed == 0 && !cli->quiet) {
        (void)fprintf(stderr, "onymctl %s: nothing is registered there\n", what);
    }
    onym_cli_client_close(&c);
    return onym_told_exit_code(&result);
}

struct list_words {
    struct onym_cli_identity *identity;
    uint32_t *limit; /* NULL: not of this command */
    const char *what;
};

static int
take_option(void *of, int code, const char *argument)
{
    const struct list_words *w = of;

    if (code != 'n') {
        (void)onym_cli_identity_option(w->identity, code, argument);
        return ONYM_EXIT_DONE;
    }
    if (w->limit == NULL) {
        return ONYM_OPTION_UNKNOWN;
    }
    return onym_value_words_number(argument, INT32_MAX, w->limit)
               ? ONYM_EXIT_DONE
               : onym_usage_error(w->what, "--limit %s: give a number from 1 to %d", argument,
                                  INT32_MAX);
}

int
onym_list_options(struct onym_cli_identity *identity, uint32_t *limit, const char *what, int argc,
                  char **argv)
{
    static const struct option options[] = {
        {"limit", required_argument, NULL, 'n'}, ONYM_IDENTITY_OPTIONS, {NULL, 0, NULL, 0}};
    struct list_words words = {.identity = identity, .limit = limit, .what = what};
    const struct onym_command_options how = {
        .what = what, .brief = ":n:", .options = options, .take = take_option, .of = &words};

    return onym_command_options_read(&how, argc, argv);
}

int
onym_id_list(const struct onym_cli *cli, int argc, char **argv)
{
    struct onym_cli_identity identity = {.as = NULL};
    uint32_t limit = 0;
    int code = onym_list_options(&identity, &limit, WHAT, argc, argv);

    if (code != ONYM_EXIT_DONE) {
        return code;
    }
    if (argc - optind != 1 || argv[optind][0] == '\0' ||
        strlen(argv[optind]) > ONYM_NAME_LEN_MAX - 5U) {
        return onym_usage_error(WHAT, "name one prefix, for example 88.300.15907");
    }
    return onym_list_print(cli, &identity, WHAT, onym_span_text(argv[optind]), limit);
}
