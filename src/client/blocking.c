#include "onym/client.h"

#include <poll.h>

/* A loop of its own over the calls any other loop would use. */
static enum onym_status
run(struct onym_client *client, struct onym_client_result *result)
{
    while (!onym_client_step(client, result)) {
        struct pollfd watched = {.fd = onym_client_fd(client), .events = POLLIN};

        /* an interrupted wait only means an early step */
        (void)poll(&watched, 1, onym_client_wait_ms(client));
    }
    return result->status;
}

enum onym_status
onym_client_resolve(struct onym_client *client, const struct onym_client_query *query,
                    struct onym_client_result *result)
{
    onym_client_start(client, query);
    return run(client, result);
}

enum onym_status
onym_client_change(struct onym_client *client, const struct onym_client_change *change,
                   struct onym_client_result *result)
{
    onym_client_start_change(client, change);
    return run(client, result);
}

enum onym_status
onym_client_list(struct onym_client *client, const struct onym_client_listing *listing,
                 struct onym_client_result *result)
{
    onym_client_start_list(client, listing);
    return run(client, result);
}
