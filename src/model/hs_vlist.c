#include "onym/model/hs_vlist.h"

#include "base/reader.h"
#include "base/writer.h"

enum onym_status
onym_hs_vlist_decode(onym_span data, struct onym_reference_list *out)
{
    struct onym_reader r = onym_reader_over(data);
    uint32_t count = onym_reader_u32(&r);
    onym_span raw = r.left;

    if (count > ONYM_COUNT_MAX) {
        onym_reader_fail(&r, ONYM_MALFORMED);
    }
    for (uint32_t i = 0; i < count && r.status == ONYM_OK; i++) {
        (void)onym_reader_counted(&r, ONYM_NAME_LEN_MAX);
        (void)onym_reader_u32(&r);
    }
    if (r.left.len > 0) {
        onym_reader_fail(&r, ONYM_MALFORMED);
    }

    if (r.status == ONYM_OK) {
        *out = (struct onym_reference_list){.raw = raw, .count = count};
    }
    return r.status;
}

enum onym_status
onym_hs_vlist_encode(const struct onym_reference_list *list, uint8_t *out, size_t cap, size_t *len)
{
    struct onym_writer w = onym_writer_over(out, cap);

    onym_writer_u32(&w, list->count);
    onym_writer_bytes(&w, list->raw);

    if (w.status == ONYM_OK) {
        *len = w.len;
    }
    return w.status;
}
