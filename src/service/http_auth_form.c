#include "service/http_auth_form.h"

#include "service/http_query.h"
#include "wire/json_pull.h"

/* Ends the reading of parameters: without a session there are no credentials. */
static enum onym_status
settle(enum onym_status status, struct onym_http_credentials *found,
       struct onym_http_credentials *out, const char **why)
{
    if (status == ONYM_OK) {
        found->scheme = found->session.len > 0 ? ONYM_HTTP_HANDLE : ONYM_HTTP_NO_CREDENTIALS;
        *out = *found;
        *why = NULL;
    }
    return status;
}

enum onym_status
onym_http_auth_read_form(onym_span text, struct onym_arena *arena,
                         struct onym_http_credentials *out, const char **why)
{
    struct onym_http_credentials found = {.scheme = ONYM_HTTP_NO_CREDENTIALS};
    enum onym_status status = ONYM_OK;
    unsigned seen = 0;
    onym_span name;
    onym_span value;

    while (status == ONYM_OK && onym_http_parameter(&text, &name, &value)) {
        *why = "a parameter has a % without two hexadecimal digits";
        status = onym_http_decode(value, arena, &value);
        if (status == ONYM_OK) {
            status = onym_http_auth_parameter(name, value, arena, &seen, &found, why);
        }
    }
    return settle(status, &found, out, why);
}

#define NO_OBJECT                                                                                  \
    "the body is not one object of JSON with the parameters of a session as its members"

/* A string, or a number, which stays as it is written. */
static bool
read_member(struct onym_json *json, onym_span *out)
{
    const uint8_t *start;

    if (onym_json_peek(json) != ONYM_JSON_NUMBER) {
        return onym_json_string(json, out);
    }
    start = json->at;
    if (!onym_json_skip(json)) {
        return false;
    }
    *out = onym_span_of(start, (size_t)(json->at - start));
    return true;
}

enum onym_status
onym_http_auth_read_json(onym_span text, struct onym_arena *arena,
                         struct onym_http_credentials *out, const char **why)
{
    static const struct onym_json_name names[] = {
        ONYM_JSON_NAME("version"), ONYM_JSON_NAME("sessionId"),  ONYM_JSON_NAME("cnonce"),
        ONYM_JSON_NAME("id"),      ONYM_JSON_NAME("type"),       ONYM_JSON_NAME("alg"),
        ONYM_JSON_NAME("salt"),    ONYM_JSON_NAME("iterations"), ONYM_JSON_NAME("length"),
        ONYM_JSON_NAME("nonce"),   ONYM_JSON_NAME("signature"),
    };
    struct onym_http_credentials found = {.scheme = ONYM_HTTP_NO_CREDENTIALS};
    uint8_t *scratch = onym_arena_take(arena, text.len + 1);
    struct onym_json_error error;
    struct onym_json json;
    enum onym_status status = ONYM_OK;
    uint32_t members = 0;
    unsigned seen = 0;
    int which;

    if (scratch == NULL) {
        return ONYM_NO_SPACE;
    }
    *why = NO_OBJECT;
    onym_json_open(&json, text, scratch, text.len + 1, &error);
    if (!onym_json_object(&json)) {
        return ONYM_MALFORMED;
    }
    while (status == ONYM_OK &&
           (which = onym_json_member(&json, names, sizeof names / sizeof names[0], &members)) >=
               0) {
        onym_span name = onym_span_of((const uint8_t *)names[which].text, names[which].len);
        onym_span value;

        if (!read_member(&json, &value)) {
            return ONYM_MALFORMED;
        }
        status = onym_http_auth_parameter(name, value, arena, &seen, &found, why);
    }
    if (status == ONYM_OK && (json.failed || !onym_json_end(&json))) {
        *why = NO_OBJECT;
        return ONYM_MALFORMED;
    }
    return settle(status, &found, out, why);
}
