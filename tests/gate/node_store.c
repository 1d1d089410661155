#include "base/writer.h"
#include "gate/node.h"
#include "onym/model/ident.h"
#include "store/change.h"

#include <stdio.h>
#include <stdlib.h>

/* The values of one record while they are made. */
struct draft {
    struct onym_value_list list;
    uint8_t bytes[2048];
};

static void
add(struct draft *d, uint32_t index, const char *type, onym_span data, uint8_t permissions)
{
    struct onym_value value = {.index = index,
                               .timestamp = 1600000000,
                               .ttl_type = ONYM_TTL_RELATIVE,
                               .ttl = ONYM_TTL_DEFAULT,
                               .permissions = permissions,
                               .type = onym_span_text(type),
                               .data = data};
    size_t used = d->list.raw.len;
    size_t len;

    gate_need(onym_value_encode(&value, d->bytes + used, sizeof d->bytes - used, &len) == ONYM_OK,
              "encode a value");
    d->list.raw = onym_span_of(d->bytes, used + len);
    d->list.count++;
}

static void
put(struct onym_change *change, enum onym_kind kind, const char *name, const struct draft *open,
    const struct draft *closed)
{
    struct onym_record record = {.name = onym_span_text(name),
                                 .state = ONYM_STATE_ACTIVE,
                                 .revision = 1,
                                 .created_ms = 1000000,
                                 .modified_ms = 1000000,
                                 .public_values = open->list,
                                 .private_values = closed->list};
    uint8_t folded[ONYM_PREFIX_NAME_LEN_MAX];
    uint8_t room[ONYM_CHANGE_KEY_LEN_MAX];
    onym_span key;

    onym_ident_upper(record.name, folded);
    key = onym_change_key(change, kind, onym_span_of(folded, record.name.len), room);
    gate_need(onym_change_put(change, key, &record) == ONYM_OK, "store a record");
}

/* The prefix: its administrators are a group, of which index 301 of the same record is one. */
static void
put_prefixes(struct onym_change *change)
{
    static const struct draft none;
    static const uint8_t site[64] = {0, 1, 2, 11, 0, 7, 0x80, 2};
    struct draft open = {.list = {.count = 0}};
    struct draft foreign = {.list = {.count = 0}};
    struct onym_hs_admin admin = {
        .permissions = ONYM_ADMIN_ALL, .handle = onym_span_text(GATE_ADMIN), .index = 200};
    uint8_t data[256];
    uint8_t refs[256];
    struct onym_writer w = onym_writer_over(refs, sizeof refs);
    size_t len;

    gate_need(onym_hs_admin_encode(&admin, data, sizeof data, &len) == ONYM_OK, "encode HS_ADMIN");
    add(&open, 100, "HS_ADMIN", onym_span_of(data, len), ONYM_PERM_DEFAULT);
    onym_writer_u32(&w, 2);
    for (uint32_t i = 300; i < 302; i++) {
        onym_writer_counted(&w, onym_span_text(GATE_ADMIN));
        onym_writer_u32(&w, i);
    }
    add(&open, 200, "HS_VLIST", onym_writer_written(&w), ONYM_PERM_DEFAULT);
    put(change, ONYM_KIND_HANDLE, GATE_ADMIN, &open, &none);
    put(change, ONYM_KIND_PREFIX, GATE_ADMIN, &none, &none);
    add(&foreign, 1, "HS_SITE", onym_span_of(site, sizeof site), ONYM_PERM_DEFAULT);
    put(change, ONYM_KIND_HANDLE, "0.NA/" GATE_FOREIGN, &foreign, &none);
}

static void
put_numbered(struct onym_change *change, const char *what, unsigned number, unsigned values,
             bool closed)
{
    static const char *const types[] = {"URL", "DESC", "MODEL", "BATCH"};
    struct draft open = {.list = {.count = 0}};
    struct draft hidden = {.list = {.count = 0}};
    char text[64];

    for (unsigned i = 0; i < values; i++) {
        (void)snprintf(text, sizeof text, "value %02u of number %04u, forty bytes long", i, number);
        add(&open, i + 1, types[i % 4], onym_span_text(text), ONYM_PERM_DEFAULT);
    }
    if (closed) {
        add(&hidden, 300, "HS_SECKEY", onym_span_text("hidden"), ONYM_PERM_ADMIN_READ);
    }
    (void)snprintf(text, sizeof text, GATE_PREFIX "/%s-%04u", what, number);
    put(change, ONYM_KIND_HANDLE, text, &open, &hidden);
}

void
gate_store_fill(struct onym_env *env)
{
    struct onym_fault fault = {0};
    struct onym_change *change;

    gate_need(onym_change_begin(env, &change, &fault) == ONYM_OK, "write its store");
    put_prefixes(change);
    for (unsigned i = 0; i < GATE_PARTS; i++) {
        put_numbered(change, "part", i, 3, false);
    }
    for (unsigned i = 0; i < GATE_WIDE; i++) {
        put_numbered(change, "wide", i, 12, false);
    }
    for (unsigned i = 0; i < GATE_CLOSED; i++) {
        put_numbered(change, "closed", i, 3, true);
    }
    gate_need(onym_change_commit(change, &fault) == ONYM_OK, "commit its store");
}
