/* A question from a libuv loop: one poll handle and one timer beside whatever else the loop does.
 *
 *   cc -Iinclude docs/examples/libuv_loop.c build/lib/libonym.a -lcrypto -luv -o libuv_loop
 *   ./libuv_loop 127.0.0.1:2641 88.300.15907/part-1
 */
#include "onym/client.h"

#include <stdio.h>
#include <uv.h>

struct asker {
    struct onym_client *client;
    uv_poll_t readable;
    uv_timer_t deadline;
    int exit_code;
};

static void step(struct asker *asker);

static void
on_readable(uv_poll_t *handle, int status, int events)
{
    (void)status;
    (void)events;
    step(handle->data);
}

static void
on_deadline(uv_timer_t *handle)
{
    step(handle->data);
}

static void
finish(struct asker *asker, const struct onym_client_result *result)
{
    printf("%s, %u values\n", onym_status_name(result->status), result->values.count);
    asker->exit_code = result->status == ONYM_OK ? 0 : 1;
    /* stop watching before the client closes its descriptor */
    uv_close((uv_handle_t *)&asker->readable, NULL);
    uv_close((uv_handle_t *)&asker->deadline, NULL);
}

/* The time to wait changes with every step; the descriptor never does. */
static void
step(struct asker *asker)
{
    struct onym_client_result result;

    if (onym_client_step(asker->client, &result)) {
        finish(asker, &result);
        return;
    }
    uv_timer_start(&asker->deadline, on_deadline, (uint64_t)onym_client_wait_ms(asker->client), 0);
}

int
main(int argc, char **argv)
{
    struct asker asker = {.exit_code = 1};
    struct onym_client_server server;
    struct onym_client_options options = {.servers = &server, .server_count = 1};
    struct onym_client_query query = {.name = onym_span_text(argc == 3 ? argv[2] : "")};
    uv_loop_t *loop = uv_default_loop();

    if (argc != 3 || onym_client_server_parse(argv[1], &server) != ONYM_OK ||
        onym_client_new(&options, &asker.client) != ONYM_OK) {
        fprintf(stderr, "usage: libuv_loop ADDRESS[:PORT] IDENTIFIER\n");
        return 2;
    }
    uv_poll_init(loop, &asker.readable, onym_client_fd(asker.client));
    uv_timer_init(loop, &asker.deadline);
    asker.readable.data = &asker;
    asker.deadline.data = &asker;
    onym_client_start(asker.client, &query);
    uv_poll_start(&asker.readable, UV_READABLE, on_readable);
    uv_timer_start(&asker.deadline, on_deadline, (uint64_t)onym_client_wait_ms(asker.client), 0);
    uv_run(loop, UV_RUN_DEFAULT);
    onym_client_free(asker.client);
    uv_loop_close(loop);
    return asker.exit_code;
}
