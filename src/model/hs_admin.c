#include "onym/model/hs_admin.h"

#include "base/reader.h"
#include "base/writer.h"

enum onym_status
onym_hs_admin_decode(onym_span data, struct onym_hs_admin *out)
{
    static const uint8_t zeros[2] = {0, 0};
    struct onym_reader r = onym_reader_over(data);
    struct onym_hs_admin admin = {0};

    admin.permissions = onym_reader_u16(&r);
    admin.handle = onym_reader_counted(&r, ONYM_NAME_LEN_MAX);
    admin.index = onym_reader_u32(&r);
    admin.legacy_tail = onym_span_equal(r.left, onym_span_of(zeros, sizeof zeros));
    if (r.left.len > 0 && !admin.legacy_tail) {
        onym_reader_fail(&r, ONYM_MALFORMED);
    }

    if (r.status == ONYM_OK) {
        *out = admin;
    }
    return r.status;
}

enum onym_status
onym_hs_admin_encode(const struct onym_hs_admin *admin, uint8_t *out, size_t cap, size_t *len)
{
    struct onym_writer w = onym_writer_over(out, cap);

    onym_writer_u16(&w, admin->permissions);
    onym_writer_counted(&w, admin->handle);
    onym_writer_u32(&w, admin->index);

    if (w.status == ONYM_OK) {
        *len = w.len;
    }
    return w.status;
}
