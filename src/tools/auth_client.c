#include "tools/auth_client.h"

#include <stdio.h>

#define DEFAULT_SERVER "127.0.0.1:2641"

static int
find_servers(const struct onym_cli *cli, const char *what, struct onym_cli_client *out)
{
    const char *text = cli->server != NULL ? cli->server : DEFAULT_SERVER;
    enum onym_status status = onym_client_server_lookup(text, out->servers, ONYM_CLIENT_SERVERS_MAX,
                                                        &out->server_count);

    if (status == ONYM_INVALID) {
        return onym_usage_error(what, "--server %s: give HOST or HOST:PORT, for example [::1]:2641",
                                text);
    }
    if (status != ONYM_OK) {
        (void)fprintf(stderr, "onymctl %s: --server %s: the name cannot be looked up\n", what,
                      text);
        return ONYM_EXIT_UNREACHABLE;
    }
    for (size_t i = 0; i < out->server_count; i++) {
        out->servers[i].transport = ONYM_TRANSPORT_TCP;
    }
    return ONYM_EXIT_DONE;
}

int
onym_cli_client_open(const struct onym_cli *cli, const struct onym_cli_identity *identity,
                     const char *what, struct onym_cli_client *out)
{
    struct onym_cli_identity complete = *identity;
    struct onym_client_options options = {.timeout_ms = (uint32_t)(cli->timeout_s * 1000.0)};
    enum onym_status status;
    int code;

    *out = (struct onym_cli_client){.client = NULL};
    onym_cli_identity_complete(&complete);
    code = find_servers(cli, what, out);
    if (code != ONYM_EXIT_DONE) {
        return code;
    }
    options.servers = out->servers;
    options.server_count = out->server_count;
    options.reply_timeout_ms = options.timeout_ms; /* 0 or what the user is ready to wait */
    status = onym_client_new(&options, &out->client);
    if (status != ONYM_OK) {
        (void)fprintf(stderr, "onymctl %s: %s\n", what, onym_status_text(status));
        return ONYM_EXIT_SERVER;
    }
    code = onym_cli_identity_use(&complete, what, out->client);
    if (code != ONYM_EXIT_DONE) {
        onym_cli_client_close(out);
    }
    return code;
}

void
onym_cli_client_close(struct onym_cli_client *c)
{
    onym_client_free(c->client);
    c->client = NULL;
}
