#include "wire/replicate.h"

#include "base/reader.h"
#include "base/writer.h"

enum onym_status
onym_log_request_decode(onym_span *body, uint16_t version, struct onym_log_request *out)
{
    struct onym_reader r = onym_reader_over(*body);
    struct onym_log_request request = {0};
    uint8_t form = version >= ONYM_VERSION(2, 9) ? onym_reader_u8(&r) : 0;

    if (form > 1) {
        onym_reader_fail(&r, ONYM_MALFORMED);
    }
    request.by_source = form == 1;
    if (request.by_source) {
        request.states = onym_reader_counted(&r, ONYM_COUNT_MAX);
    } else {
        request.last_id = onym_reader_u64(&r);
        request.last_query_ms = onym_reader_u64(&r);
    }
    request.hash_option = onym_reader_u8(&r);
    request.servers = onym_reader_u32(&r);
    request.server = onym_reader_u32(&r);

    if (r.status == ONYM_OK) {
        *body = r.left;
        *out = request;
    }
    return r.status;
}

enum onym_status
onym_log_request_encode(const struct onym_log_request *request, uint16_t version, uint8_t *out,
                        size_t cap, size_t *len)
{
    struct onym_writer w = onym_writer_over(out, cap);

    if (version >= ONYM_VERSION(2, 9)) {
        onym_writer_u8(&w, request->by_source ? 1 : 0);
    } else if (request->by_source) {
        return ONYM_INVALID;
    }
    if (request->by_source) {
        onym_writer_counted(&w, request->states);
    } else {
        onym_writer_u64(&w, request->last_id);
        onym_writer_u64(&w, request->last_query_ms);
    }
    onym_writer_u8(&w, request->hash_option);
    onym_writer_u32(&w, request->servers);
    onym_writer_u32(&w, request->server);

    if (w.status == ONYM_OK) {
        *len = w.len;
    }
    return w.status;
}

enum onym_status
onym_dump_request_decode(onym_span *body, struct onym_dump_request *out)
{
    struct onym_reader r = onym_reader_over(*body);
    struct onym_dump_request request = {0};

    request.hash_option = onym_reader_u8(&r);
    request.servers = onym_reader_u32(&r);
    request.server = onym_reader_u32(&r);
    request.has_start = r.left.len > 0;
    if (request.has_start) {
        request.start = onym_reader_counted(&r, ONYM_NAME_LEN_MAX);
        request.start_kind = onym_reader_u32(&r);
    }

    if (r.status == ONYM_OK) {
        *body = r.left;
        *out = request;
    }
    return r.status;
}

enum onym_status
onym_dump_request_encode(const struct onym_dump_request *request, uint8_t *out, size_t cap,
                         size_t *len)
{
    struct onym_writer w = onym_writer_over(out, cap);

    onym_writer_u8(&w, request->hash_option);
    onym_writer_u32(&w, request->servers);
    onym_writer_u32(&w, request->server);
    if (request->has_start) {
        onym_writer_counted(&w, request->start);
        onym_writer_u32(&w, request->start_kind);
    }

    if (w.status == ONYM_OK) {
        *len = w.len;
    }
    return w.status;
}

enum onym_status
onym_next_txn_id_decode(onym_span *body, uint64_t *out)
{
    struct onym_reader r = onym_reader_over(*body);
    uint64_t id = onym_reader_u64(&r);

    if (r.status == ONYM_OK) {
        *body = r.left;
        *out = id;
    }
    return r.status;
}

enum onym_status
onym_next_txn_id_encode(uint64_t id, uint8_t *out, size_t cap, size_t *len)
{
    struct onym_writer w = onym_writer_over(out, cap);

    onym_writer_u64(&w, id);

    if (w.status == ONYM_OK) {
        *len = w.len;
    }
    return w.status;
}

enum onym_status
onym_log_reply_decode(onym_span *body, bool *keep_alive)
{
    struct onym_reader r = onym_reader_over(*body);
    uint8_t bits = onym_reader_u8(&r);

    if (r.status == ONYM_OK) {
        *body = r.left;
        *keep_alive = (bits & 1U) != 0;
    }
    return r.status;
}

enum onym_status
onym_log_reply_encode(bool keep_alive, uint8_t *out, size_t cap, size_t *len)
{
    struct onym_writer w = onym_writer_over(out, cap);

    onym_writer_u8(&w, keep_alive ? 1 : 0);

    if (w.status == ONYM_OK) {
        *len = w.len;
    }
    return w.status;
}
