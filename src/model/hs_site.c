#include "onym/model/hs_site.h"

#include "base/reader.h"
#include "base/writer.h"

static uint32_t
read_count(struct onym_reader *r)
{
    uint32_t count = onym_reader_u32(r);

    if (count > ONYM_COUNT_MAX) {
        onym_reader_fail(r, ONYM_MALFORMED);
    }
    return count;
}

static struct onym_attribute
read_attribute(struct onym_reader *r)
{
    struct onym_attribute attribute = {0};

    attribute.name = onym_reader_counted(r, ONYM_COUNT_MAX);
    attribute.value = onym_reader_counted(r, ONYM_COUNT_MAX);
    return attribute;
}

static struct onym_server
read_server(struct onym_reader *r)
{
    struct onym_server server = {0};

    server.id = onym_reader_u32(r);
    server.address = onym_reader_bytes(r, ONYM_ADDRESS_LEN);
    server.public_key = onym_reader_counted(r, ONYM_COUNT_MAX);
    server.interfaces.count = read_count(r);
    server.interfaces.raw = onym_reader_bytes(r,
                                              (size_t)server.interfaces.count * ONYM_INTERFACE_LEN);
    return server;
}

static struct onym_attribute_list
read_attributes(struct onym_reader *r)
{
    struct onym_attribute_list list = {.count = read_count(r)};
    onym_span start = r->left;

    for (uint32_t i = 0; i < list.count && r->status == ONYM_OK; i++) {
        (void)read_attribute(r);
    }
    list.raw = onym_span_front(start, start.len - r->left.len);
    return list;
}

static struct onym_server_list
read_servers(struct onym_reader *r)
{
    struct onym_server_list list = {.count = read_count(r)};
    onym_span start = r->left;

    for (uint32_t i = 0; i < list.count && r->status == ONYM_OK; i++) {
        (void)read_server(r);
    }
    list.raw = onym_span_front(start, start.len - r->left.len);
    return list;
}

enum onym_status
onym_hs_site_decode(onym_span data, struct onym_hs_site *out)
{
    struct onym_reader r = onym_reader_over(data);
    struct onym_hs_site site = {0};

    if (onym_reader_u16(&r) != ONYM_SITE_FORMAT) {
        onym_reader_fail(&r, ONYM_UNSUPPORTED);
    }
    site.version = onym_reader_u16(&r);
    site.serial = onym_reader_u16(&r);
    site.flags = onym_reader_u8(&r);
    site.hash_option = onym_reader_u8(&r);
    site.hash_filter = onym_reader_counted(&r, ONYM_COUNT_MAX);
    site.attributes = read_attributes(&r);
    site.servers = read_servers(&r);
    if (r.left.len > 0) {
        onym_reader_fail(&r, ONYM_MALFORMED);
    }

    if (r.status == ONYM_OK) {
        *out = site;
    }
    return r.status;
}

enum onym_status
onym_hs_site_encode(const struct onym_hs_site *site, uint8_t *out, size_t cap, size_t *len)
{
    struct onym_writer w = onym_writer_over(out, cap);

    onym_writer_u16(&w, ONYM_SITE_FORMAT);
    onym_writer_u16(&w, site->version);
    onym_writer_u16(&w, site->serial);
    onym_writer_u8(&w, site->flags);
    onym_writer_u8(&w, site->hash_option);
    onym_writer_counted(&w, site->hash_filter);
    onym_writer_u32(&w, site->attributes.count);
    onym_writer_bytes(&w, site->attributes.raw);
    onym_writer_u32(&w, site->servers.count);
    onym_writer_bytes(&w, site->servers.raw);

    if (w.status == ONYM_OK) {
        *len = w.len;
    }
    return w.status;
}

bool
onym_attribute_next(onym_span *cursor, struct onym_attribute *out)
{
    struct onym_reader r = onym_reader_over(*cursor);
    struct onym_attribute attribute = read_attribute(&r);

    if (r.status != ONYM_OK) {
        return false;
    }
    *cursor = r.left;
    *out = attribute;
    return true;
}

bool
onym_server_next(onym_span *cursor, struct onym_server *out)
{
    struct onym_reader r = onym_reader_over(*cursor);
    struct onym_server server = read_server(&r);

    if (r.status != ONYM_OK) {
        return false;
    }
    *cursor = r.left;
    *out = server;
    return true;
}

bool
onym_interface_next(onym_span *cursor, struct onym_interface *out)
{
    struct onym_reader r = onym_reader_over(*cursor);
    struct onym_interface iface = {0};

    iface.type = onym_reader_u8(&r);
    iface.protocol = onym_reader_u8(&r);
    iface.port = onym_reader_u32(&r);
    if (r.status != ONYM_OK) {
        return false;
    }
    *cursor = r.left;
    *out = iface;
    return true;
}

enum onym_status
onym_attribute_encode(const struct onym_attribute *attribute, uint8_t *out, size_t cap, size_t *len)
{
    struct onym_writer w = onym_writer_over(out, cap);

    onym_writer_counted(&w, attribute->name);
    onym_writer_counted(&w, attribute->value);

    if (w.status == ONYM_OK) {
        *len = w.len;
    }
    return w.status;
}

enum onym_status
onym_interface_encode(const struct onym_interface *iface, uint8_t *out, size_t cap, size_t *len)
{
    struct onym_writer w = onym_writer_over(out, cap);

    onym_writer_u8(&w, iface->type);
    onym_writer_u8(&w, iface->protocol);
    onym_writer_u32(&w, iface->port);

    if (w.status == ONYM_OK) {
        *len = w.len;
    }
    return w.status;
}

enum onym_status
onym_server_encode(const struct onym_server *server, uint8_t *out, size_t cap, size_t *len)
{
    struct onym_writer w = onym_writer_over(out, cap);

    if (server->address.len != ONYM_ADDRESS_LEN) {
        return ONYM_INVALID;
    }
    onym_writer_u32(&w, server->id);
    onym_writer_bytes(&w, server->address);
    onym_writer_counted(&w, server->public_key);
    onym_writer_u32(&w, server->interfaces.count);
    onym_writer_bytes(&w, server->interfaces.raw);

    if (w.status == ONYM_OK) {
        *len = w.len;
    }
    return w.status;
}
