/* A client from inside, for the files that make it up: client.c carries out what the running
 * machine wants, client_errand.c begins errands. */
#ifndef ONYM_CLIENT_CLIENT_PRIV_H
#define ONYM_CLIENT_CLIENT_PRIV_H

#include "client/errand.h"
#include "client/link.h"

enum onym_running {
    RUNNING_NOTHING,
    RUNNING_EXCHANGE,
    RUNNING_ERRAND,
    RUNNING_FAULT /* could not begin; `fault` is the result of the next step */
};

struct onym_client {
    struct onym_client_options options; /* settled: no zeros; servers points to the array below */
    struct onym_exchange *exchange;
    struct onym_errand *errand; /* made for the first errand */
    struct onym_proof *proof;   /* NULL = nobody */
    struct onym_client_server servers[ONYM_CLIENT_SERVERS_MAX];
    struct onym_client_channel channel; /* what the link's connections are made of, if of that */
    struct onym_link link;
    enum onym_running running;
    uint64_t started_ns;
    uint64_t deadline_ms; /* while running; 0 = step at once */
    struct onym_client_result fault;
    uint8_t received[65536]; /* idle while no socket is open: queries are packed into it */
};

/* client.c */
struct onym_moment onym_client_moment(void);
uint32_t onym_client_query_flags(const struct onym_client_query *query);
/* Notes that a machine runs from now on; it is then started and carried on. */
void onym_client_begin(struct onym_client *client, enum onym_running running);
void onym_client_carry_on(struct onym_client *client);

/* client_errand.c: a resolution of private values with proof. packed lies in client->received. */
void onym_client_start_private(struct onym_client *client, const struct onym_client_query *query,
                               const struct onym_query *packed);

#endif
