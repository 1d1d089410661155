#include "server/http_backend_proof.h"

#include "auth/keys.h"
#include "auth/secret.h"
#include "base/hex.h"
#include "base/require.h"
#include "base/writer.h"
#include "wire/header.h"

#include <stdlib.h>

/* Where the record of a user is read from. */
static enum onym_status
user_record(struct onym_resolver *resolver, onym_span handle, struct onym_record *out)
{
    uint8_t folded[ONYM_PREFIX_NAME_LEN_MAX];
    enum onym_status status;

    if (handle.len == 0 || !onym_responsible(resolver, handle)) {
        return ONYM_CANNOT_AUTHENTICATE;
    }
    status = onym_view_record(resolver->view, ONYM_KIND_HANDLE,
                              onym_op_fold(handle, folded, sizeof folded), out);
    return status == ONYM_NOT_FOUND ? ONYM_CANNOT_AUTHENTICATE : status;
}

/* Takes the next value of that type that the claim may be checked with. */
static bool
next_key(struct onym_value_list lists[2], const char *type, uint32_t index, struct onym_value *out)
{
    for (size_t i = 0; i < 2; i++) {
        while (onym_value_next(&lists[i].raw, out)) {
            if (onym_text_equal_nocase(out->type, onym_span_text(type)) &&
                (index == 0 || out->index == index)) {
                return true;
            }
        }
    }
    return false;
}

/* ---- challenge answers ---- */

static const struct {
    const char *name;
    enum onym_secret_form form;
} algorithms[] = {{"md5", ONYM_SECRET_MD5},
                  {"sha1", ONYM_SECRET_SHA1},
                  {"sha256", ONYM_SECRET_SHA256},
                  {"hmacsha1", ONYM_SECRET_HMAC_SHA1},
                  {"hmacsha256", ONYM_SECRET_HMAC_SHA256},
                  {"pbkdf2withhmacsha1", ONYM_SECRET_PBKDF2}};

/* "SHA-256", "sha256" and "HMAC-SHA256", "HmacSHA256": letters and digits count, not their case. */
static bool
is_named(onym_span text, const char *name)
{
    size_t at = 0;

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];

        if (c >= 'A' && c <= 'Z') {
            c = (uint8_t)(c - 'A' + 'a');
        }
        if ((c < 'a' || c > 'z') && (c < '0' || c > '9')) {
            continue;
        }
        if (name[at] == '\0' || (uint8_t)name[at] != c) {
            return false;
        }
        at++;
    }
    return name[at] == '\0';
}

/* The answer to a challenge of the wire protocol with the same contents. */
static enum onym_status
write_secret_answer(const struct onym_http_credentials *given, struct onym_writer *w)
{
    size_t i = 0;

    while (i < sizeof algorithms / sizeof algorithms[0] &&
           !is_named(given->alg, algorithms[i].name)) {
        i++;
    }
    if (i == sizeof algorithms / sizeof algorithms[0]) {
        return ONYM_CREDENTIAL_INVALID;
    }
    onym_writer_u8(w, (uint8_t)algorithms[i].form);
    if (algorithms[i].form == ONYM_SECRET_PBKDF2) {
        onym_writer_counted(w, given->salt);
        onym_writer_u32(w, given->iterations);
        onym_writer_u32(w, given->length);
        onym_writer_counted(w, given->signature);
    } else {
        onym_writer_bytes(w, given->signature);
    }
    return ONYM_OK;
}

enum onym_status
onym_http_claim_read(const struct onym_http_credentials *given,
                     uint8_t memory[ONYM_HTTP_ANSWER_MAX], struct onym_http_claim *out)
{
    struct onym_writer w = onym_writer_over(memory, ONYM_HTTP_ANSWER_MAX);
    enum onym_status status = ONYM_OK;

    *out = (struct onym_http_claim){.who = {.handle = given->handle, .index = given->index},
                                    .cnonce = given->cnonce};
    if (given->handle.len == 0 || given->signature.len == 0 || given->cnonce.len == 0 ||
        given->cnonce.len > ONYM_HTTP_CNONCE_MAX) {
        return ONYM_CREDENTIAL_INVALID;
    }
    if (onym_text_equal_nocase(given->type, onym_span_text("HS_SECKEY"))) {
        out->kind = ONYM_HTTP_PROOF_SECRET;
        status = write_secret_answer(given, &w);
    } else if (onym_text_equal_nocase(given->type, onym_span_text("HS_PUBKEY"))) {
        out->kind = ONYM_HTTP_PROOF_SIGNATURE;
        onym_writer_counted(&w, given->alg);
        onym_writer_counted(&w, given->signature);
    } else {
        status = ONYM_CREDENTIAL_INVALID;
    }
    if (status != ONYM_OK || w.status != ONYM_OK) {
        return ONYM_CREDENTIAL_INVALID;
    }
    out->answer = onym_writer_written(&w);
    return ONYM_OK;
}

/* ---- subjects ---- */

static int
digit_of(uint8_t c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

/* The value behind "NAME=" in an RFC 2253 name, its escapes undone. False: not there, or an escape
 * that is none. Values in hexadecimal ("#...") are nobody's handle. */
static bool
find_attribute(onym_span subject, const char *name, uint8_t memory[ONYM_HTTP_ANSWER_MAX],
               onym_span *out)
{
    size_t name_len = strlen(name);
    size_t len = 0;
    size_t i = 0;
    bool at_start = true;

    for (; i < subject.len; i++) {
        uint8_t c = subject.at[i];

        if (at_start && subject.len - i > name_len && subject.at[i + name_len] == '=' &&
            memcmp(subject.at + i, name, name_len) == 0) {
            i += name_len + 1;
            break;
        }
        at_start = c == ',' || c == '+';
        i += c == '\\' ? 1U : 0U;
    }
    if (i >= subject.len || subject.at[i] == '#') {
        return false;
    }
    for (; i < subject.len && subject.at[i] != ',' && subject.at[i] != '+'; i++) {
        uint8_t c = subject.at[i];

        if (c == '\\') {
            if (++i == subject.len) {
                return false;
            }
            c = subject.at[i];
            if (digit_of(c) >= 0) {
                if (i + 1 == subject.len || digit_of(subject.at[i + 1]) < 0) {
                    return false;
                }
                c = (uint8_t)(digit_of(c) << 4 | digit_of(subject.at[++i]));
            }
        }
        if (len == ONYM_HTTP_ANSWER_MAX) {
            return false;
        }
        memory[len++] = c;
    }
    *out = onym_span_of(memory, len);
    return len > 0;
}

/* index:handle. */
static bool
split(onym_span text, struct onym_principal *out)
{
    uint64_t index = 0;
    size_t at = 0;

    while (at < text.len && at < 10 && text.at[at] >= '0' && text.at[at] <= '9') {
        index = index * 10 + (uint64_t)(text.at[at++] - '0');
    }
    if (at == 0 || at + 1 >= text.len || text.at[at] != ':' || index > UINT32_MAX) {
        return false;
    }
    *out = (struct onym_principal){.handle = onym_span_from(text, at + 1),
                                   .index = (uint32_t)index};
    return true;
}

enum onym_status
onym_http_subject_read(onym_span subject, uint8_t memory[ONYM_HTTP_ANSWER_MAX],
                       struct onym_principal *out)
{
    static const char *const names[] = {"UID", "CN", "O"};
    onym_span text;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!find_attribute(subject, names[i], memory, &text)) {
            continue;
        }
        if (split(text, out)) {
            return ONYM_OK;
        }
        *out = (struct onym_principal){.handle = text, .index = 0};
        return i > 0 ? ONYM_OK : ONYM_CREDENTIAL_INVALID;
    }
    return ONYM_CREDENTIAL_INVALID;
}

/* ---- proofs ---- */

static onym_span
keep(struct onym_http_proof *p, onym_span bytes)
{
    uint8_t *at = p->bytes + p->used;

    ONYM_REQUIRE(bytes.len <= p->cap - p->used);
    if (bytes.len > 0) {
        memcpy(at, bytes.at, bytes.len);
    }
    p->used += bytes.len;
    return onym_span_of(at, bytes.len);
}

enum onym_status
onym_http_proof_new(const struct onym_http_claim *claim, const struct onym_auth_policy *policy,
                    struct onym_resolver *resolver, struct onym_http_proof **out)
{
    const char *type = claim->kind == ONYM_HTTP_PROOF_SECRET ? "HS_SECKEY" : "HS_PUBKEY";
    size_t cap = claim->who.handle.len + claim->nonce.len + claim->cnonce.len + claim->answer.len +
                 claim->key.len;
    struct onym_value found[ONYM_HTTP_PROOF_KEYS];
    struct onym_http_proof *p;
    struct onym_record record;
    size_t keys = 0;
    enum onym_status status = user_record(resolver, claim->who.handle, &record);
    struct onym_value_list lists[2];

    if (status != ONYM_OK) {
        return status;
    }
    lists[0] = record.public_values;
    lists[1] = record.private_values;
    while (keys < ONYM_HTTP_PROOF_KEYS && next_key(lists, type, claim->who.index, &found[keys])) {
        if (found[keys].data.len > 0 && found[keys].data.len <= ONYM_KEY_PEM_LEN_MAX) {
            cap += found[keys++].data.len;
        }
    }
    if (keys == 0) {
        return ONYM_CREDENTIAL_INVALID;
    }
    p = calloc(1, sizeof *p + cap);
    if (p == NULL) {
        return ONYM_NO_MEMORY;
    }
    p->cap = cap;
    p->policy = *policy;
    p->claim = *claim;
    p->claim.who.handle = keep(p, claim->who.handle);
    p->claim.nonce = keep(p, claim->nonce);
    p->claim.cnonce = keep(p, claim->cnonce);
    p->claim.answer = keep(p, claim->answer);
    p->claim.key = keep(p, claim->key);
    p->keys = keys;
    for (size_t i = 0; i < keys; i++) {
        p->key[i].index = found[i].index;
        p->key[i].data = keep(p, found[i].data);
    }
    *out = p;
    return ONYM_OK;
}

static enum onym_status
check_public(const struct onym_http_proof *p, onym_span data, const struct onym_challenged *about)
{
    uint8_t fingerprint[ONYM_FINGERPRINT_LEN];
    struct onym_key *key = NULL;
    enum onym_status status = onym_key_from_hs_pubkey(data, &key);

    if (status == ONYM_OK && p->claim.kind == ONYM_HTTP_PROOF_SIGNATURE) {
        status = onym_pubkey_answer_verify(key, about, p->claim.answer, &p->policy);
    } else if (status == ONYM_OK) {
        status = onym_key_fingerprint(key, fingerprint);
        if (status == ONYM_OK &&
            !onym_span_equal(onym_span_of(fingerprint, sizeof fingerprint), p->claim.key)) {
            status = ONYM_AUTH_FAILED;
        }
    }
    onym_key_free(key);
    return status;
}

void
onym_http_proof_check(struct onym_http_proof *p)
{
    struct onym_challenged about = {.nonce = p->claim.nonce,
                                    .digest = p->claim.cnonce,
                                    .user = p->claim.who.handle,
                                    .version = ONYM_VERSION_OWN};

    p->status = ONYM_AUTH_FAILED;
    for (size_t i = 0; i < p->keys && p->status != ONYM_OK; i++) {
        p->status = p->claim.kind == ONYM_HTTP_PROOF_SECRET
                        ? onym_secret_answer_verify(p->key[i].data, &about, p->claim.answer,
                                                    &p->policy)
                        : check_public(p, p->key[i].data, &about);
        p->index = p->key[i].index;
    }
    if (p->status == ONYM_MALFORMED) {
        p->status = ONYM_CREDENTIAL_INVALID; /* the request itself was well formed */
    }
}

onym_span
onym_http_proof_key(const struct onym_http_proof *p)
{
    size_t i = 0;

    while (i + 1 < p->keys && p->key[i].index != p->index) {
        i++;
    }
    return p->key[i].data;
}

/* ---- passwords ---- */

/* Digests are compared instead of the texts, so that the time says nothing about either. */
static bool
same_digest(const uint8_t *a, const uint8_t *b, size_t len)
{
    uint8_t differs = 0;

    for (size_t i = 0; i < len; i++) {
        differs |= (uint8_t)(a[i] ^ b[i]);
    }
    return differs == 0;
}

enum onym_status
onym_http_password_check(struct onym_resolver *resolver, struct onym_digester *digester,
                         const struct onym_principal *who, onym_span password, uint32_t *index)
{
    uint8_t given[ONYM_DIGEST_BYTES_MAX];
    uint8_t hashed[ONYM_DIGEST_BYTES_MAX];
    uint8_t stored[ONYM_DIGEST_BYTES_MAX];
    char digits[2 * ONYM_DIGEST_BYTES_MAX + 1];
    struct onym_value_list lists[2];
    struct onym_record record;
    struct onym_value v;
    onym_span text;
    size_t tried = 0;
    size_t len;
    enum onym_status status = user_record(resolver, who->handle, &record);

    if (status != ONYM_OK) {
        return status;
    }
    if (password.len == 0 || password.len > ONYM_SECRET_LEN_MAX) {
        return ONYM_CREDENTIAL_INVALID;
    }
    len = onym_digest(digester, ONYM_SHA1, &password, 1, hashed);
    onym_hex_encode(onym_span_of(hashed, len), digits);
    text = onym_span_of(digits, 2 * len);
    len = onym_digest(digester, ONYM_SHA256, &text, 1, hashed);
    (void)onym_digest(digester, ONYM_SHA256, &password, 1, given);
    lists[0] = record.public_values;
    lists[1] = record.private_values;
    status = ONYM_CREDENTIAL_INVALID;
    while (tried < ONYM_HTTP_PROOF_KEYS && next_key(lists, "HS_SECKEY", who->index, &v)) {
        bool as_it_is;
        bool as_digits;

        tried++;
        (void)onym_digest(digester, ONYM_SHA256, &v.data, 1, stored);
        as_it_is = same_digest(given, stored, len);
        as_digits = same_digest(hashed, stored, len);
        if ((as_it_is || as_digits) && v.data.len > 0) {
            *index = v.index;
            return ONYM_OK;
        }
        status = ONYM_AUTH_FAILED;
    }
    return status;
}
