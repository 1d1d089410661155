#include "tools/id_https.h"

#include "base/clock.h"
#include "net/tls_dial.h"
#include "tools/https_login.h"
#include "tools/id_https_form.h"
#include "wire/json_record.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define PAGE       1000U
#define CURSOR_MAX 64U

struct onym_id_https {
    struct onym_https https;
    struct onym_fault fault;
    struct onym_json_reader *reader;
    json_t *answer;  /* of the last request; results borrow from it */
    uint8_t *values; /* likewise */
    char target[ONYM_ID_TARGET_MAX];
};

int
onym_id_https_open(const struct onym_cli *cli, const struct onym_cli_identity *identity,
                   const char *what, bool is_public, struct onym_id_https **out)
{
    struct onym_cli_identity nobody = {.authorities = identity->authorities};
    struct onym_id_https *h = calloc(1, sizeof *h);
    struct onym_tls_dialer *dialer = NULL;
    int code;

    if (h == NULL || onym_json_reader_new(&h->reader) != ONYM_OK) {
        free(h);
        (void)fprintf(stderr, "onymctl %s: out of memory\n", what);
        return ONYM_EXIT_SERVER;
    }
    h->https.what = what;
    code = onym_https_begin(cli, NULL, is_public ? &nobody : identity, &h->https);
    if (code == ONYM_EXIT_DONE && h->https.socket == NULL &&
        onym_https_dialer_new(&h->https, &dialer, &h->fault) != ONYM_OK) {
        code = onym_usage_error(what, "%s", h->fault.text); /* the authorities */
    }
    onym_tls_dialer_free(dialer);
    if (code != ONYM_EXIT_DONE) {
        onym_id_https_close(h);
        return code;
    }
    h->https.fault = &h->fault;
    *out = h;
    return ONYM_EXIT_DONE;
}

static void
forget(struct onym_id_https *h)
{
    json_decref(h->answer);
    free(h->values);
    h->answer = NULL;
    h->values = NULL;
}

void
onym_id_https_close(struct onym_id_https *h)
{
    if (h != NULL) {
        forget(h);
        onym_json_reader_free(h->reader);
        explicit_bzero(h, sizeof *h);
        free(h);
    }
}

bool
onym_id_https_is_local(const struct onym_id_https *h)
{
    return h->https.socket != NULL;
}

void
onym_id_https_place(const struct onym_id_https *h, char *out, size_t cap)
{
    if (h->https.socket != NULL) {
        (void)snprintf(out, cap, "unix:%s", h->https.socket);
        return;
    }
    (void)snprintf(out, cap, strchr(h->https.host, ':') != NULL ? "[%s]:%s" : "%s:%s",
                   h->https.host, h->https.port);
}

/* ---- an answer ---- */

/* What a status of HTTP says that comes without a response code. */
static enum onym_status
status_of(const struct onym_id_https *h, int http)
{
    switch (http) {
    case 401:
        return h->https.authorization[0] != '\0' ? ONYM_AUTH_FAILED : ONYM_AUTH_NEEDED;
    case 403:
        return ONYM_NO_PERMISSION;
    case 429:
    case 503:
        return ONYM_BUSY;
    default:
        return ONYM_ERROR;
    }
}

static void
take_code(struct onym_id_https *h, int http, struct onym_client_result *r)
{
    const json_t *code = json_object_get(h->answer, "responseCode");

    code = code != NULL ? code : json_object_get(h->answer, "code");
    if (json_is_integer(code) && json_integer_value(code) > 0 &&
        json_integer_value(code) <= UINT32_MAX) {
        r->code = (uint32_t)json_integer_value(code);
        r->status = onym_status_from_wire(r->code);
    } else if (http == 200 || http == 201) { /* of /api/v1 */
        r->status = ONYM_OK;
        r->code = 1;
    } else {
        r->status = status_of(h, http);
        r->code = onym_status_wire(r->status);
    }
    r->detail = onym_status_text(r->status);
}

static onym_span
text_of(const json_t *object, const char *name)
{
    const json_t *text = json_object_get(object, name);

    return text != NULL && json_is_string(text)
               ? onym_span_of(json_string_value(text), json_string_length(text))
               : onym_span_of(NULL, 0);
}

static void
failed(struct onym_client_result *r, enum onym_outcome outcome, enum onym_status status,
       const char *detail)
{
    r->outcome = outcome;
    r->status = status;
    r->detail = detail;
}

/* The values of the answer into their byte form. */
static void
take_values(struct onym_id_https *h, struct onym_client_result *r)
{
    json_t *values = json_object_get(h->answer, "values");
    json_t *record = values != NULL
                         ? json_pack("{s:O,s:O}", "handle", json_object_get(h->answer, "handle"),
                                     "values", values)
                         : NULL;
    char *line = record != NULL ? json_dumps(record, JSON_COMPACT) : NULL;
    struct onym_json_record read;
    struct onym_json_error error;
    struct onym_writer w;
    size_t len;

    json_decref(record);
    if (values == NULL) {
        if (r->status == ONYM_OK && json_object_get(h->answer, "responseCode") == NULL) {
            failed(r, ONYM_OUTCOME_FAILED, ONYM_MALFORMED, "the answer has no values");
        }
        return;
    }
    if (line == NULL || strlen(line) > ONYM_LINE_LEN_MAX ||
        onym_json_record_read(h->reader, onym_span_text(line), 0, &read, &error) != ONYM_OK ||
        (h->values = malloc((len = read.public_values.raw.len + read.private_values.raw.len) +
                            1)) == NULL) {
        failed(r, ONYM_OUTCOME_FAILED, ONYM_MALFORMED, "the answer's values cannot be read");
    } else {
        w = onym_writer_over(h->values, len);
        onym_writer_bytes(&w, read.public_values.raw);
        onym_writer_bytes(&w, read.private_values.raw);
        r->values.raw = onym_writer_written(&w);
        r->values.count = read.public_values.count + read.private_values.count;
    }
    free(line);
}

/* An answer that no node gives, as of a portal before it: whether a change was made is not known.
 * Refusals need no object: a status of 4xx, or 503, says that nothing was done. */
static bool
is_strange(struct onym_id_https *h, const struct onym_https_reply *reply, bool asks,
           struct onym_client_result *r)
{
    char place[sizeof h->https.host + sizeof h->https.port + 8];
    bool refusal = (reply->status >= 400 && reply->status < 500) || reply->status == 503;

    if (json_is_object(h->answer) || refusal) {
        return false;
    }
    onym_id_https_place(h, place, sizeof place);
    (void)onym_fault_set(&h->fault, ONYM_MALFORMED,
                         "%s answered HTTP %d with %zu bytes that are no JSON object: is a node "
                         "there, or something before it?",
                         place, reply->status, reply->len);
    failed(r, asks ? ONYM_OUTCOME_FAILED : ONYM_OUTCOME_UNKNOWN,
           asks ? ONYM_MALFORMED : ONYM_UNCERTAIN, h->fault.text);
    return true;
}

/* Asks h->target. False: there was no answer of a node, and *r says so. */
static bool
ask(struct onym_id_https *h, const char *method, const char *body, struct onym_client_result *r)
{
    uint64_t from_ns = onym_clock_monotonic_ns();
    struct onym_https_reply reply = {.status = 0};
    bool asks = strcmp(method, "GET") == 0;
    bool answered = false;
    int code;

    forget(h);
    h->fault.text[0] = '\0';
    code = onym_https_send(&h->https, method, h->target, body, &reply);
    r->transport = ONYM_TRANSPORT_TCP;
    r->sent++;
    r->elapsed_us += (onym_clock_monotonic_ns() - from_ns) / 1000U;
    if (code == ONYM_EXIT_DONE) {
        r->bytes += (uint32_t)reply.len;
        h->answer = json_loadb(reply.body, reply.len, JSON_ALLOW_NUL, NULL);
        answered = !is_strange(h, &reply, asks, r);
    }
    if (answered) {
        take_code(h, reply.status, r);
        r->outcome = ONYM_OUTCOME_DONE;
        r->name = text_of(h->answer, "handle");
        r->text = text_of(h->answer, "message");
        r->text = r->text.len > 0 ? r->text : text_of(h->answer, "detail");
        r->replaced = reply.status == 200;
    } else if (code == ONYM_EXIT_AUTH) { /* the socket may not be used */
        failed(r, ONYM_OUTCOME_FAILED, ONYM_NO_PERMISSION, h->fault.text);
    } else if (code == ONYM_EXIT_UNKNOWN) {
        failed(r, ONYM_OUTCOME_UNKNOWN, ONYM_UNCERTAIN, h->fault.text);
    } else if (code != ONYM_EXIT_DONE) {
        failed(r, asks ? ONYM_OUTCOME_UNKNOWN : ONYM_OUTCOME_FAILED, ONYM_UNREACHABLE,
               h->fault.text);
    }
    if (reply.memory != NULL) { /* values that only some may read */
        explicit_bzero(reply.memory, reply.len);
    }
    free(reply.memory);
    return answered;
}

/* ---- questions ---- */

void
onym_id_https_resolve(struct onym_id_https *h, const struct onym_client_query *query,
                      struct onym_client_result *r)
{
    *r = (struct onym_client_result){.status = ONYM_OK};
    if (!onym_id_target_query(h->target, query)) {
        failed(r, ONYM_OUTCOME_FAILED, ONYM_INVALID, "the question is too long for HTTP");
    } else if (ask(h, "GET", NULL, r)) {
        take_values(h, r);
    }
}

void
onym_id_https_change(struct onym_id_https *h, const struct onym_client_change *change,
                     struct onym_client_result *r)
{
    char *body = NULL;
    const char *method = onym_id_method(change->action);

    *r = (struct onym_client_result){.status = ONYM_OK};
    if (method == NULL) {
        failed(r, ONYM_OUTCOME_FAILED, ONYM_UNSUPPORTED,
               "HTTP has no words for changing values that must be there already: ask "
               "tls://HOST[:PORT], or add-value --overwrite");
    } else if (!onym_id_target_change(h->target, change) ||
               ((change->value_count > 0 || change->action == ONYM_ACTION_CREATE) &&
                (body = onym_id_body(change)) == NULL)) {
        failed(r, ONYM_OUTCOME_FAILED, ONYM_INVALID, "the change is too long for HTTP");
    } else {
        (void)ask(h, method, body, r);
        if (change->action == ONYM_ACTION_ADD || change->action == ONYM_ACTION_CREATE) {
            r->replaced = r->replaced && r->status == ONYM_OK;
        } else {
            r->replaced = false;
        }
    }
    if (body != NULL) {
        explicit_bzero(body, strlen(body));
    }
    free(body);
}

/* Hands out a page. False: that was the last one. */
static bool
hand_out(struct onym_id_https *h, const struct onym_client_listing *listing,
         struct onym_client_result *r, char cursor[CURSOR_MAX])
{
    const json_t *items = json_object_get(h->answer, "items");
    onym_span next = text_of(h->answer, "next");
    char name[ONYM_NAME_LEN_MAX + 8];
    const json_t *item;
    size_t i;

    if (!json_is_array(items) || next.len >= CURSOR_MAX) {
        failed(r, ONYM_OUTCOME_FAILED, ONYM_MALFORMED, "the answer is no page of a list");
        return false;
    }
    json_array_foreach(items, i, item)
    {
        onym_span handle = text_of(item, "handle");
        onym_span prefix = text_of(item, "prefix");

        if (handle.len == 0) {
            (void)snprintf(name, sizeof name, "0.NA/%.*s", (int)prefix.len,
                           (const char *)prefix.at);
            handle = onym_span_text(name);
        }
        r->listed++;
        if (!listing->each(listing->of, handle)) {
            return false;
        }
    }
    (void)snprintf(cursor, CURSOR_MAX, "%.*s", (int)next.len, (const char *)next.at);
    return next.len > 0;
}

void
onym_id_https_list(struct onym_id_https *h, const struct onym_client_listing *listing,
                   struct onym_client_result *r)
{
    char cursor[CURSOR_MAX] = "";
    bool more;

    *r = (struct onym_client_result){.status = ONYM_OK};
    do {
        more = onym_id_target_list(h->target, listing->prefix, PAGE, cursor) &&
               ask(h, "GET", NULL, r) && r->status == ONYM_OK && hand_out(h, listing, r, cursor);
    } while (more);
}
