#include "client/client_priv.h"
#include "client/login.h"
#include "wire/header.h"
#include "wire/resolve.h"
#include "wire/session.h"

/* Those of the reference client (proto/handle.md 4), and two more: a digest in the reply, so that
 * it proves to be ours, and a connection that may stay for the answer to a challenge. */
#define FLAGS                                                                                      \
    (ONYM_FLAG_RECURSE | ONYM_FLAG_CACHE_AUTH | ONYM_FLAG_PUBLIC_ONLY | ONYM_FLAG_REQUEST_DIGEST | \
     ONYM_FLAG_KEEP_OPEN)

enum onym_status
onym_client_identify(struct onym_client *client, const struct onym_client_identity *identity,
                     const char **why)
{
    struct onym_proof *proof = NULL;
    enum onym_status status = ONYM_OK;

    if (identity != NULL) {
        status = onym_proof_new(identity, &proof, why);
    }
    if (client->errand != NULL) {
        onym_errand_identify(client->errand, proof);
    }
    onym_proof_free(client->proof);
    client->proof = proof;
    return status;
}

const struct onym_errand_challenge *
onym_client_challenge(const struct onym_client *client)
{
    return client->errand != NULL ? onym_errand_challenge(client->errand) : NULL;
}

/* The errand, made when it is needed first; NULL when there is no memory: the next step says so. */
static struct onym_errand *
prepare(struct onym_client *client)
{
    enum onym_status status = ONYM_OK;

    onym_client_cancel(client);
    if (client->errand == NULL) {
        status = onym_errand_new(&client->options, onym_rng_system(), &client->errand);
    }
    if (status != ONYM_OK) {
        client->errand = NULL;
        client->fault = (struct onym_client_result){
            .outcome = ONYM_OUTCOME_FAILED, .status = status, .detail = onym_status_text(status)};
        onym_client_begin(client, RUNNING_FAULT);
        return NULL;
    }
    onym_errand_identify(client->errand, client->proof);
    return client->errand;
}

static void
start(struct onym_client *client, struct onym_errand_order order, const struct onym_writer *draft)
{
    order.draft = draft->status;
    order.body_len = draft->len;
    onym_client_begin(client, RUNNING_ERRAND);
    onym_errand_start(client->errand, &order, onym_client_moment());
    onym_client_carry_on(client);
}

void
onym_client_start_private(struct onym_client *client, const struct onym_client_query *query,
                          const struct onym_query *packed)
{
    struct onym_errand *x = prepare(client);
    struct onym_errand_order order = {.opcode = ONYM_OP_RESOLVE,
                                      .flags = onym_client_query_flags(query) |
                                               ONYM_FLAG_REQUEST_DIGEST | ONYM_FLAG_KEEP_OPEN};
    struct onym_writer w;

    if (x == NULL) {
        return;
    }
    w = onym_errand_draft(x);
    w.status = packed->name.len == 0 ? ONYM_INVALID
                                     : onym_query_encode(packed, w.at, w.cap, &w.len);
    start(client, order, &w);
}

void
onym_client_start_login(struct onym_client *client, onym_span handle, uint32_t index)
{
    struct onym_errand *x = prepare(client);
    struct onym_key_login login = {.user = handle, .index = index};
    struct onym_writer w;

    if (x == NULL) {
        return;
    }
    w = onym_errand_draft(x);
    w.status = onym_key_login_encode(&login, w.at, w.cap, &w.len);
    /* servers take a login without the flags of a look-up (proto/handle.md 18.1) */
    start(client,
          (struct onym_errand_order){.opcode = ONYM_OP_KEY_LOGIN,
                                     .flags = ONYM_FLAG_REQUEST_DIGEST | ONYM_FLAG_KEEP_OPEN},
          &w);
}

/* ---- changes ---- */

static uint32_t
opcode_of(enum onym_action action)
{
    switch (action) {
    case ONYM_ACTION_CREATE:
        return ONYM_OP_CREATE;
    case ONYM_ACTION_DELETE:
        return ONYM_OP_DELETE;
    case ONYM_ACTION_ADD:
        return ONYM_OP_ADD_VALUES;
    case ONYM_ACTION_REMOVE:
        return ONYM_OP_REMOVE_VALUES;
    case ONYM_ACTION_MODIFY:
        return ONYM_OP_MODIFY_VALUES;
    case ONYM_ACTION_HOME:
        return ONYM_OP_HOME_PREFIX;
    case ONYM_ACTION_UNHOME:
        return ONYM_OP_UNHOME_PREFIX;
    case ONYM_ACTION_ISSUE: /* not of this protocol */
    case ONYM_ACTION_REVOKE:
    default:
        return ONYM_OP_RESERVED;
    }
}

static void
draft_values(struct onym_writer *w, const struct onym_client_change *change)
{
    if (change->value_count > ONYM_VALUES_MAX) {
        w->status = ONYM_INVALID;
        return;
    }
    onym_writer_u32(w, (uint32_t)change->value_count);
    for (size_t i = 0; i < change->value_count && w->status == ONYM_OK; i++) {
        size_t len = 0;

        w->status = onym_value_encode(&change->values[i], w->at + w->len, w->cap - w->len, &len);
        w->len += len;
    }
}

static void
draft_indexes(struct onym_writer *w, const struct onym_client_change *change)
{
    if (change->index_count > ONYM_VALUES_MAX) {
        w->status = ONYM_INVALID;
        return;
    }
    onym_writer_u32(w, (uint32_t)change->index_count);
    for (size_t i = 0; i < change->index_count; i++) {
        onym_writer_u32(w, change->indexes[i]);
    }
}

void
onym_client_start_change(struct onym_client *client, const struct onym_client_change *change)
{
    struct onym_errand *x = prepare(client);
    struct onym_errand_order order = {.opcode = opcode_of(change->action), .flags = FLAGS};
    struct onym_writer w;

    if (x == NULL) {
        return;
    }
    order.flags |= change->overwrite ? ONYM_FLAG_OVERWRITE : 0;
    order.flags |= change->mint ? ONYM_FLAG_MINT : 0;
    w = onym_errand_draft(x);
    if (order.opcode == ONYM_OP_RESERVED || change->name.len == 0 ||
        change->name.len > ONYM_NAME_LEN_MAX) {
        w.status = ONYM_INVALID;
    } else {
        onym_writer_counted(&w, change->name);
    }
    switch (change->action) {
    case ONYM_ACTION_CREATE:
    case ONYM_ACTION_ADD:
    case ONYM_ACTION_MODIFY:
        draft_values(&w, change);
        break;
    case ONYM_ACTION_REMOVE:
        draft_indexes(&w, change);
        break;
    case ONYM_ACTION_DELETE:
    case ONYM_ACTION_HOME:
    case ONYM_ACTION_UNHOME:
    case ONYM_ACTION_ISSUE:
    case ONYM_ACTION_REVOKE:
    default:
        break;
    }
    start(client, order, &w);
}

/* ---- lists ---- */

void
onym_client_start_list(struct onym_client *client, const struct onym_client_listing *listing)
{
    static const char of_prefixes[] = "0.NA/";
    struct onym_errand *x = prepare(client);
    onym_span prefix = listing->prefix;
    struct onym_errand_order order = {
        .opcode = ONYM_OP_LIST_HANDLES, .flags = FLAGS, .each = listing->each, .of = listing->of};
    struct onym_writer w;
    bool bare = prefix.len > 0 && memchr(prefix.at, '/', prefix.len) == NULL;

    if (x == NULL) {
        return;
    }
    w = onym_errand_draft(x);
    if (prefix.len == 0) {
        order.opcode = ONYM_OP_LIST_PREFIXES;
        prefix = onym_span_text("/"); /* proto/handle.md 8: where no handle is meant */
    }
    if (prefix.len > ONYM_NAME_LEN_MAX - (bare ? 5U : 0U)) {
        w.status = ONYM_INVALID;
    } else if (bare) {
        onym_writer_u32(&w, (uint32_t)(prefix.len + 5U));
        onym_writer_bytes(&w, onym_span_text(of_prefixes));
        onym_writer_bytes(&w, prefix);
    } else {
        onym_writer_counted(&w, prefix);
    }
    start(client, order, &w);
}
