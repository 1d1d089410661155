/* A connection of the HTTP interface over a real, small store, with a backend that proves everybody
 * and carries everything out. Whatever the bytes: no step reads or writes outside its memory, never
 * takes more than it was given, every answer lies in its buffer and begins like one, no body is
 * held between requests, and cutting the input anywhere gives the same answers.
 *
 * Byte 0: bit 0 TLS, bit 1 the backend answers later, bit 2 no backend. Bytes 1 and 2: where the
 * input is cut. The rest is what a peer sends. */
#include "base/hash.h"
#include "base/require.h"
#include "service/http.h"
#include "store/change.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW_MS UINT64_C(1700000000000)

/* Made with the first input, kept for all. */
static struct machine {
    char dir[64];
    struct onym_env *env;
    struct onym_view *view;
    struct onym_answerer answerer;
    struct onym_arena arena;
    struct onym_rng rng;
    struct onym_http_service service;
    struct onym_http_reply reply;
    bool later;
    _Alignas(16) uint8_t memory[ONYM_HTTP_ARENA_MIN];
} machine;

static const struct onym_identity somebody = {.handle = {(const uint8_t *)"88.1/a", 6}, .index = 1};

static enum onym_http_when
authenticate(void *of, const struct onym_http_caller *caller,
             const struct onym_http_credentials *credentials, struct onym_http_login *out)
{
    ONYM_REQUIRE(caller->tls && credentials->scheme != ONYM_HTTP_NO_CREDENTIALS);
    out->status = credentials->scheme == ONYM_HTTP_BEARER ? ONYM_AUTH_FAILED : ONYM_OK;
    out->identity = somebody;
    return *(bool *)of ? ONYM_HTTP_LATER : ONYM_HTTP_NOW;
}

static size_t
challenge(void *of, const struct onym_http_caller *caller, char *out, size_t cap)
{
    (void)of;
    (void)caller;
    return (size_t)snprintf(out, cap, "Handle sessionId=\"s\"");
}

static enum onym_http_when
submit(void *of, const struct onym_http_caller *caller, const struct onym_http_change *change,
       struct onym_http_result *out)
{
    struct onym_op_fault fault;

    ONYM_REQUIRE(caller->tls && change->identity->handle.len > 0);
    ONYM_REQUIRE(onym_op_form(change->operation, &fault) == ONYM_OK);
    *out = (struct onym_http_result){.status = ONYM_OK, .revision = 1};
    return *(bool *)of ? ONYM_HTTP_LATER : ONYM_HTTP_NOW;
}

static void
put(enum onym_kind kind, const char *name, struct onym_value_list values)
{
    struct onym_record record = {.name = onym_span_text(name),
                                 .state = ONYM_STATE_ACTIVE,
                                 .revision = 1,
                                 .public_values = values};
    uint8_t folded[64];
    uint8_t key[ONYM_CHANGE_KEY_LEN_MAX];
    struct onym_fault fault = {0};
    struct onym_change *change;

    ONYM_REQUIRE(onym_change_begin(machine.env, &change, &fault) == ONYM_OK);
    onym_span at = onym_change_key(change, kind, onym_op_fold(record.name, folded, sizeof folded),
                                   key);
    ONYM_REQUIRE(onym_change_put(change, at, &record) == ONYM_OK);
    ONYM_REQUIRE(onym_change_commit(change, &fault) == ONYM_OK);
}

static void
clean_up(void)
{
    static const char *const files[] = {"data.mdb", "data.mdb-lock", "lock", "journal.0",
                                        "journal.1"};
    char path[96];

    onym_http_service_deinit(&machine.service);
    onym_view_close(machine.view);
    onym_digester_free(machine.answerer.digester);
    onym_env_close(machine.env);
    free(machine.reply.buffer);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", machine.dir, files[i]);
        (void)unlink(path);
    }
    (void)rmdir(machine.dir);
}

static void
make_machine(void)
{
    static const uint8_t site[] = {0, 1, 2, 11, 0, 7, 0x80, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    struct onym_value value = {.index = 1,
                               .permissions = ONYM_PERM_DEFAULT,
                               .type = onym_span_text("URL"),
                               .data = onym_span_text("x")};
    uint8_t bytes[64];
    struct onym_value_list list = {.count = 1, .raw = {.at = bytes}};
    struct onym_fault fault = {0};
    struct onym_env_options options = {
        .dir = machine.dir, .holder = "fuzz", .map_size = (size_t)16 << 20, .create = true};

    (void)snprintf(machine.dir, sizeof machine.dir, "/tmp/onym-fuzz-XXXXXX");
    ONYM_REQUIRE(mkdtemp(machine.dir) != NULL);
    ONYM_REQUIRE(onym_env_open(&options, &machine.env, &fault) == ONYM_OK);
    ONYM_REQUIRE(onym_value_encode(&value, bytes, sizeof bytes, &list.raw.len) == ONYM_OK);
    put(ONYM_KIND_PREFIX, "0.NA/88.1", (struct onym_value_list){.count = 0});
    put(ONYM_KIND_HANDLE, "88.1/a", list);
    ONYM_REQUIRE(onym_view_open(machine.env, &machine.view) == ONYM_OK);
    ONYM_REQUIRE(onym_digester_new(&machine.answerer.digester) == ONYM_OK);
    machine.answerer.resolver.view = machine.view;
    machine.answerer.site = onym_span_of(site, sizeof site);
    machine.arena = (struct onym_arena){.at = machine.memory, .cap = sizeof machine.memory};
    ONYM_REQUIRE(onym_http_service_init(&machine.service) == ONYM_OK);
    machine.service.answerer = &machine.answerer;
    machine.service.arena = &machine.arena;
    machine.service.rng = &machine.rng;
    machine.service.ids = &machine.rng;
    machine.service.version = "0";
    machine.reply.cap = ONYM_HTTP_REPLY_MAX;
    machine.reply.buffer = malloc(machine.reply.cap);
    ONYM_REQUIRE(machine.reply.buffer != NULL);
    (void)atexit(clean_up);
}

/* What a peer saw. */
struct seen {
    uint64_t digest;
    unsigned answers;
    bool ended;
};

static void
note(struct seen *seen)
{
    const struct onym_http_reply *r = &machine.reply;

    ONYM_REQUIRE(r->bytes.at >= r->buffer && r->bytes.at + r->bytes.len <= r->buffer + r->cap);
    ONYM_REQUIRE(r->bytes.len > 12 && memcmp(r->bytes.at, "HTTP/1.1 ", 9) == 0);
    if (r->status != 100) { /* said or not, as the body comes */
        seen->digest = onym_hash64(r->bytes, seen->digest);
        seen->answers++;
    }
}

/* Brings what the backend was asked for, until there is an answer. */
static enum onym_http_verdict
settle(struct onym_http_connection *c, enum onym_http_verdict verdict)
{
    struct onym_http_login login = {.status = ONYM_OK, .identity = somebody};
    struct onym_http_result result = {.status = ONYM_OK, .revision = 1};

    while (verdict == ONYM_HTTP_PENDING) {
        verdict = c->stage == ONYM_HTTP_LOGIN
                      ? onym_http_login_done(c, &machine.service, &login, NOW_MS, &machine.reply)
                      : onym_http_change_done(c, &machine.service, &result, NOW_MS, &machine.reply);
    }
    return verdict;
}

static void
converse(struct onym_http_connection *c, onym_span input, struct seen *seen)
{
    while (input.len > 0 && !seen->ended) {
        size_t before = input.len;
        enum onym_http_verdict verdict = onym_http_feed(c, &machine.service, &input, NOW_MS,
                                                        &machine.reply);

        ONYM_REQUIRE(input.len <= before);
        verdict = settle(c, verdict);
        if (verdict == ONYM_HTTP_MORE) {
            ONYM_REQUIRE(input.len == 0);
            return;
        }
        note(seen);
        seen->ended = verdict == ONYM_HTTP_CLOSE;
        ONYM_REQUIRE(machine.reply.status == 100 || machine.service.bodies.used == 0);
    }
}

static void
run(const struct onym_http_caller *caller, onym_span first, onym_span second, struct seen *seen)
{
    struct onym_http_connection *c = malloc(sizeof *c);

    ONYM_REQUIRE(c != NULL);
    machine.rng = onym_rng_seeded(1);
    onym_http_connection_init(c, caller);
    converse(c, first, seen);
    converse(c, second, seen);
    onym_http_connection_deinit(c, &machine.service);
    ONYM_REQUIRE(machine.service.bodies.used == 0);
    free(c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct onym_http_backend backend = {.of = &machine.later,
                                               .authenticate = authenticate,
                                               .challenge = challenge,
                                               .submit = submit};
    onym_span input = onym_span_from(onym_span_of(data, size), 3);
    uint8_t flags = size > 0 ? data[0] : 0;
    struct onym_http_caller caller = {.tls = (flags & 1) != 0, .address = onym_span_text("::1")};
    struct seen whole = {.digest = 0};
    struct seen torn = {.digest = 0};
    size_t cut = size >= 3 ? ((size_t)data[1] * 256 + data[2]) % (input.len + 1) : 0;

    if (machine.env == NULL) {
        make_machine();
    }
    machine.later = (flags & 2) != 0;
    machine.service.backend = (flags & 4) != 0 ? NULL : &backend;
    run(&caller, input, onym_span_of(NULL, 0), &whole);
    run(&caller, onym_span_front(input, cut), onym_span_from(input, cut), &torn);
    ONYM_REQUIRE(whole.digest == torn.digest && whole.answers == torn.answers &&
                 whole.ended == torn.ended);
    return 0;
}
