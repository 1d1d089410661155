/* Any bytes as a line of load: what is accepted must be written as a line that is accepted and
 * means the same. */
#include "base/require.h"
#include "wire/json_record.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW_S 1767225600U

/* What one line becomes, in memory of its own. */
struct line_record {
    struct onym_record record;
    uint8_t bytes[ONYM_NAME_LEN_MAX + ONYM_OWNER_LEN_MAX + ONYM_VALUES_LEN_MAX];
};

static onym_span
copy(struct line_record *to, size_t *used, onym_span from)
{
    onym_span copied = onym_span_of(to->bytes + *used, from.len);

    if (from.len > 0) {
        memcpy(to->bytes + *used, from.at, from.len);
    }
    *used += from.len;
    return copied;
}

static void
keep(struct line_record *to, const struct onym_json_record *read)
{
    size_t used = 0;

    to->record = (struct onym_record){.revision = read->revision != 0 ? read->revision : 1,
                                      .created_ms = read->created_ms,
                                      .modified_ms = read->modified_ms};
    to->record.name = copy(to, &used, read->name);
    to->record.owner = copy(to, &used, read->owner);
    to->record.public_values = read->public_values;
    to->record.public_values.raw = copy(to, &used, read->public_values.raw);
    to->record.private_values = read->private_values;
    to->record.private_values.raw = copy(to, &used, read->private_values.raw);
}

static void
write_again(struct onym_json_reader *reader, const struct line_record *kept,
            const struct onym_json_record *first, struct onym_writer *w)
{
    const struct onym_record *r = &kept->record;
    bool homed = first->homed;
    bool has_values = first->has_values;
    struct onym_json_record second;
    struct onym_json_error error;

    if (has_values) {
        onym_json_record_write(w, r, homed);
    } else {
        onym_json_prefix_write(w, r);
    }
    if (w->status != ONYM_OK || w->len > ONYM_LINE_LEN_MAX) {
        return; /* longer than a line may be */
    }
    ONYM_REQUIRE(onym_json_record_read(reader, onym_writer_written(w), NOW_S, &second, &error) ==
                 ONYM_OK);
    ONYM_REQUIRE(onym_span_equal(second.name, r->name));
    ONYM_REQUIRE(onym_span_equal(second.owner, r->owner));
    ONYM_REQUIRE(second.homed == homed && second.has_values == has_values);
    ONYM_REQUIRE(second.revision == r->revision && second.created_ms == r->created_ms &&
                 second.modified_ms == r->modified_ms);
    ONYM_REQUIRE(second.public_values.count == r->public_values.count &&
                 second.private_values.count == r->private_values.count);
    ONYM_REQUIRE(onym_span_equal(second.public_values.raw, r->public_values.raw));
    ONYM_REQUIRE(onym_span_equal(second.private_values.raw, r->private_values.raw));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct onym_json_reader *reader;
    struct onym_json_record first;
    struct onym_json_error error;

    if (size > ONYM_LINE_LEN_MAX) {
        return 0;
    }
    ONYM_REQUIRE(onym_json_reader_new(&reader) == ONYM_OK);
    if (onym_json_record_read(reader, onym_span_of(data, size), NOW_S, &first, &error) == ONYM_OK) {
        struct line_record *kept = malloc(sizeof *kept);
        uint8_t *text = malloc(ONYM_LINE_LEN_MAX);

        ONYM_REQUIRE(kept != NULL && text != NULL);
        ONYM_REQUIRE(onym_value_list_check(first.public_values) == ONYM_OK &&
                     onym_value_list_check(first.private_values) == ONYM_OK);
        keep(kept, &first);

        struct onym_writer w = onym_writer_over(text, ONYM_LINE_LEN_MAX);

        write_again(reader, kept, &first, &w);
        free(text);
        free(kept);
    }
    onym_json_reader_free(reader);
    return 0;
}
