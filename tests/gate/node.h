/* What a worker has between its sockets and the map, without the sockets: the real functions over a
 * small real store. Everything that could differ from run to run is fixed: names, time, chance. */
#ifndef ONYM_TESTS_GATE_NODE_H
#define ONYM_TESTS_GATE_NODE_H

#include "core/authz.h"
#include "service/datagram.h"
#include "service/http.h"
#include "service/stream.h"
#include "store/env.h"
#include "store/view.h"

#define GATE_NOW_S    1700000000U
#define GATE_NOW_MS   ((uint64_t)GATE_NOW_S * 1000U)
#define GATE_PREFIX   "88.118.8"
#define GATE_ADMIN    "0.NA/" GATE_PREFIX
#define GATE_FOREIGN  "99.7" /* not homed here, with an HS_SITE to refer to */
#define GATE_PARTS    1024U  /* records "part-0000" to; three public values, 350 bytes of answer */
#define GATE_WIDE     64U    /* "wide-0000" to; twelve values, two packets */
#define GATE_CLOSED   64U    /* "closed-0000" to; as a part, and a private value */
#define GATE_REQUESTS 32U    /* made beforehand, answered in turn: a full batch */

struct gate_request {
    size_t len;
    uint8_t bytes[512];
};

struct gate_node {
    char dir[64];
    struct onym_env *env;
    struct onym_view *view;
    struct onym_answerer answerer;
    struct onym_admit admit; /* without limit */
    struct onym_admit full;  /* lets next to nothing in */
    struct onym_counters counters;
    struct onym_arena arena;
    struct onym_datagram_service datagrams;
    struct onym_dialogue dialogue;
    struct onym_stream_batch batch;
    uint8_t *answer; /* the one whose room was handed out last, or NULL */
    uint8_t room[64 << 10];
    size_t room_used;
    struct onym_rng rng;
    struct onym_http_service http;
    struct onym_http_connection connection;
    struct onym_http_reply reply;
    struct gate_request request[GATE_REQUESTS];
    uint8_t pipeline[GATE_REQUESTS * sizeof(struct gate_request)]; /* all of them */
    size_t pipeline_len;
    uint32_t expected; /* what every answer must say: response code, HTTP status */
    size_t answers;    /* that said so */
    size_t wrong;      /* that did not */
    _Alignas(64) uint8_t memory[2 << 20];
    _Alignas(64) uint8_t cache[4 << 20]; /* of the resolver, as a node has one */
};

/* Makes a store in a folder of its own under $TMPDIR or /tmp, and what serves it. Ends the program
 * with a line on stderr when something fails. */
struct gate_node *gate_node_new(void);
void gate_node_free(struct gate_node *node);

/* The records (node_store.c). */
void gate_store_fill(struct onym_env *env);

/* Says why and ends the program, unless it holds. */
void gate_need(bool holds, const char *what);

#endif
