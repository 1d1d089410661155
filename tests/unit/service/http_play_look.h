/* The end of http_play.h, which includes it: looking at answers, and asking once more. */
#ifndef ONYM_TESTS_UNIT_SERVICE_HTTP_PLAY_LOOK_H
#define ONYM_TESTS_UNIT_SERVICE_HTTP_PLAY_LOOK_H

#include "unit/service/http_play.h"

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
    char text[2 * ONYM_HTTP1_TARGET_MAX];

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
