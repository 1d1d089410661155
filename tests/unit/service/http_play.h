/* A small node behind the HTTP machine: a real store with a homed prefix, its administrators and
 * one identifier; a backend that proves Basic credentials against the store and carries changes out
 * with the real core in one transaction each. For the tests of this folder; each is one program,
 * so everything is static. */
#ifndef ONYM_TESTS_UNIT_SERVICE_HTTP_PLAY_H
#define ONYM_TESTS_UNIT_SERVICE_HTTP_PLAY_H

#include "base/writer.h"
#include "service/http.h"
#include "service/http_job.h"
#include "service/problem.h"
#include "store/change.h"
#include "support/temp_store.h"
#include "wire/json_base64.h"
#include "wire/resolve.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW_MS    UINT64_C(1700000000000)
#define PREFIX    "88.300.15907"
#define ADMIN     "0.NA/" PREFIX
#define CHALLENGE "Handle sessionId=\"s1\", nonce=\"AAAA\""
#define OUT_MAX   ((size_t)4 << 20)

struct play {
    struct temp_store store;
    struct onym_view *view;
    struct onym_answerer answerer;
    struct onym_arena arena;
    struct onym_rng rng;
    struct onym_http_backend backend;
    struct onym_http_service service;
    struct onym_http_connection connection;
    struct onym_http_caller caller;
    struct onym_http_reply reply;
    bool server_admin; /* whoever is proven has every right */
    bool later;        /* the backend answers LATER; the test brings `login` and `result` */
    bool closed;       /* CLOSE was said */
    bool pending;
    bool busy;       /* no job is taken */
    unsigned slices; /* that jobs were done in */
    struct onym_http_job *job;
    struct onym_http_login login;
    struct onym_http_result result;
    enum onym_http_scheme seen_scheme;
    bool seen_unasked;
    char seen_key[ONYM_HTTP_KEY_MAX + 1];
    char name[ONYM_NAME_LEN_MAX + 64]; /* of the last result */
    unsigned answers;
    uint8_t *out; /* every answer so far, one after the other */
    size_t out_len;
    _Alignas(16) uint8_t memory[2 << 20];
    _Alignas(16) uint8_t work[1 << 20];
};

static void
play_add(struct onym_value_list *list, uint8_t bytes[1024], uint32_t index, const char *type,
         onym_span data, uint8_t permissions)
{
    struct onym_value value = {.index = index,
                               .timestamp = 1600000000,
                               .ttl = ONYM_TTL_DEFAULT,
                               .permissions = permissions,
                               .type = onym_span_text(type),
                               .data = data};
    size_t used = list->raw.len;
    size_t len;

    assert_int_equal(onym_value_encode(&value, bytes + used, 1024 - used, &len), ONYM_OK);
    list->raw = onym_span_of(bytes, used + len);
    list->count++;
}

/* The prefix record: an HS_ADMIN for group 200, the group, and a secret at 301 in it. */
static void
play_put_admin(struct play *p)
{
    uint8_t bytes[2048];
    uint8_t data[512];
    uint8_t refs[256];
    struct onym_value_list open = {0};
    struct onym_value_list closed = {0};
    struct onym_hs_admin admin = {
        .permissions = ONYM_ADMIN_ALL, .handle = onym_span_text(ADMIN), .index = 200};
    struct onym_writer w = onym_writer_over(refs, sizeof refs);
    size_t len;

    assert_int_equal(onym_hs_admin_encode(&admin, data, sizeof data, &len), ONYM_OK);
    play_add(&open, bytes, 100, "HS_ADMIN", onym_span_of(data, len), ONYM_PERM_DEFAULT);
    onym_writer_u32(&w, 1);
    onym_writer_counted(&w, onym_span_text(ADMIN));
    onym_writer_u32(&w, 301);
    play_add(&open, bytes, 200, "HS_VLIST", onym_writer_written(&w), ONYM_PERM_DEFAULT);
    play_add(&closed, bytes + 1024, 301, "HS_SECKEY", onym_span_text("s3cret-pass"),
             ONYM_PERM_ADMIN_READ | ONYM_PERM_ADMIN_WRITE);
    temp_store_put(&p->store, ADMIN, open, closed);
}

/* ---- the backend ---- */

static enum onym_http_when
play_authenticate(void *of, const struct onym_http_caller *caller,
                  const struct onym_http_credentials *given, struct onym_http_login *out)
{
    struct play *p = of;
    uint8_t folded[ONYM_PREFIX_NAME_LEN_MAX];
    struct onym_record record;
    struct onym_value value;
    onym_span cursor;

    assert_true(caller->tls);
    p->seen_scheme = given->scheme;
    p->seen_unasked = given->unasked;
    if (p->later) {
        return ONYM_HTTP_LATER;
    }
    *out = (struct onym_http_login){.status = ONYM_AUTH_FAILED,
                                    .challenge = onym_span_text(CHALLENGE)};
    if (given->scheme != ONYM_HTTP_BASIC ||
        onym_view_record(p->view, ONYM_KIND_HANDLE,
                         onym_op_fold(given->handle, folded, sizeof folded), &record) != ONYM_OK) {
        return ONYM_HTTP_NOW;
    }
    cursor = record.private_values.raw;
    while (onym_value_next(&cursor, &value)) {
        if (value.index == given->index && onym_span_equal(value.data, given->secret)) {
            out->status = ONYM_OK;
            out->identity = (struct onym_identity){
                .handle = given->handle, .index = value.index, .is_server_admin = p->server_admin};
        }
    }
    return ONYM_HTTP_NOW;
}

static size_t
play_challenge(void *of, const struct onym_http_caller *caller, char *out, size_t cap)
{
    (void)of;
    (void)caller;
    assert_true(cap >= sizeof CHALLENGE);
    memcpy(out, CHALLENGE, sizeof CHALLENGE - 1);
    return sizeof CHALLENGE - 1;
}

static enum onym_status
play_record(void *of, onym_span folded, struct onym_record *out)
{
    struct onym_change *change = of;
    uint8_t key[ONYM_CHANGE_KEY_LEN_MAX];

    return onym_change_get(change, onym_change_key(change, ONYM_KIND_HANDLE, folded, key), out);
}

static enum onym_status
play_decide(struct play *p, struct onym_change *change, const struct onym_http_change *wanted,
            struct onym_http_result *out)
{
    struct onym_arena arena = {.at = p->work, .cap = sizeof p->work};
    struct onym_record_source records = {.record = play_record, .of = change};
    uint8_t key[ONYM_CHANGE_KEY_LEN_MAX];
    struct onym_op_target target;
    struct onym_op_outcome outcome;
    struct onym_op_fault fault;
    struct onym_record old;
    const struct onym_operation *op = wanted->operation;
    const char *why;
    enum onym_status status = onym_op_target(op, &arena, &target);
    bool here;

    assert_int_equal(status, ONYM_OK);
    onym_span at = onym_change_key(change, target.kind, target.folded, key);
    here = onym_change_get(change, at, &old) == ONYM_OK;
    status = onym_op_before_rights(op, here ? &old : NULL, &arena, &fault);
    if (status == ONYM_OK) {
        status = onym_authz_operation(wanted->identity, op, here ? &old : NULL, &records, &arena,
                                      &why);
    }
    if (status == ONYM_OK) {
        status = onym_op_decide(op, here ? &old : NULL, &arena, &outcome);
    }
    if (status != ONYM_OK) {
        return status;
    }
    out->unchanged = outcome.effect == ONYM_OP_UNCHANGED;
    out->replaced = outcome.replaced;
    out->revision = outcome.effect == ONYM_OP_ERASE ? 0 : outcome.record.revision;
    out->created_ms = outcome.record.created_ms;
    assert_true(outcome.record.name.len < sizeof p->name);
    if (outcome.record.name.len > 0) {
        memcpy(p->name, outcome.record.name.at, outcome.record.name.len);
    }
    out->name = onym_span_of(p->name, outcome.record.name.len);
    if (outcome.effect == ONYM_OP_STORE) {
        return onym_change_put(change, at, &outcome.record);
    }
    return outcome.effect == ONYM_OP_ERASE ? onym_change_remove(change, at) : ONYM_OK;
}

static enum onym_http_when
play_submit(void *of, const struct onym_http_caller *caller, const struct onym_http_change *change,
            struct onym_http_result *out)
{
    struct play *p = of;
    struct onym_change *transaction;
    struct onym_fault fault = {0};

    assert_true(caller->tls);
    assert_true(change->request_id.len > 0);
    if (change->idempotency_key.len > 0) {
        memcpy(p->seen_key, change->idempotency_key.at, change->idempotency_key.len);
    }
    p->seen_key[change->idempotency_key.len] = '\0';
    if (p->later) {
        return ONYM_HTTP_LATER;
    }
    memset(out, 0, sizeof *out);
    assert_int_equal(onym_change_begin(p->store.env, &transaction, &fault), ONYM_OK);
    out->status = play_decide(p, transaction, change, out);
    if (out->status == ONYM_OK) {
        out->status = onym_change_commit(transaction, &fault);
    } else {
        onym_change_abort(transaction);
    }
    return ONYM_HTTP_NOW;
}

/* Keeps the job; play_feed does it as the server would, without the other threads. */
static enum onym_status
play_work(void *of, const struct onym_http_caller *caller, struct onym_http_job *job)
{
    struct play *p = of;

    assert_true(caller->tls);
    if (p->busy) {
        return ONYM_BUSY;
    }
    assert_null(p->job);
    p->job = job;
    return ONYM_OK;
}

/* ---- the node ---- */

static void
play_connect(struct play *p, bool tls)
{
    onym_http_connection_deinit(&p->connection, &p->service);
    p->caller = (struct onym_http_caller){
        .tls = tls, .address = onym_span_text("192.0.2.1"), .ticket = 7};
    onym_http_connection_init(&p->connection, &p->caller);
    p->out_len = 0;
    p->answers = 0;
    p->closed = false;
    p->pending = false;
}

__attribute__((unused)) static int
play_setup(void **state)
{
    struct play *p = calloc(1, sizeof *p);
    uint8_t bytes[1024];
    struct onym_value_list list = {0};
    struct onym_value_list none = {0};
    static const uint8_t site[] = {0, 1, 2, 11, 0, 7, 0x80, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};

    assert_non_null(p);
    temp_store_open(&p->store);
    temp_store_home(&p->store, ADMIN);
    play_put_admin(p);
    temp_value_add(&list, bytes, sizeof bytes, 1, "URL", "https://example.cn/1", ONYM_PERM_DEFAULT);
    temp_value_add(&list, bytes, sizeof bytes, 2, "NAME", "制动盘", ONYM_PERM_DEFAULT);
    temp_store_put(&p->store, PREFIX "/A", list, none);
    assert_int_equal(onym_view_open(p->store.env, &p->view), ONYM_OK);
    assert_int_equal(onym_digester_new(&p->answerer.digester), ONYM_OK);
    p->answerer.resolver.view = p->view;
    p->answerer.site = onym_span_of(site, sizeof site);
    p->answerer.site_serial = 7;
    p->arena = (struct onym_arena){.at = p->memory, .cap = sizeof p->memory};
    p->rng = onym_rng_seeded(1);
    p->backend = (struct onym_http_backend){.of = p,
                                            .authenticate = play_authenticate,
                                            .challenge = play_challenge,
                                            .submit = play_submit,
                                            .work = play_work};
    assert_int_equal(onym_http_service_init(&p->service), ONYM_OK);
    p->service.answerer = &p->answerer;
    p->service.arena = &p->arena;
    p->service.rng = &p->rng;
    p->service.ids = &p->rng;
    p->service.backend = &p->backend;
    p->service.version = "0.1.0";
    p->reply.cap = ONYM_HTTP_REPLY_MAX;
    p->reply.buffer = malloc(p->reply.cap);
    p->out = malloc(OUT_MAX);
    assert_non_null(p->reply.buffer);
    assert_non_null(p->out);
    play_connect(p, true);
    *state = p;
    return 0;
}

__attribute__((unused)) static int
play_teardown(void **state)
{
    struct play *p = *state;

    onym_http_connection_deinit(&p->connection, &p->service);
    assert_int_equal(p->service.bodies.used, 0);
    onym_http_service_deinit(&p->service);
    onym_view_close(p->view);
    onym_digester_free(p->answerer.digester);
    temp_store_close(&p->store);
    free(p->reply.buffer);
    free(p->out);
    free(p);
    return 0;
}

/* ---- talking ---- */

static void
play_note(struct play *p, enum onym_http_verdict verdict)
{
    p->pending = verdict == ONYM_HTTP_PENDING;
    if (verdict == ONYM_HTTP_REPLY || verdict == ONYM_HTTP_CLOSE) {
        assert_true(p->reply.bytes.at >= p->reply.buffer);
        assert_true(p->reply.bytes.at + p->reply.bytes.len <= p->reply.buffer + p->reply.cap);
        assert_true(p->out_len + p->reply.bytes.len <= OUT_MAX);
        memcpy(p->out + p->out_len, p->reply.bytes.at, p->reply.bytes.len);
        p->out_len += p->reply.bytes.len;
        p->answers += p->reply.status != 100;
        p->closed = verdict == ONYM_HTTP_CLOSE;
    }
}

static enum onym_http_verdict
play_job(struct play *p)
{
    struct onym_http_job *job = p->job;
    enum onym_http_verdict verdict;
    bool more;

    do {
        assert_int_equal(onym_view_renew(p->view), ONYM_OK);
        more = job->step(job, p->view);
        p->slices++;
    } while (more);
    p->job = NULL;
    assert_int_equal(onym_view_renew(p->view), ONYM_OK);
    verdict = onym_http_job_done(&p->connection, &p->service, job, NOW_MS, &p->reply);
    job->release(job);
    return verdict;
}

/* Feeds bytes as the server does; what is left when the backend works is returned. */
static onym_span
play_feed(struct play *p, onym_span input)
{
    do {
        size_t before = input.len;
        enum onym_http_verdict verdict;

        assert_int_equal(onym_view_renew(p->view), ONYM_OK);
        verdict = onym_http_feed(&p->connection, &p->service, &input, NOW_MS, &p->reply);
        assert_true(input.len <= before);
        assert_true(verdict != ONYM_HTTP_MORE || input.len == 0);
        if (verdict == ONYM_HTTP_PENDING && p->job != NULL) {
            verdict = play_job(p);
        }
        play_note(p, verdict);
        if (verdict != ONYM_HTTP_REPLY) {
            break;
        }
    } while (input.len > 0);
    onym_view_release(p->view);
    return input;
}

/* Sends text on a fresh connection; the answers lie in out. */
__attribute__((unused)) static void
play_say(struct play *p, const char *text)
{
    bool tls = p->caller.tls;

    play_connect(p, tls);
    (void)play_feed(p, onym_span_text(text));
}

#include "unit/service/http_play_look.h"

#endif
