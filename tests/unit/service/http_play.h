/* A small node behind the HTTP machine: a real store with a homed prefix, its administrators and
 * one identifier; a backend that proves Basic credentials against the store and carries changes out
 * with the real core in one transaction each. For the tests of this folder; each is one program,
 * so everything is static. */
#ifndef ONYM_TESTS_UNIT_SERVICE_HTTP_PLAY_H
#define ONYM_TESTS_UNIT_SERVICE_HTTP_PLAY_H

#include "base/writer.h"
#include "service/http.h"
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
    struct onym_http_login login;
    struct onym_http_result result;
    enum onym_http_scheme seen_scheme;
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
                                            .submit = play_submit};
    assert_int_equal(onym_http_service_init(&p->service), ONYM_OK);
    p->service.answerer = &p->answerer;
    p->service.arena = &p->arena;
    p->service.rng = &p->rng;
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
    assert_int_equal(p->service.body_bytes, 0);
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

/* ---- looking at the first answer ---- */

__attribute__((unused)) static int
play_status(const struct play *p)
{
    int status = 0;

    assert_true(p->out_len > 12);
    for (size_t i = 9; i < 12; i++) {
        status = status * 10 + (p->out[i] - '0');
    }
    return status;
}

static onym_span
play_body(const struct play *p)
{
    onym_span all = onym_span_of(p->out, p->out_len);

    for (size_t i = 0; i + 4 <= all.len; i++) {
        if (memcmp(all.at + i, "\r\n\r\n", 4) == 0) {
            return onym_span_from(all, i + 4);
        }
    }
    fail_msg("no head in the answer");
    return all;
}

/* The value of a header line of the first answer, NUL-terminated; "" when there is none. */
__attribute__((unused)) static const char *
play_header(const struct play *p, const char *name, char *out, size_t cap)
{
    size_t head = p->out_len - play_body(p).len;
    size_t len = strlen(name);

    for (size_t i = 0; i + len + 2 < head; i++) {
        if (p->out[i] == '\n' && memcmp(p->out + i + 1, name, len) == 0 &&
            p->out[i + 1 + len] == ':') {
            size_t at = i + len + 3;
            size_t n = 0;

            while (p->out[at + n] != '\r' && n + 1 < cap) {
                out[n] = (char)p->out[at + n];
                n++;
            }
            out[n] = '\0';
            return out;
        }
    }
    out[0] = '\0';
    return out;
}

/* The body of the first answer, whose length its head must tell; release with json_decref. */
static json_t *
play_json(const struct play *p)
{
    char text[32];
    json_error_t error;
    onym_span body = play_body(p);
    size_t len = strtoul(play_header(p, "Content-Length", text, sizeof text), NULL, 10);
    json_t *json;

    assert_true(len <= body.len);
    json = json_loadb((const char *)body.at, len, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL) {
        fail_msg("%s in %.*s", error.text, (int)len, (const char *)body.at);
    }
    return json;
}

/* A member as a number; -1 when it is not there. */
__attribute__((unused)) static int
play_number(const struct play *p, const char *member)
{
    json_t *json = play_json(p);
    const json_t *value = json_object_get(json, member);
    int number = value != NULL ? (int)json_integer_value(value) : -1;

    json_decref(json);
    return number;
}

__attribute__((unused)) static void
play_expect_text(const struct play *p, const char *member, const char *text)
{
    json_t *json = play_json(p);
    const char *found = json_string_value(json_object_get(json, member));

    assert_non_null(found);
    assert_string_equal(found, text);
    json_decref(json);
}

/* "Authorization: Basic ..." with its line end for user:secret. */
__attribute__((unused)) static const char *
play_basic(const char *user_and_secret, char out[512])
{
    onym_span text = onym_span_text(user_and_secret);
    size_t len = (size_t)snprintf(out, 512, "Authorization: Basic ");

    onym_base64_encode(ONYM_BASE64_STANDARD, text, out + len);
    len += onym_base64_encoded_len(ONYM_BASE64_STANDARD, text.len);
    (void)snprintf(out + len, 512 - len, "\r\n");
    return out;
}

/* A resolution as the tunnel carries it. */
__attribute__((unused)) static size_t
play_message(uint8_t *out, size_t cap, const char *name)
{
    struct onym_query query = {.name = onym_span_text(name)};
    uint8_t body[512];
    size_t len;
    struct onym_message m = {.envelope = {.version = ONYM_VERSION_OWN, .request_id = 77},
                             .header = {.opcode = ONYM_OP_RESOLVE,
                                        .flags = ONYM_FLAG_PUBLIC_ONLY,
                                        .site_serial = 0xFFFF},
                             .has_credential = true};

    assert_int_equal(onym_query_encode(&query, body, sizeof body, &len), ONYM_OK);
    m.body = onym_span_of(body, len);
    assert_int_equal(onym_message_encode(&m, out, cap, &len), ONYM_OK);
    return len;
}

__attribute__((unused)) static void
play_get(struct play *p, const char *target, const char *fields)
{
    char text[8192];

    (void)snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: node.example\r\n%s\r\n", target,
                   fields);
    play_say(p, text);
    assert_int_equal(p->answers, 1);
}

__attribute__((unused)) static size_t
play_values(const struct play *p)
{
    json_t *json = play_json(p);
    size_t count = json_array_size(json_object_get(json, "values"));

    json_decref(json);
    return count;
}

#define GOOD_LOGIN "301%3A" ADMIN ":s3cret-pass"

#endif
