#include "tools/id_resolve.h"

#include "tools/auth_client.h"
#include "tools/command_options.h"
#include "tools/dispatch.h"
#include "tools/id_print.h"
#include "tools/server_name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERB "resolve"
/* More on one line than anybody types; the lists are fixed arrays. */
#define SELECT_MAX 64U

const char onym_id_resolve_help[] =
    "Options (before or after ID):\n"
    "  -t, --type TYPE     values of this type; repeatable. A type ending in '.'\n"
    "                      stands for its family: HS_SITE. finds HS_SITE.6 too\n"
    "  -i, --index N       the value with this index; repeatable\n"
    "      --auth          ask for the answer of a primary\n"
    "      --private       values not public as well: needs an identity\n"
    "      --no-referral   \"not responsible\" instead of where to ask\n"
    "      --digest        let the server prove that it saw this very request\n"
    "      --tcp, +tcp     TCP only; default: UDP, then TCP\n"
    "      --udp, +udp     UDP only\n"
    "      --short, +short the data alone, one value a line\n"
    "      --as, --key, --secret-file\n"
    "                      who asks, for --private (over TCP); see onymctl id create\n"
    "      --ca FILE       over -s tls://HOST[:2642] and -s https://HOST[:8000]: the\n"
    "                      authority of the node's certificate (or ONYM_CA), PEM;\n"
    "                      --cert and --token-file as for onymctl id create\n"
    "With --json each ID gives one JSON object on one line.\n"
    "\n"
    "Exit status: 0 found; 1 not found, nothing selected, or to be asked\n"
    "elsewhere; 2 usage; 3 no answer; 4 authentication needed or refused;\n"
    "5 server error. Of several IDs the greatest counts.\n"
    "\n"
    "Examples:\n"
    "  onymctl resolve -s [::1]:2641 +tcp +short -t URL 88.300.15907/part-1\n"
    "  onymctl resolve -s https://node.example.cn --ca ca.crt 88.300.15907/part-1\n";

struct request {
    struct onym_client_query query;
    struct onym_cli_identity identity;
    enum onym_transport transport;
    bool brief;
    uint32_t indexes[SELECT_MAX];
    onym_span types[SELECT_MAX];
};

static int
add_index(struct request *r, const char *text)
{
    uint64_t index = 0;

    for (const char *at = text; *at != '\0'; at++) {
        if (*at < '0' || *at > '9' || index > UINT32_MAX) {
            index = 0;
            break;
        }
        index = index * 10 + (uint64_t)(*at - '0');
    }
    if (index == 0 || index > UINT32_MAX) {
        return onym_usage_error(VERB, "--index %s: give a number from 1 to 4294967295", text);
    }
    if (r->query.index_count == SELECT_MAX) {
        return onym_usage_error(VERB, "at most %u indexes at once", SELECT_MAX);
    }
    r->indexes[r->query.index_count++] = (uint32_t)index;
    return ONYM_EXIT_DONE;
}

static int
add_type(struct request *r, const char *text)
{
    if (text[0] == '\0' || strlen(text) > ONYM_CLIENT_TYPES_LEN_MAX / SELECT_MAX - 4) {
        return onym_usage_error(VERB, "--type: give a name of 1 to %u bytes",
                                ONYM_CLIENT_TYPES_LEN_MAX / SELECT_MAX - 4);
    }
    if (r->query.type_count == SELECT_MAX) {
        return onym_usage_error(VERB, "at most %u types at once", SELECT_MAX);
    }
    r->types[r->query.type_count++] = onym_span_text(text);
    return ONYM_EXIT_DONE;
}

static int
set_transport(struct request *r, enum onym_transport transport)
{
    if (r->transport != ONYM_TRANSPORT_ANY && r->transport != transport) {
        return onym_usage_error(VERB, "TCP only and UDP only exclude each other");
    }
    r->transport = transport;
    return ONYM_EXIT_DONE;
}

enum option_code {
    OPT_AUTH = 256,
    OPT_PRIVATE,
    OPT_NO_REFERRAL,
    OPT_DIGEST,
    OPT_TCP,
    OPT_UDP,
    OPT_SHORT
};

static int
take_option(void *of, int code, const char *argument)
{
    struct request *r = of;

    switch (code) {
    case 't':
        return add_type(r, argument);
    case 'i':
        return add_index(r, argument);
    case OPT_TCP:
        return set_transport(r, ONYM_TRANSPORT_TCP);
    case OPT_UDP:
        return set_transport(r, ONYM_TRANSPORT_UDP);
    case OPT_AUTH:
        r->query.authoritative = true;
        break;
    case OPT_PRIVATE:
        r->query.private_too = true;
        break;
    case OPT_NO_REFERRAL:
        r->query.no_referral = true;
        break;
    case OPT_DIGEST:
        r->query.request_digest = true;
        break;
    case OPT_SHORT:
        r->brief = true;
        break;
    default:
        (void)onym_cli_identity_option(&r->identity, code, argument);
        break;
    }
    return ONYM_EXIT_DONE;
}

static int
read_options(struct request *r, int argc, char **argv)
{
    static const struct option options[] = {{"type", required_argument, NULL, 't'},
                                            {"index", required_argument, NULL, 'i'},
                                            {"auth", no_argument, NULL, OPT_AUTH},
                                            {"private", no_argument, NULL, OPT_PRIVATE},
                                            {"no-referral", no_argument, NULL, OPT_NO_REFERRAL},
                                            {"digest", no_argument, NULL, OPT_DIGEST},
                                            {"tcp", no_argument, NULL, OPT_TCP},
                                            {"udp", no_argument, NULL, OPT_UDP},
                                            {"short", no_argument, NULL, OPT_SHORT},
                                            ONYM_IDENTITY_OPTIONS,
                                            {NULL, 0, NULL, 0}};
    const struct onym_command_options how = {
        .what = VERB, .brief = ":t:i:", .options = options, .take = take_option, .of = r};

    return onym_command_options_read(&how, argc, argv);
}

/* dig's way of writing options. *used is false for words that are identifiers. */
static int
read_plus(struct request *r, const char *word, bool *used)
{
    static const char *const known[] = {"+short", "+tcp", "+udp"};
    static const int code[] = {OPT_SHORT, OPT_TCP, OPT_UDP};
    const char *near;

    *used = word[0] == '+' && strchr(word, '/') == NULL;
    if (!*used) {
        return ONYM_EXIT_DONE;
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(word, known[i]) == 0) {
            return take_option(r, code[i], NULL);
        }
    }
    near = onym_suggest(word, known, sizeof known / sizeof known[0]);
    return near != NULL
               ? onym_usage_error(VERB, "unknown option %s; did you mean %s?", word, near)
               : onym_usage_error(VERB, "unknown option %s; known are +short, +tcp, +udp", word);
}

/* Leaves the identifiers in argv[0..*count). */
static int
read_words(struct request *r, char **argv, int *count)
{
    int kept = 0;

    for (int i = 0; i < *count; i++) {
        bool used;
        int code = read_plus(r, argv[i], &used);

        if (code != ONYM_EXIT_DONE) {
            return code;
        }
        if (used) {
            continue;
        }
        if (argv[i][0] == '\0' || strlen(argv[i]) > ONYM_NAME_LEN_MAX) {
            return onym_usage_error(VERB, "an identifier has 1 to %u bytes, this one %zu",
                                    ONYM_NAME_LEN_MAX, strlen(argv[i]));
        }
        argv[kept++] = argv[i];
    }
    *count = kept;
    return kept > 0 ? ONYM_EXIT_DONE
                    : onym_usage_error(VERB, "name an identifier, for example 88.300.15907/part-1");
}

static int
ask(const struct onym_cli *cli, const struct request *r, struct onym_cli_client *c)
{
    char place[ONYM_CLI_PLACE_MAX];
    const char *over;
    struct onym_client_result result;
    enum onym_status printed = ONYM_OK;

    onym_cli_client_resolve(c, &r->query, &result);
    if (cli->json) {
        printed = onym_id_print_json(stdout, r->query.name, &result);
    } else if (r->brief) {
        onym_id_print_short(stdout, &result);
    } else {
        over = onym_cli_client_place(c, &result, place);
        onym_id_print_block(stdout, &r->query, &result, over, place, cli->color);
    }
    if (printed != ONYM_OK) {
        (void)fprintf(stderr, "onymctl resolve: %s\n", onym_status_text(printed));
        return ONYM_EXIT_SERVER;
    }
    /* with +short nothing on stdout says why there is nothing */
    if (r->brief && !cli->json && !cli->quiet && result.status != ONYM_OK) {
        (void)fprintf(stderr, "onymctl resolve: %s: %s\n", (const char *)r->query.name.at,
                      result.detail);
    }
    return onym_id_exit_code(&result);
}

/* Only private values need to know who asks; public ones are for everybody. */
static int
check_identity(const struct request *r)
{
    const struct onym_cli_identity *who = &r->identity;

    return r->query.private_too ||
                   (who->as == NULL && who->key == NULL && who->secret_file == NULL &&
                    who->token_file == NULL && who->cert == NULL)
               ? ONYM_EXIT_DONE
               : onym_usage_error(VERB, "an identity is for values that are not public: add "
                                        "--private");
}

static void
warn_nobody(const struct onym_cli *cli, struct request *r)
{
    onym_cli_identity_complete(&r->identity);
    if (r->identity.as == NULL && !cli->quiet &&
        onym_server_road(cli->server) == ONYM_ROAD_HANDLE) {
        (void)fprintf(stderr, "onymctl resolve: nobody is named with --as: over UDP only values "
                              "for everybody come back\n");
    }
}

static const char only_handle[] = "--tcp and --udp are for the Handle protocol";
static const char no_digest[] = "--digest is for the Handle protocol";

static int
ask_all(const struct onym_cli *cli, struct request *r, int count, char **names)
{
    struct onym_cli_reach how = {.transport = r->transport,
                                 .is_query = true,
                                 .is_public = !r->query.private_too,
                                 .no_https = r->transport != ONYM_TRANSPORT_ANY ? only_handle
                                             : r->query.request_digest          ? no_digest
                                                                                : NULL};
    struct onym_cli_client c;
    int worst = check_identity(r);

    if (worst == ONYM_EXIT_DONE && r->transport == ONYM_TRANSPORT_UDP &&
        onym_server_road(cli->server) == ONYM_ROAD_TLS) {
        return onym_usage_error(VERB, "--udp: TLS goes over TCP");
    }
    if (worst != ONYM_EXIT_DONE) {
        return worst;
    }
    if (r->query.private_too) {
        warn_nobody(cli, r);
    }
    worst = onym_cli_client_reach(cli, &r->identity, VERB, &how, &c);
    if (worst != ONYM_EXIT_DONE) {
        return worst;
    }
    r->query.indexes = r->indexes;
    r->query.types = r->types;
    for (int i = 0; i < count; i++) {
        int code;

        if (i > 0 && !r->brief && !cli->json) {
            (void)putchar('\n');
        }
        r->query.name = onym_span_text(names[i]);
        code = ask(cli, r, &c);
        worst = code > worst ? code : worst;
    }
    onym_cli_client_close(&c);
    return worst;
}

int
onym_id_resolve(const struct onym_cli *cli, int argc, char **argv)
{
    struct request r = {.transport = ONYM_TRANSPORT_ANY};
    int count;
    int code = read_options(&r, argc, argv);

    if (code == ONYM_EXIT_DONE) {
        count = argc - optind;
        code = read_words(&r, argv + optind, &count);
    }
    return code == ONYM_EXIT_DONE ? ask_all(cli, &r, count, argv + optind) : code;
}
