#include "service/http_auth.h"

#include "service/http_query.h"
#include "wire/http1.h"
#include "wire/json_base64.h"

static bool
is_space(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static onym_span
skip_spaces(onym_span s)
{
    while (s.len > 0 && is_space(s.at[0])) {
        s = onym_span_from(s, 1);
    }
    return s;
}

/* Everything up to one of the marks; moves *text to the mark. */
static onym_span
up_to(onym_span *text, const char *marks)
{
    size_t len = 0;

    while (len < text->len && (text->at[len] == 0 || strchr(marks, text->at[len]) == NULL)) {
        len++;
    }
    onym_span part = onym_span_front(*text, len);

    *text = onym_span_from(*text, len);
    return part;
}

static enum onym_status
from_base64(onym_span text, struct onym_arena *arena, onym_span *out)
{
    uint8_t *at = onym_arena_take(arena, 3 * (text.len / 4) + 2);
    size_t len;

    if (at == NULL) {
        return ONYM_NO_SPACE;
    }
    if (onym_base64_decode(ONYM_BASE64_STANDARD, text, at, &len) != ONYM_OK) {
        return ONYM_MALFORMED;
    }
    *out = onym_span_of(at, len);
    return ONYM_OK;
}

/* "301:0.NA/88.1" or, without index, "0.NA/88.1". */
static bool
split_user(onym_span user, struct onym_http_credentials *out)
{
    const uint8_t *colon = user.len > 0 ? memchr(user.at, ':', user.len) : NULL;
    uint64_t index = 0;

    if (colon != NULL) {
        size_t digits = (size_t)(colon - user.at);

        if (!onym_http_number(onym_span_front(user, digits), &index) || index > UINT32_MAX) {
            return false;
        }
        user = onym_span_from(user, digits + 1);
    }
    if (user.len == 0 || user.len > ONYM_NAME_LEN_MAX) {
        return false;
    }
    out->index = (uint32_t)index;
    out->handle = user;
    return true;
}

/* Split at the first ':', which ends a percent-encoded user. When only digits stand in front of it,
 * the user was not encoded: those are the index, and the handle ends at the next ':'. */
static enum onym_status
read_basic(onym_span text, struct onym_arena *arena, struct onym_http_credentials *out,
           const char **why)
{
    onym_span pair;
    onym_span user;
    uint64_t index;
    const uint8_t *colon;
    enum onym_status status = from_base64(text, arena, &pair);

    if (status != ONYM_OK) {
        *why = "the credentials are not base64";
        return status;
    }
    colon = pair.len > 0 ? memchr(pair.at, ':', pair.len) : NULL;
    *why = "the user is not INDEX:HANDLE, percent-encoded, in front of a colon and the secret";
    if (colon == NULL) {
        return ONYM_MALFORMED;
    }
    user = onym_span_front(pair, (size_t)(colon - pair.at));
    if (onym_http_number(user, &index)) {
        onym_span rest = onym_span_from(pair, user.len + 1);

        colon = rest.len > 0 ? memchr(rest.at, ':', rest.len) : NULL;
        if (colon == NULL) {
            return ONYM_MALFORMED;
        }
        user = onym_span_front(pair, (size_t)(colon - pair.at));
        out->secret = onym_span_from(pair, user.len + 1);
    } else {
        out->secret = onym_span_from(pair, user.len + 1);
        status = onym_http_decode(user, arena, &user);
        if (status != ONYM_OK) {
            return status;
        }
    }
    out->scheme = ONYM_HTTP_BASIC;
    return split_user(user, out) ? ONYM_OK : ONYM_MALFORMED;
}

enum {
    P_VERSION,
    P_SESSION,
    P_NONCE,
    P_CNONCE,
    P_ID,
    P_TYPE,
    P_ALG,
    P_SIGNATURE,
    P_SALT,
    P_ITERATIONS,
    P_LENGTH,
    P_CERTIFICATE,
    P_COUNT
};

static enum onym_status
read_parameter(unsigned which, onym_span value, struct onym_arena *arena,
               struct onym_http_credentials *out)
{
    uint64_t number = 0;
    enum onym_status status;

    switch (which) {
    case P_VERSION:
        return onym_http1_is(value, "0") ? ONYM_OK : ONYM_MALFORMED;
    case P_SESSION:
        out->session = value;
        return ONYM_OK;
    case P_NONCE:
        return from_base64(value, arena, &out->nonce);
    case P_CNONCE:
        status = from_base64(value, arena, &out->cnonce);
        return status == ONYM_OK && out->cnonce.len > ONYM_HTTP_CNONCE_MAX ? ONYM_MALFORMED
                                                                           : status;
    case P_ID:
        return split_user(value, out) ? ONYM_OK : ONYM_MALFORMED;
    case P_TYPE:
        out->type = value;
        return ONYM_OK;
    case P_ALG:
        out->alg = value;
        return ONYM_OK;
    case P_SIGNATURE:
        return from_base64(value, arena, &out->signature);
    case P_SALT:
        return from_base64(value, arena, &out->salt);
    case P_ITERATIONS:
    case P_LENGTH:
        if (!onym_http_number(value, &number) || number > UINT32_MAX) {
            return ONYM_MALFORMED;
        }
        *(which == P_ITERATIONS ? &out->iterations : &out->length) = (uint32_t)number;
        return ONYM_OK;
    default:
        out->scheme = onym_http1_is(value, "true") ? ONYM_HTTP_CERTIFICATE : out->scheme;
        return ONYM_OK;
    }
}

/* NAME = VALUE with a quoted or bare value; moves past the ',' behind it. False: not the form. */
static bool
cut_parameter(onym_span *text, onym_span *name, onym_span *value)
{
    onym_span rest = skip_spaces(*text);

    *name = up_to(&rest, " \t=,\"");
    rest = skip_spaces(rest);
    if (name->len == 0 || rest.len == 0 || rest.at[0] != '=') {
        return false;
    }
    rest = skip_spaces(onym_span_from(rest, 1));
    if (rest.len > 0 && rest.at[0] == '"') {
        rest = onym_span_from(rest, 1);
        *value = up_to(&rest, "\"\\"); /* nothing sent here needs a backslash */
        if (rest.len == 0 || rest.at[0] != '"') {
            return false;
        }
        rest = onym_span_from(rest, 1);
    } else {
        *value = up_to(&rest, " \t,\"");
    }
    rest = skip_spaces(rest);
    if (rest.len > 0 && rest.at[0] != ',') {
        return false;
    }
    *text = skip_spaces(onym_span_from(rest, 1));
    return true;
}

enum onym_status
onym_http_auth_parameter(onym_span name, onym_span value, struct onym_arena *arena, unsigned *seen,
                         struct onym_http_credentials *out, const char **why)
{
    static const struct {
        const char *name, *wanted;
    } known[P_COUNT] = {
        [P_VERSION] = {"version", "version is not 0"},
        [P_SESSION] = {"sessionId", "sessionId cannot be read"},
        [P_NONCE] = {"nonce", "nonce is not base64, padded with ="},
        [P_CNONCE] = {"cnonce", "cnonce is not base64, padded with =, of at most 1024 bytes"},
        [P_ID] = {"id", "id is not INDEX:HANDLE"},
        [P_TYPE] = {"type", "type cannot be read"},
        [P_ALG] = {"alg", "alg cannot be read"},
        [P_SIGNATURE] = {"signature", "signature is not base64, padded with ="},
        [P_SALT] = {"salt", "salt is not base64, padded with ="},
        [P_ITERATIONS] = {"iterations", "iterations is not a number below 4294967296"},
        [P_LENGTH] = {"length", "length is not a number below 4294967296"},
        [P_CERTIFICATE] = {"clientCert", "clientCert cannot be read"}};
    unsigned which = 0;

    while (which < P_COUNT && !onym_http1_is(name, known[which].name)) {
        which++;
    }
    if (which == P_COUNT) {
        return ONYM_OK; /* RFC 9110 11.2: parameters not known are ignored */
    }
    *why = "a parameter comes twice";
    if ((*seen & (1U << which)) != 0) {
        return ONYM_MALFORMED;
    }
    *seen |= 1U << which;
    *why = known[which].wanted;
    return read_parameter(which, value, arena, out);
}

static enum onym_status
read_handle(onym_span text, struct onym_arena *arena, struct onym_http_credentials *out,
            const char **why)
{
    unsigned seen = 0;

    out->scheme = ONYM_HTTP_HANDLE;
    while (text.len > 0) {
        onym_span name;
        onym_span value;
        enum onym_status status = ONYM_OK;

        *why = "the parameters are not NAME=\"VALUE\", separated by commas";
        if (!cut_parameter(&text, &name, &value)) {
            return ONYM_MALFORMED;
        }
        *why = "the id has a % without two hexadecimal digits";
        if (onym_http1_is(name, "id")) { /* and nothing else is encoded (section 5.3) */
            status = onym_http_decode(value, arena, &value);
        }
        if (status == ONYM_OK) {
            status = onym_http_auth_parameter(name, value, arena, &seen, out, why);
        }
        if (status != ONYM_OK) {
            return status;
        }
    }
    *why = "neither a sessionId nor clientCert";
    return out->session.len > 0 || out->scheme == ONYM_HTTP_CERTIFICATE ? ONYM_OK : ONYM_MALFORMED;
}

static enum onym_status
read_value(onym_span value, struct onym_arena *arena, struct onym_http_credentials *out,
           const char **why)
{
    onym_span rest = value;
    onym_span scheme = up_to(&rest, " \t");

    rest = skip_spaces(rest);
    if (onym_http1_is(scheme, "Basic")) {
        return read_basic(rest, arena, out, why);
    }
    if (onym_http1_is(scheme, "Handle")) {
        return read_handle(rest, arena, out, why);
    }
    if (onym_http1_is(scheme, "Bearer")) {
        *why = "Bearer without a token";
        out->scheme = ONYM_HTTP_BEARER;
        out->secret = rest;
        return rest.len > 0 ? ONYM_OK : ONYM_MALFORMED;
    }
    *why = "the scheme is none of Basic, Handle and Bearer";
    return ONYM_MALFORMED;
}

enum onym_status
onym_http_auth_read(onym_span fields, struct onym_arena *arena, struct onym_http_credentials *out,
                    const char **why)
{
    struct onym_http_credentials found = {.scheme = ONYM_HTTP_NO_CREDENTIALS};
    onym_span value;
    unsigned count = 0;

    *why = NULL;
    while (onym_http1_find(&fields, "authorization", &value)) {
        enum onym_status status;

        if (++count > 1) {
            *why = "more than one Authorization header";
            return ONYM_MALFORMED;
        }
        if (value.len > ONYM_HTTP_CREDENTIALS_MAX) {
            *why = "the credentials are longer than 8192 bytes";
            return ONYM_MALFORMED;
        }
        status = read_value(value, arena, &found, why);
        if (status != ONYM_OK) {
            return status;
        }
    }
    *out = found;
    *why = NULL;
    return ONYM_OK;
}
