/* Many questions at once on one thread with poll().
 *
 *   cc -Iinclude docs/examples/poll_loop.c build/lib/libonym.a -lcrypto -o poll_loop
 *   ./poll_loop 127.0.0.1:2641 88.300.15907/part-1 88.300.15907/part-2
 */
#include "onym/client.h"

#include <poll.h>
#include <stdio.h>

#define QUESTIONS_MAX 64

static int
begin(const struct onym_client_options *options, int count, char **names,
      struct onym_client **clients)
{
    for (int i = 0; i < count; i++) {
        struct onym_client_query query = {.name = onym_span_text(names[i])};

        if (onym_client_new(options, &clients[i]) != ONYM_OK) {
            return -1;
        }
        onym_client_start(clients[i], &query);
    }
    return count;
}

/* Waits until a client has something to do, or the time of the most urgent one has come. */
static void
wait_for_any(int count, struct onym_client **clients)
{
    struct pollfd watched[QUESTIONS_MAX];
    int wait_ms = -1;

    for (int i = 0; i < count; i++) {
        int own_ms = onym_client_wait_ms(clients[i]);

        watched[i] = (struct pollfd){.fd = onym_client_fd(clients[i]), .events = POLLIN};
        if (own_ms >= 0 && (wait_ms < 0 || own_ms < wait_ms)) {
            wait_ms = own_ms;
        }
    }
    (void)poll(watched, (nfds_t)count, wait_ms);
}

int
main(int argc, char **argv)
{
    struct onym_client *clients[QUESTIONS_MAX] = {NULL};
    struct onym_client_server server;
    struct onym_client_options options = {.servers = &server, .server_count = 1};
    int count = argc - 2;
    int open = 0;
    int missed = 0;

    if (count < 1 || count > QUESTIONS_MAX ||
        onym_client_server_parse(argv[1], &server) != ONYM_OK) {
        fprintf(stderr, "usage: poll_loop ADDRESS[:PORT] IDENTIFIER... (at most %d)\n",
                QUESTIONS_MAX);
        return 2;
    }
    open = begin(&options, count, argv + 2, clients);
    while (open > 0) {
        wait_for_any(count, clients);
        for (int i = 0; i < count; i++) {
            struct onym_client_result result;

            /* a client without a question never ends one, so stepping it is harmless */
            if (onym_client_step(clients[i], &result)) {
                printf("%s: %s, %u values\n", argv[i + 2], onym_status_name(result.status),
                       result.values.count);
                missed += result.status != ONYM_OK;
                open--;
            }
        }
    }
    for (int i = 0; i < count; i++) {
        onym_client_free(clients[i]);
    }
    return open < 0 || missed > 0 ? 1 : 0;
}
