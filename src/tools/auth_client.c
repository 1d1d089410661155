#include "tools/auth_client.h"

#include "tools/server_name.h"
#include "tools/tls_channel.h"

#include <stdio.h>

#define DEFAULT_SERVER "127.0.0.1:2641"

/* Words of one way to a node that another cannot follow. */
static int
check_words(const struct onym_cli_identity *identity, const char *what, enum onym_road road)
{
    if (road == ONYM_ROAD_LOCAL) {
        return ONYM_EXIT_DONE; /* any of them is refused where it is opened */
    }
    if ((road != ONYM_ROAD_HTTPS && identity->token_file != NULL) ||
        (road == ONYM_ROAD_HANDLE && (identity->cert != NULL || identity->authorities != NULL))) {
        return onym_usage_error(what, "--token-file is for --server https://HOST[:PORT]; --cert "
                                      "and --ca for that and tls://HOST[:PORT]");
    }
    return ONYM_EXIT_DONE;
}

static int
find_servers(const char *what, const char *text, enum onym_transport transport,
             struct onym_cli_client *out)
{
    enum onym_status status = onym_client_server_lookup(text, out->servers, ONYM_CLIENT_SERVERS_MAX,
                                                        &out->server_count);

    if (status == ONYM_INVALID) {
        return onym_usage_error(what,
                                "--server %s: give HOST or HOST:PORT, for example [::1]:2641, "
                                "tls://HOST[:PORT], https://HOST[:PORT] or unix:PATH",
                                text);
    }
    if (status != ONYM_OK) {
        (void)fprintf(stderr, "onymctl %s: --server %s: the name cannot be looked up\n", what,
                      text);
        return ONYM_EXIT_UNREACHABLE;
    }
    for (size_t i = 0; i < out->server_count; i++) {
        out->servers[i].transport = transport;
    }
    return ONYM_EXIT_DONE;
}

static int
find_tls(const char *what, const char *server, const struct onym_cli_identity *identity,
         struct onym_cli_client *out)
{
    struct onym_server_name name;
    struct onym_fault fault;
    const char *authorities;
    char place[ONYM_CLI_PLACE_MAX];
    int code = onym_server_name_read(what, server, &name);

    if (code == ONYM_EXIT_DONE) {
        code = onym_server_authorities(what, identity->authorities, &authorities);
    }
    if (code == ONYM_EXIT_DONE) {
        code = onym_cli_identity_certificate(identity, what);
    }
    if (code != ONYM_EXIT_DONE) {
        return code;
    }
    if (onym_tls_dialer_new(name.host, authorities, &out->dialer, &fault) != ONYM_OK ||
        (identity->cert != NULL &&
         onym_tls_dialer_certify(out->dialer, identity->cert, identity->key, &fault) != ONYM_OK)) {
        return onym_usage_error(what, "%s", fault.text);
    }
    (void)snprintf(place, sizeof place, strchr(name.host, ':') != NULL ? "[%s]:%s" : "%s:%s",
                   name.host, name.port);
    return find_servers(what, place, ONYM_TRANSPORT_TCP, out);
}

static int
open_handle(const struct onym_cli *cli, const struct onym_cli_identity *identity, const char *what,
            const struct onym_cli_reach *how, struct onym_cli_client *out)
{
    uint32_t timeout_ms = (uint32_t)(cli->timeout_s * 1000.0);
    struct onym_client_options options = {
        .servers = out->servers,
        .timeout_ms = timeout_ms,
        .reply_timeout_ms = how->is_query ? 0 : timeout_ms, /* 0: the library's own */
    };
    struct onym_client_channel channel;
    bool tls = onym_server_road(cli->server) == ONYM_ROAD_TLS;
    enum onym_status status;
    int code = tls ? find_tls(what, cli->server, identity, out)
                   : find_servers(what, cli->server != NULL ? cli->server : DEFAULT_SERVER,
                                  how->transport, out);

    if (code != ONYM_EXIT_DONE) {
        return code;
    }
    if (tls) {
        channel = onym_tls_channel(out->dialer);
        options.channel = &channel;
    }
    options.server_count = out->server_count;
    status = onym_client_new(&options, &out->client);
    if (status != ONYM_OK) {
        (void)fprintf(stderr, "onymctl %s: %s\n", what, onym_status_text(status));
        return ONYM_EXIT_SERVER;
    }
    return identity->cert != NULL ? ONYM_EXIT_DONE
                                  : onym_cli_identity_use(identity, what, out->client);
}

int
onym_cli_client_reach(const struct onym_cli *cli, const struct onym_cli_identity *identity,
                      const char *what, const struct onym_cli_reach *how,
                      struct onym_cli_client *out)
{
    struct onym_cli_identity complete = *identity;
    enum onym_road road = onym_server_road(cli->server);
    int code = check_words(identity, what, road);

    *out = (struct onym_cli_client){.client = NULL};
    if (code != ONYM_EXIT_DONE) {
        return code;
    }
    if (!how->is_public && road != ONYM_ROAD_LOCAL && identity->token_file == NULL &&
        identity->cert == NULL) {
        onym_cli_identity_complete(&complete);
    }
    if (road != ONYM_ROAD_HTTPS && road != ONYM_ROAD_LOCAL) {
        code = open_handle(cli, &complete, what, how, out);
    } else if (how->no_https != NULL) {
        code = onym_usage_error(what, "--server %s: %s; ask HOST[:PORT] or tls://HOST[:PORT]",
                                cli->server, how->no_https);
    } else {
        code = onym_id_https_open(cli, &complete, what, how->is_public, &out->https);
    }
    if (code != ONYM_EXIT_DONE) {
        onym_cli_client_close(out);
    }
    return code;
}

int
onym_cli_client_open(const struct onym_cli *cli, const struct onym_cli_identity *identity,
                     const char *what, struct onym_cli_client *out)
{
    static const struct onym_cli_reach how = {.transport = ONYM_TRANSPORT_TCP};

    return onym_cli_client_reach(cli, identity, what, &how, out);
}

void
onym_cli_client_close(struct onym_cli_client *c)
{
    onym_client_free(c->client);
    onym_id_https_close(c->https);
    onym_tls_dialer_free(c->dialer);
    *c = (struct onym_cli_client){.client = NULL};
}

void
onym_cli_client_resolve(struct onym_cli_client *c, const struct onym_client_query *query,
                        struct onym_client_result *result)
{
    if (c->https != NULL) {
        onym_id_https_resolve(c->https, query, result);
    } else {
        (void)!onym_client_resolve(c->client, query, result);
    }
}

void
onym_cli_client_change(struct onym_cli_client *c, const struct onym_client_change *change,
                       struct onym_client_result *result)
{
    if (c->https != NULL) {
        onym_id_https_change(c->https, change, result);
    } else {
        (void)!onym_client_change(c->client, change, result);
    }
}

void
onym_cli_client_list(struct onym_cli_client *c, const struct onym_client_listing *listing,
                     struct onym_client_result *result)
{
    if (c->https != NULL) {
        onym_id_https_list(c->https, listing, result);
    } else {
        (void)!onym_client_list(c->client, listing, result);
    }
}

const char *
onym_cli_client_place(const struct onym_cli_client *c, const struct onym_client_result *result,
                      char out[ONYM_CLI_PLACE_MAX])
{
    if (c->https != NULL) {
        onym_id_https_place(c->https, out, ONYM_CLI_PLACE_MAX);
        return onym_id_https_is_local(c->https) ? "HTTP" : "HTTPS";
    }
    onym_client_server_format(&c->servers[result->server], out);
    return c->dialer != NULL ? "TLS" : result->transport == ONYM_TRANSPORT_TCP ? "TCP" : "UDP";
}
