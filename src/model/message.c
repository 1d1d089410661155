#include "onym/model/message.h"

#include "base/reader.h"

bool
onym_u32_next(onym_span *cursor, uint32_t *out)
{
    if (cursor->len < 4) {
        return false;
    }
    *out = onym_get_u32(cursor->at);
    *cursor = onym_span_of(cursor->at + 4, cursor->len - 4);
    return true;
}

bool
onym_text_next(onym_span *cursor, onym_span *out)
{
    struct onym_reader r = onym_reader_over(*cursor);
    onym_span text = onym_reader_counted(&r, ONYM_COUNT_MAX);

    if (r.status != ONYM_OK || cursor->len == 0) {
        return false;
    }
    *cursor = r.left;
    *out = text;
    return true;
}
