#include "tools/auth.h"

#include "client/login.h"
#include "tools/id_change_print.h"
#include "tools/id_list.h"
#include "tools/text.h"

#include <poll.h>

#define WHAT "auth challenge"

const char onym_auth_challenge_help[] =
    "Asks the node to log in, which changes nothing, and shows the challenge it\n"
    "sends. With an identity the challenge is answered, and the node's verdict on\n"
    "the proof is shown: a test of keys, secrets and clocks.\n"
    "\n" ONYM_IDENTITY_HELP "\n"
    "Exit status: 0 a challenge came and the proof, if any, was accepted; 2 usage;\n"
    "3 no answer; 4 the proof was refused; 5 server error, or no challenge came;\n"
    "6 the key file may be read by others.\n"
    "\n"
    "Examples:\n"
    "  onymctl auth challenge\n"
    "  onymctl auth challenge --as 300:0.NA/88.300.15907 --key admin.pem\n";

static const char *
digest_name(uint8_t code)
{
    static const char *const names[] = {"none", "MD5", "SHA-1", "SHA-256"};

    return names[code < 4 ? code : 0];
}

static void
print_text(const struct onym_cli_client *c, const struct onym_errand_challenge *seen,
           const char *as, const struct onym_client_result *r)
{
    char address[ONYM_CLIENT_SERVER_TEXT];

    onym_client_server_format(&c->servers[r->server], address);
    (void)printf("server     %s\nversion    %u.%u\nid         %u\nnonce      ", address,
                 (unsigned)(seen->version >> 8), (unsigned)(seen->version & 0xFFU),
                 (unsigned)seen->id);
    onym_hex_print(stdout, onym_span_of(seen->nonce, seen->nonce_len));
    (void)printf("\ndigest     %s of the request: ", digest_name(seen->digest_code));
    onym_hex_print(stdout, onym_span_of(seen->digest, seen->digest_len));
    (void)printf("\nanswer     %s\n", seen->answered ? as : "none: no identity was given");
    if (seen->answered && r->status == ONYM_OK) {
        (void)puts("verdict    accepted");
    }
}

static void
print_json(const struct onym_errand_challenge *seen, const struct onym_told_change *told,
           const struct onym_client_result *r)
{
    (void)putchar('{');
    if (seen != NULL && seen->seen) {
        (void)printf("\"version\":\"%u.%u\",\"id\":%u,\"nonce\":\"", (unsigned)(seen->version >> 8),
                     (unsigned)(seen->version & 0xFFU), (unsigned)seen->id);
        onym_hex_print(stdout, onym_span_of(seen->nonce, seen->nonce_len));
        (void)printf("\",\"digestAlgorithm\":\"%s\",\"digest\":\"", digest_name(seen->digest_code));
        onym_hex_print(stdout, onym_span_of(seen->digest, seen->digest_len));
        (void)printf("\",\"answered\":%s,", seen->answered ? "true" : "false");
    }
    onym_told_json_end(stdout, told, r);
    (void)puts("}");
}

static int
ask(const struct onym_cli *cli, const struct onym_cli_identity *identity,
    const struct onym_cli_client *c)
{
    struct onym_told_change told = {.what = WHAT};
    const struct onym_errand_challenge *seen;
    struct onym_client_result r;
    onym_span handle = onym_span_of(NULL, 0);
    uint32_t index = 0;
    bool shown;

    if (identity->as != NULL) {
        (void)onym_cli_identity_split(identity->as, &index, &handle);
    }
    onym_client_start_login(c->client, handle, index);
    while (!onym_client_step(c->client, &r)) {
        struct pollfd watched = {.fd = onym_client_fd(c->client), .events = POLLIN};

        (void)poll(&watched, 1, onym_client_wait_ms(c->client));
    }
    seen = onym_client_challenge(c->client);
    shown = seen != NULL && seen->seen;
    if (cli->json) {
        print_json(seen, &told, &r);
    } else if (shown) {
        print_text(c, seen, identity->as, &r);
    }
    /* without an identity the challenge is all that was wanted */
    if (shown && !seen->answered && r.status == ONYM_AUTH_NEEDED) {
        return ONYM_EXIT_DONE;
    }
    if (!cli->json && r.status != ONYM_OK) {
        onym_told_failure(&told, c, &r);
    }
    if (!shown && r.status == ONYM_OK) {
        (void)fprintf(stderr, "onymctl " WHAT ": the server took the login without a challenge; it "
                              "proves nothing\n");
        return ONYM_EXIT_SERVER;
    }
    return onym_told_exit_code(&r);
}

int
onym_auth_challenge(const struct onym_cli *cli, int argc, char **argv)
{
    static const struct onym_cli_reach how = {
        .transport = ONYM_TRANSPORT_TCP,
        .no_https = "this shows a challenge of the Handle protocol"};
    struct onym_cli_identity identity = {.as = NULL};
    struct onym_cli_client c;
    int code = onym_list_options(&identity, NULL, WHAT, argc, argv);

    if (code == ONYM_EXIT_DONE && argc != optind) {
        return onym_usage_error(WHAT, "takes no argument, only options");
    }
    onym_cli_identity_complete(&identity);
    if (code == ONYM_EXIT_DONE) {
        code = onym_cli_client_reach(cli, &identity, WHAT, &how, &c);
    }
    if (code == ONYM_EXIT_DONE) {
        code = ask(cli, &identity, &c);
        onym_cli_client_close(&c);
    }
    return code;
}
