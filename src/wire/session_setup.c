#include "base/reader.h"
#include "base/writer.h"
#include "wire/session.h"

/* The two bytes the writers leave behind. True when they are there; moves past them. */
static bool
take_tail(struct onym_reader *r)
{
    if (r->left.len < 2 || r->left.at[0] != 0 || r->left.at[1] != 0) {
        return false;
    }
    (void)onym_reader_bytes(r, 2);
    return true;
}

static bool
known_mode(uint16_t mode)
{
    return mode >= ONYM_SESSION_CLIENT_KEY && mode <= ONYM_SESSION_DIFFIE_HELLMAN;
}

enum onym_status
onym_session_setup_decode(onym_span *body, struct onym_session_setup *out)
{
    struct onym_reader r = onym_reader_over(*body);
    struct onym_session_setup setup = {0};

    setup.mode = onym_reader_u16(&r);
    if (r.status == ONYM_OK && !known_mode(setup.mode)) {
        onym_reader_fail(&r, ONYM_UNSUPPORTED);
    }
    setup.timeout_s = onym_reader_u32(&r);
    setup.identity = onym_reader_counted(&r, ONYM_NAME_LEN_MAX);
    setup.identity_index = onym_reader_u32(&r);
    if (setup.mode == ONYM_SESSION_CLIENT_KEY || setup.mode == ONYM_SESSION_DIFFIE_HELLMAN) {
        setup.public_key = onym_reader_counted(&r, ONYM_COUNT_MAX);
    } else if (setup.mode == ONYM_SESSION_HANDLE_KEY) {
        setup.key_name = onym_reader_counted(&r, ONYM_NAME_LEN_MAX);
        setup.key_index = onym_reader_u32(&r);
    }
    setup.no_tail = !take_tail(&r);

    if (r.status == ONYM_OK) {
        *body = r.left;
        *out = setup;
    }
    return r.status;
}

enum onym_status
onym_session_setup_encode(const struct onym_session_setup *setup, uint8_t *out, size_t cap,
                          size_t *len)
{
    struct onym_writer w = onym_writer_over(out, cap);

    if (!known_mode(setup->mode)) {
        return ONYM_INVALID;
    }
    onym_writer_u16(&w, setup->mode);
    onym_writer_u32(&w, setup->timeout_s);
    onym_writer_counted(&w, setup->identity);
    onym_writer_u32(&w, setup->identity_index);
    if (setup->mode == ONYM_SESSION_CLIENT_KEY || setup->mode == ONYM_SESSION_DIFFIE_HELLMAN) {
        onym_writer_counted(&w, setup->public_key);
    } else if (setup->mode == ONYM_SESSION_HANDLE_KEY) {
        onym_writer_counted(&w, setup->key_name);
        onym_writer_u32(&w, setup->key_index);
    }
    onym_writer_u16(&w, 0);

    if (w.status == ONYM_OK) {
        *len = w.len;
    }
    return w.status;
}

enum onym_status
onym_session_reply_decode(onym_span *body, struct onym_session_reply *out)
{
    struct onym_reader r = onym_reader_over(*body);
    struct onym_session_reply reply = {0};

    reply.mode = onym_reader_u16(&r);
    reply.data = onym_reader_counted(&r, ONYM_COUNT_MAX);
    reply.no_tail = !take_tail(&r);

    if (r.status == ONYM_OK) {
        *body = r.left;
        *out = reply;
    }
    return r.status;
}

enum onym_status
onym_session_reply_encode(const struct onym_session_reply *reply, uint8_t *out, size_t cap,
                          size_t *len)
{
    struct onym_writer w = onym_writer_over(out, cap);

    onym_writer_u16(&w, reply->mode);
    onym_writer_counted(&w, reply->data);
    onym_writer_u16(&w, 0);

    if (w.status == ONYM_OK) {
        *len = w.len;
    }
    return w.status;
}

enum onym_status
onym_session_key_cut(onym_span data, uint16_t version, struct onym_session_key *out)
{
    struct onym_reader r = onym_reader_over(data);
    struct onym_session_key key = {.cipher = ONYM_CIPHER_DES};

    if (version >= ONYM_VERSION(2, 4)) {
        key.cipher = onym_reader_u32(&r);
    }
    key.key = r.left;

    if (r.status == ONYM_OK) {
        *out = key;
    }
    return r.status;
}

enum onym_status
onym_session_key_join(const struct onym_session_key *key, uint16_t version, uint8_t *out,
                      size_t cap, size_t *len)
{
    struct onym_writer w = onym_writer_over(out, cap);

    if (version >= ONYM_VERSION(2, 4)) {
        onym_writer_u32(&w, key->cipher);
    }
    onym_writer_bytes(&w, key->key);

    if (w.status == ONYM_OK) {
        *len = w.len;
    }
    return w.status;
}

enum onym_status
onym_session_exchange_decode(onym_span *body, onym_span *key)
{
    struct onym_reader r = onym_reader_over(*body);
    onym_span found = onym_reader_counted(&r, ONYM_COUNT_MAX);

    if (r.status == ONYM_OK) {
        *body = r.left;
        *key = found;
    }
    return r.status;
}

enum onym_status
onym_session_exchange_encode(onym_span key, uint8_t *out, size_t cap, size_t *len)
{
    struct onym_writer w = onym_writer_over(out, cap);

    onym_writer_counted(&w, key);

    if (w.status == ONYM_OK) {
        *len = w.len;
    }
    return w.status;
}
