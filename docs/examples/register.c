/* Registers an identifier with one value, or says what became of it.
 *
 *   cc -Iinclude docs/examples/register.c build/lib/libonym.a -lcrypto -o register
 *   ./register 127.0.0.1:2641 300 0.NA/88.300.15907 admin.pem 88.300.15907/part-1 URL https://...
 */
#include "onym/client.h"

#include <stdio.h>
#include <stdlib.h>

/* Gives the client its identity: the private key of value `index` in the record `handle`. */
static int
identify(struct onym_client *client, const char *index, const char *handle, const char *path)
{
    static unsigned char pem[ONYM_CLIENT_KEY_LEN_MAX];
    struct onym_client_identity who = {.handle = onym_span_text(handle),
                                       .index = (uint32_t)strtoul(index, NULL, 10)};
    const char *why = "out of memory";
    FILE *file = fopen(path, "rb");

    if (file == NULL) {
        perror(path);
        return 0;
    }
    who.private_key = onym_span_of(pem, fread(pem, 1, sizeof pem, file));
    (void)fclose(file);
    if (onym_client_identify(client, &who, &why) != ONYM_OK) {
        fprintf(stderr, "%s: %s\n", path, why);
        return 0;
    }
    explicit_bzero(pem, sizeof pem); /* the client has its own copy, and wipes it */
    return 1;
}

int
main(int argc, char **argv)
{
    struct onym_client_server server;
    struct onym_client_options options = {.servers = &server, .server_count = 1};
    struct onym_value value = {
        .index = 1, .ttl = ONYM_TTL_DEFAULT, .permissions = ONYM_PERM_DEFAULT};
    struct onym_client_change change = {
        .action = ONYM_ACTION_CREATE, .values = &value, .value_count = 1};
    struct onym_client *client = NULL;
    struct onym_client_result result;
    int code = 2;

    if (argc != 8 || onym_client_server_parse(argv[1], &server) != ONYM_OK ||
        onym_client_new(&options, &client) != ONYM_OK) {
        fprintf(stderr, "usage: register ADDRESS[:PORT] INDEX HANDLE KEY.pem NAME TYPE DATA\n");
        return 2;
    }
    if (identify(client, argv[2], argv[3], argv[4])) {
        change.name = onym_span_text(argv[5]);
        value.type = onym_span_text(argv[6]);
        value.data = onym_span_text(argv[7]);
        (void)!onym_client_change(client, &change, &result);
        if (result.status == ONYM_OK) {
            printf("registered %s\n", argv[5]);
            code = 0;
        } else if (result.outcome == ONYM_OUTCOME_UNKNOWN) {
            printf("unknown: %s; resolve %s before repeating it\n", result.detail, argv[5]);
            code = 7;
        } else {
            printf("not registered: %s\n", result.detail);
            code = 1;
        }
    }
    onym_client_free(client);
    return code;
}
