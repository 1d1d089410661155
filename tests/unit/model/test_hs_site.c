/* HS_SITE: put together from its items, taken apart again, cut short at every byte. */
#include "onym/model/hs_site.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the four above and below it in place */
#include <cmocka.h>
#include <stdlib.h>

#define ROOM 512U

/* A site of one attribute and two servers, the second without interfaces. */
static size_t
build(uint8_t *out)
{
    static const uint8_t address[ONYM_ADDRESS_LEN] = {[12] = 127, [15] = 1};
    const struct onym_interface ifaces[] = {{ONYM_INTERFACE_BOTH, ONYM_INTERFACE_TCP, 2641},
                                            {ONYM_INTERFACE_QUERY, ONYM_INTERFACE_UDP, 2641}};
    const struct onym_attribute desc = {onym_span_text("desc"), onym_span_text("node")};
    uint8_t attributes[ROOM];
    uint8_t interfaces[2 * ONYM_INTERFACE_LEN];
    uint8_t servers[ROOM];
    size_t attributes_len;
    size_t len = 0;
    size_t used = 0;

    assert_int_equal(onym_attribute_encode(&desc, attributes, ROOM, &attributes_len), ONYM_OK);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(onym_interface_encode(&ifaces[i], interfaces + 6 * i, 6, &len), ONYM_OK);
        assert_int_equal(len, ONYM_INTERFACE_LEN);
    }
    for (uint32_t id = 1; id <= 2; id++) {
        struct onym_server server = {
            .id = id,
            .address = onym_span_of(address, sizeof address),
            .public_key = onym_span_text("key"),
            .interfaces = {onym_span_of(interfaces, id == 1 ? 12 : 0), id == 1 ? 2 : 0}};

        assert_int_equal(onym_server_encode(&server, servers + used, ROOM - used, &len), ONYM_OK);
        used += len;
    }
    struct onym_hs_site site = {.version = 0x020B,
                                .serial = 9,
                                .flags = ONYM_SITE_PRIMARY,
                                .hash_option = 2,
                                .attributes = {onym_span_of(attributes, attributes_len), 1},
                                .servers = {onym_span_of(servers, used), 2}};
    assert_int_equal(onym_hs_site_encode(&site, out, ROOM, &len), ONYM_OK);
    assert_int_equal(onym_hs_site_encode(&site, out, len - 1, &used), ONYM_NO_SPACE);
    return len;
}

static void
site_comes_apart_as_it_was_put_together(void **state)
{
    uint8_t data[ROOM];
    size_t len = build(data);
    struct onym_hs_site site;
    struct onym_attribute attribute;
    struct onym_server server;
    struct onym_interface iface;

    (void)state;
    assert_int_equal(onym_hs_site_decode(onym_span_of(data, len), &site), ONYM_OK);
    assert_int_equal(site.version, 0x020B);
    assert_int_equal(site.serial, 9);
    assert_int_equal(site.flags, ONYM_SITE_PRIMARY);
    assert_int_equal(site.hash_option, 2);
    assert_true(onym_attribute_next(&site.attributes.raw, &attribute));
    assert_true(onym_span_equal(attribute.value, onym_span_text("node")));
    assert_false(onym_attribute_next(&site.attributes.raw, &attribute));
    assert_true(onym_server_next(&site.servers.raw, &server));
    assert_int_equal(server.id, 1);
    assert_int_equal(server.address.at[15], 1);
    assert_true(onym_interface_next(&server.interfaces.raw, &iface));
    assert_int_equal(iface.type, ONYM_INTERFACE_BOTH);
    assert_int_equal(iface.protocol, ONYM_INTERFACE_TCP);
    assert_int_equal(iface.port, 2641);
    assert_true(onym_interface_next(&server.interfaces.raw, &iface));
    assert_int_equal(iface.protocol, ONYM_INTERFACE_UDP);
    assert_false(onym_interface_next(&server.interfaces.raw, &iface));
    assert_true(onym_server_next(&site.servers.raw, &server));
    assert_int_equal(server.interfaces.count, 0);
    assert_false(onym_server_next(&site.servers.raw, &server));
}

static void
site_refuses_any_part_of_itself_and_more(void **state)
{
    uint8_t data[ROOM] = {0};
    size_t len = build(data);
    struct onym_hs_site site = {.serial = 77};

    (void)state;
    for (size_t cut = 2; cut < len; cut++) {
        assert_int_equal(onym_hs_site_decode(onym_span_of(data, cut), &site), ONYM_MALFORMED);
    }
    assert_int_equal(onym_hs_site_decode(onym_span_of(data, len + 1), &site), ONYM_MALFORMED);
    assert_int_equal(site.serial, 77);
}

static void
site_of_another_format_is_unsupported(void **state)
{
    uint8_t data[ROOM];
    size_t len = build(data);
    struct onym_hs_site site;

    (void)state;
    data[1] = 2;
    assert_int_equal(onym_hs_site_decode(onym_span_of(data, len), &site), ONYM_UNSUPPORTED);
    data[1] = 0;
    assert_int_equal(onym_hs_site_decode(onym_span_of(data, len), &site), ONYM_UNSUPPORTED);
}

static void
site_refuses_counts_that_are_not_there(void **state)
{
    static const size_t counts[] = {12, 16}; /* of attributes, of servers, in an empty site */
    static const uint32_t wrong[] = {1, ONYM_COUNT_MAX, ONYM_COUNT_MAX + 1, UINT32_MAX};
    uint8_t data[20] = {0, 1};
    struct onym_hs_site site;

    (void)state;
    assert_int_equal(onym_hs_site_decode(onym_span_of(data, sizeof data), &site), ONYM_OK);
    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 0; j < 4; j++) {
            onym_put_u32(data + counts[i], wrong[j]);
            assert_int_equal(onym_hs_site_decode(onym_span_of(data, sizeof data), &site),
                             ONYM_MALFORMED);
        }
        onym_put_u32(data + counts[i], 0);
    }
}

/* An empty site but for count items of item_len zero bytes in the list whose count is at `at`. */
static enum onym_status
decode_many(size_t at, uint32_t count, size_t item_len)
{
    size_t len = 20 + count * item_len;
    uint8_t *data = calloc(1, len);
    struct onym_hs_site site;
    enum onym_status status;

    assert_non_null(data);
    data[1] = 1;
    onym_put_u32(data + at, count);
    status = onym_hs_site_decode(onym_span_of(data, len), &site);
    free(data);
    return status;
}

static void
site_takes_lists_of_the_greatest_count_and_refuses_one_more(void **state)
{
    (void)state;
    assert_int_equal(decode_many(12, ONYM_COUNT_MAX, 8), ONYM_OK); /* attributes: two empty texts */
    assert_int_equal(decode_many(12, ONYM_COUNT_MAX + 1, 8), ONYM_MALFORMED);
    assert_int_equal(decode_many(16, ONYM_COUNT_MAX, 28), ONYM_OK); /* servers without anything */
    assert_int_equal(decode_many(16, ONYM_COUNT_MAX + 1, 28), ONYM_MALFORMED);
}

static void
site_keeps_bits_it_does_not_know(void **state)
{
    uint8_t data[20] = {0, 1, 2, 11, 0, 7, 0xFF, 9};
    uint8_t out[20];
    struct onym_hs_site site;
    size_t len;

    (void)state;
    assert_int_equal(onym_hs_site_decode(onym_span_of(data, sizeof data), &site), ONYM_OK);
    assert_int_equal(onym_hs_site_encode(&site, out, sizeof out, &len), ONYM_OK);
    assert_int_equal(len, sizeof data);
    assert_memory_equal(out, data, sizeof data);
}

static void
server_address_has_sixteen_bytes(void **state)
{
    static const uint8_t address[17] = {0};
    struct onym_server server = {.address = onym_span_of(address, 16)};
    uint8_t out[64];
    size_t len;

    (void)state;
    assert_int_equal(onym_server_encode(&server, out, sizeof out, &len), ONYM_OK);
    server.address.len = 15;
    assert_int_equal(onym_server_encode(&server, out, sizeof out, &len), ONYM_INVALID);
    server.address.len = 17;
    assert_int_equal(onym_server_encode(&server, out, sizeof out, &len), ONYM_INVALID);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(site_comes_apart_as_it_was_put_together),
        cmocka_unit_test(site_refuses_any_part_of_itself_and_more),
        cmocka_unit_test(site_of_another_format_is_unsupported),
        cmocka_unit_test(site_refuses_counts_that_are_not_there),
        cmocka_unit_test(site_takes_lists_of_the_greatest_count_and_refuses_one_more),
        cmocka_unit_test(site_keeps_bits_it_does_not_know),
        cmocka_unit_test(server_address_has_sixteen_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
