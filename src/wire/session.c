#include "wire/session.h"

#include "base/reader.h"
#include "base/writer.h"
#include "wire/resolve.h"

enum onym_status
onym_challenge_decode(onym_span *body, uint16_t version, struct onym_challenge *out)
{
    struct onym_reader r = onym_reader_over(*body);
    struct onym_challenge challenge = {0};

    challenge.nonce = onym_reader_counted(&r, ONYM_COUNT_MAX);
    if (version < ONYM_VERSION(2, 1)) {
        challenge.digest = onym_reader_counted(&r, ONYM_DIGEST_LEN_MAX);
    }

    if (r.status == ONYM_OK) {
        *body = r.left;
        *out = challenge;
    }
    return r.status;
}

enum onym_status
onym_challenge_encode(const struct onym_challenge *challenge, uint16_t version, uint8_t *out,
                      size_t cap, size_t *len)
{
    struct onym_writer w = onym_writer_over(out, cap);

    onym_writer_counted(&w, challenge->nonce);
    if (version < ONYM_VERSION(2, 1)) {
        onym_writer_counted(&w, challenge->digest);
    }

    if (w.status == ONYM_OK) {
        *len = w.len;
    }
    return w.status;
}

enum onym_status
onym_challenge_answer_decode(onym_span *body, struct onym_challenge_answer *out)
{
    struct onym_reader r = onym_reader_over(*body);
    struct onym_challenge_answer answer = {0};

    answer.type = onym_reader_counted(&r, ONYM_COUNT_MAX);
    answer.user = onym_reader_counted(&r, ONYM_NAME_LEN_MAX);
    answer.index = onym_reader_u32(&r);
    answer.answer = onym_reader_counted(&r, ONYM_COUNT_MAX);

    if (r.status == ONYM_OK) {
        *body = r.left;
        *out = answer;
    }
    return r.status;
}

enum onym_status
onym_challenge_answer_encode(const struct onym_challenge_answer *answer, uint8_t *out, size_t cap,
                             size_t *len)
{
    struct onym_writer w = onym_writer_over(out, cap);

    onym_writer_counted(&w, answer->type);
    onym_writer_counted(&w, answer->user);
    onym_writer_u32(&w, answer->index);
    onym_writer_counted(&w, answer->answer);

    if (w.status == ONYM_OK) {
        *len = w.len;
    }
    return w.status;
}

static void
split_digest(struct onym_reader *r, onym_span field, struct onym_verify_request *out)
{
    if (field.len == onym_digest_code_len(ONYM_DIGEST_MD5)) {
        out->digest = field;
        return;
    }
    out->digest_code = field.len > 0 ? field.at[0] : 0;
    out->digest = onym_span_from(field, 1);
    if (out->digest.len == 0 || out->digest.len != onym_digest_code_len(out->digest_code)) {
        onym_reader_fail(r, ONYM_MALFORMED);
    }
}

enum onym_status
onym_verify_request_decode(onym_span *body, struct onym_verify_request *out)
{
    struct onym_reader r = onym_reader_over(*body);
    struct onym_verify_request verify = {0};

    verify.user = onym_reader_counted(&r, ONYM_NAME_LEN_MAX);
    verify.index = onym_reader_u32(&r);
    verify.nonce = onym_reader_counted(&r, ONYM_COUNT_MAX);
    split_digest(&r, onym_reader_counted(&r, ONYM_DIGEST_LEN_MAX + 1), &verify);
    verify.answer = onym_reader_counted(&r, ONYM_COUNT_MAX);

    if (r.status == ONYM_OK) {
        *body = r.left;
        *out = verify;
    }
    return r.status;
}

enum onym_status
onym_verify_request_encode(const struct onym_verify_request *verify, uint8_t *out, size_t cap,
                           size_t *len)
{
    struct onym_writer w = onym_writer_over(out, cap);

    onym_writer_counted(&w, verify->user);
    onym_writer_u32(&w, verify->index);
    onym_writer_counted(&w, verify->nonce);
    if (verify->digest_code == 0) {
        onym_writer_counted(&w, verify->digest);
    } else {
        onym_writer_u32(&w, (uint32_t)verify->digest.len + 1);
        onym_writer_u8(&w, verify->digest_code);
        onym_writer_bytes(&w, verify->digest);
    }
    onym_writer_counted(&w, verify->answer);

    if (w.status == ONYM_OK) {
        *len = w.len;
    }
    return w.status;
}

enum onym_status
onym_verify_reply_decode(onym_span *body, bool *valid)
{
    struct onym_reader r = onym_reader_over(*body);
    uint8_t bits = onym_reader_u8(&r);

    if (r.status == ONYM_OK) {
        *body = r.left;
        *valid = (bits & 1U) != 0;
    }
    return r.status;
}

enum onym_status
onym_verify_reply_encode(bool valid, uint8_t *out, size_t cap, size_t *len)
{
    struct onym_writer w = onym_writer_over(out, cap);

    onym_writer_u8(&w, valid ? 1 : 0);

    if (w.status == ONYM_OK) {
        *len = w.len;
    }
    return w.status;
}

enum onym_status
onym_key_login_decode(onym_span *body, struct onym_key_login *out)
{
    struct onym_reader r = onym_reader_over(*body);
    struct onym_key_login login = {0};

    login.user = onym_reader_counted(&r, ONYM_NAME_LEN_MAX);
    login.index = onym_reader_u32(&r);

    if (r.status == ONYM_OK) {
        *body = r.left;
        *out = login;
    }
    return r.status;
}

enum onym_status
onym_key_login_encode(const struct onym_key_login *login, uint8_t *out, size_t cap, size_t *len)
{
    struct onym_writer w = onym_writer_over(out, cap);

    onym_writer_counted(&w, login->user);
    onym_writer_u32(&w, login->index);

    if (w.status == ONYM_OK) {
        *len = w.len;
    }
    return w.status;
}
