#include "gate/node.h"

#include "store/env.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* valgrind cannot open what a node maps by default. */
#define MAP_SIZE ((size_t)256 << 20)

void
gate_need(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "gate: cannot %s\n", what);
        exit(1);
    }
}

static void
open_store(struct gate_node *n)
{
    const char *base = getenv("TMPDIR");
    struct onym_env_options options = {
        .dir = n->dir, .holder = "gate", .map_size = MAP_SIZE, .seed = 1, .create = true};
    struct onym_fault fault = {0};
    int len = snprintf(n->dir, sizeof n->dir, "%s/onym-gate-XXXXXX", base != NULL ? base : "/tmp");

    gate_need(len > 0 && (size_t)len < sizeof n->dir, "use a TMPDIR of that length");
    gate_need(mkdtemp(n->dir) != NULL, "make a folder for its store");
    gate_need(onym_env_open(&options, &n->env, &fault) == ONYM_OK, "open its store");
    gate_store_fill(n->env);
    gate_need(onym_view_open(n->env, &n->view) == ONYM_OK, "read its store");
    onym_bloom_complete(onym_view_bloom(n->view)); /* as after the walk of server/warm.c */
}

struct gate_node *
gate_node_new(void)
{
    static const struct onym_http_caller caller = {.tls = true};
    struct gate_node *n = aligned_alloc(64, (sizeof *n + 63U) & ~(size_t)63U);
    void *fragments = malloc(onym_reassembly_size(ONYM_REASSEMBLY_SLOTS, ONYM_REASSEMBLY_LEN_MAX));

    gate_need(n != NULL && fragments != NULL, "get memory");
    memset(n, 0, sizeof *n);
    open_store(n);
    gate_need(onym_digester_new(&n->answerer.digester) == ONYM_OK, "get digests of OpenSSL");
    n->answerer.resolver.view = n->view;
    onym_cache_init(&n->answerer.resolver.cache, n->cache, sizeof n->cache);
    n->answerer.site = onym_span_text("raw site bytes");
    n->answerer.site_serial = 7;
    n->arena = (struct onym_arena){.at = n->memory, .cap = sizeof n->memory};
    onym_admit_init(&n->admit, 1, 0);
    onym_admit_init(&n->full, 1, 1);
    n->datagrams = (struct onym_datagram_service){
        .answerer = &n->answerer,
        .admit = &n->admit,
        .reassembly = onym_reassembly_init(fragments, ONYM_REASSEMBLY_SLOTS,
                                           ONYM_REASSEMBLY_LEN_MAX),
        .counters = &n->counters,
        .reply_packets = 16};
    gate_need(onym_http_service_init(&n->http) == ONYM_OK, "make an HTTP service");
    n->rng = onym_rng_seeded(1);
    n->http.answerer = &n->answerer;
    n->http.arena = &n->arena;
    n->http.rng = &n->rng;
    n->http.ids = &n->rng;
    n->http.version = "gate";
    onym_http_connection_init(&n->connection, &caller);
    n->reply.cap = ONYM_HTTP_REPLY_MAX;
    n->reply.buffer = malloc(n->reply.cap);
    gate_need(n->reply.buffer != NULL, "get memory");
    return n;
}

void
gate_node_free(struct gate_node *n)
{
    static const char *const files[] = {"data.mdb", "data.mdb-lock", "lock"};
    char path[sizeof n->dir + 16];

    onym_http_connection_deinit(&n->connection, &n->http);
    onym_http_service_deinit(&n->http);
    onym_view_close(n->view);
    onym_env_close(n->env);
    onym_digester_free(n->answerer.digester);
    free(n->datagrams.reassembly);
    free(n->reply.buffer);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", n->dir, files[i]);
        (void)unlink(path);
    }
    gate_need(rmdir(n->dir) == 0, "remove the folder of its store");
    free(n);
}
