#include "tools/bench_change.h"

#include "base/require.h"
#include "net/tls_pem.h"
#include "onym/model/hs_admin.h"
#include "tools/auth_identity.h"
#include "wire/json_base64.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define VALUES      4U
#define CHANGING    3U /* the value that updates replace */
#define TEXT_MAX    192U
#define ADMIN_INDEX 100U
#define TTL         86400U
#define PERMISSION  14U /* read and written by administrators, read by everybody */

struct value_text {
    uint32_t index;
    const char *type;
    char data[TEXT_MAX];
};

enum onym_status
onym_bench_identity_read(const char *as, const char *secret_file, struct onym_bench_identity *out,
                         struct onym_fault *fault)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    onym_span handle;
    enum onym_status status;

    if (!onym_cli_identity_split(as, &out->index, &handle) || handle.len > ONYM_BENCH_HANDLE_MAX ||
        strpbrk(as, "\"\\") != NULL) {
        return onym_fault_set(fault, ONYM_INVALID,
                              "--as %s: give INDEX:HANDLE, for example 301:0.NA/88.300.15907", as);
    }
    status = onym_tls_pem_read("--secret-file", secret_file, true, &bytes, &len, fault);
    if (status != ONYM_OK) {
        return ONYM_INVALID;
    }
    while (len > 0 && (bytes[len - 1] == '\n' || bytes[len - 1] == '\r')) {
        len--;
    }
    if (len == 0 || len >= sizeof out->secret) {
        status = onym_fault_set(fault, ONYM_INVALID, "--secret-file %s: 1 to %u bytes are a secret",
                                secret_file, ONYM_BENCH_SECRET_MAX - 1);
    } else {
        memcpy(out->secret, bytes, len);
        out->secret[len] = '\0';
        out->as = as;
        out->handle = (const char *)handle.at;
    }
    onym_tls_pem_drop(bytes, len);
    return status;
}

__attribute__((format(printf, 2, 3))) static void
put(struct onym_writer *w, const char *format, ...)
{
    char text[512];
    va_list arguments;
    int len;

    va_start(arguments, format);
    len = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    ONYM_REQUIRE(len >= 0 && (size_t)len < sizeof text);
    onym_writer_bytes(w, onym_span_of(text, (size_t)len));
}

void
onym_bench_change_name(const struct onym_bench_identity *identity, uint32_t thread, uint64_t number,
                       struct onym_writer *w)
{
    put(w, "%s/bench.%08" PRIX32 ".%" PRIu32 ".%" PRIu64, identity->under, identity->run, thread,
        number);
}

static void
values_of(onym_span name, uint64_t note, struct value_text value[VALUES])
{
    value[0] = (struct value_text){.index = 2000, .type = "partNo"};
    (void)snprintf(value[0].data, TEXT_MAX, "3001011-K45");
    value[1] = (struct value_text){.index = 2001, .type = "partName"};
    (void)snprintf(value[1].data, TEXT_MAX, "front axle beam, forged, 42CrMo, quenched, tempered");
    value[2] = (struct value_text){.index = 2016, .type = "verifyUrl"};
    (void)snprintf(value[2].data, TEXT_MAX, "https://id.example.cn/%.*s",
                   (int)(name.len < 160 ? name.len : 160), (const char *)name.at);
    value[CHANGING] = (struct value_text){.index = 2019, .type = "remark"};
    (void)snprintf(value[CHANGING].data, TEXT_MAX, "inspected, released, note %" PRIu64, note);
}

static void
put_value(struct onym_writer *w, uint32_t index, const char *type, onym_span data)
{
    onym_writer_u32(w, index);
    onym_writer_u32(w, 0); /* the server sets the time */
    onym_writer_u8(w, 0);
    onym_writer_u32(w, TTL);
    onym_writer_u8(w, PERMISSION);
    onym_writer_counted(w, onym_span_text(type));
    onym_writer_counted(w, data);
    onym_writer_u32(w, 0); /* no references */
}

void
onym_bench_change_handle(const struct onym_bench_identity *identity, onym_span name, bool update,
                         uint64_t note, struct onym_writer *w)
{
    const struct onym_hs_admin admin = {.permissions = ONYM_ADMIN_ALL,
                                        .handle = onym_span_text(identity->handle),
                                        .index = identity->index};
    struct value_text value[VALUES];
    uint8_t data[ONYM_BENCH_HANDLE_MAX + 16];
    size_t len = 0;

    values_of(name, note, value);
    onym_writer_counted(w, name);
    onym_writer_u32(w, update ? 1 : VALUES + 1);
    if (update) {
        put_value(w, value[CHANGING].index, value[CHANGING].type,
                  onym_span_text(value[CHANGING].data));
        return;
    }
    if (onym_hs_admin_encode(&admin, data, sizeof data, &len) != ONYM_OK) {
        w->status = ONYM_NO_SPACE;
        return;
    }
    put_value(w, ADMIN_INDEX, "HS_ADMIN", onym_span_of(data, len));
    for (size_t i = 0; i < VALUES; i++) {
        put_value(w, value[i].index, value[i].type, onym_span_text(value[i].data));
    }
}

void
onym_bench_change_json(const struct onym_bench_identity *identity, onym_span name, uint64_t note,
                       struct onym_writer *w)
{
    struct value_text value[VALUES];

    values_of(name, note, value);
    put(w,
        "[{\"index\":%u,\"type\":\"HS_ADMIN\",\"data\":{\"format\":\"admin\",\"value\":"
        "{\"handle\":\"%s\",\"index\":%" PRIu32 ",\"permissions\":\"111111111111\"}}}",
        ADMIN_INDEX, identity->handle, identity->index);
    for (size_t i = 0; i < VALUES; i++) {
        put(w, ",{\"index\":%" PRIu32 ",\"type\":\"%s\",\"data\":\"%s\"}", value[i].index,
            value[i].type, value[i].data);
    }
    put(w, "]");
}

/* A colon inside the user's name would end it, so the name goes percent-encoded. */
static void
put_user(const struct onym_bench_identity *identity, struct onym_writer *w)
{
    put(w, "%" PRIu32 "%%3A", identity->index);
    for (const char *at = identity->handle; *at != '\0'; at++) {
        if (*at == ':' || *at == '%' || *at <= ' ') {
            put(w, "%%%02X", (unsigned)(unsigned char)*at);
        } else {
            onym_writer_u8(w, (uint8_t)*at);
        }
    }
}

void
onym_bench_change_basic(const struct onym_bench_identity *identity, struct onym_writer *w)
{
    uint8_t plain[1024];
    char encoded[1400];
    struct onym_writer p = onym_writer_over(plain, sizeof plain);
    size_t len;

    put_user(identity, &p);
    onym_writer_u8(&p, ':');
    onym_writer_bytes(&p, onym_span_text(identity->secret));
    if (p.status != ONYM_OK) {
        w->status = p.status;
        return;
    }
    len = onym_base64_encoded_len(ONYM_BASE64_STANDARD, p.len);
    ONYM_REQUIRE(len <= sizeof encoded);
    onym_base64_encode(ONYM_BASE64_STANDARD, onym_writer_written(&p), encoded);
    onym_writer_bytes(w, onym_span_text("Authorization: Basic "));
    onym_writer_bytes(w, onym_span_of(encoded, len));
    onym_writer_bytes(w, onym_span_text("\r\n"));
}
