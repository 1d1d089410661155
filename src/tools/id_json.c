#include "tools/id_print.h"

#include "wire/json_record.h"
#include "wire/json_write.h"

#include <stdlib.h>

/* A first guess that fits ordinary answers; doubled until the text fits. The end is far beyond what
 * the values of one answer, a mebibyte at most, can become when every byte is escaped. */
#define TEXT_LEN_FIRST 16384U
#define TEXT_LEN_LAST  ((size_t)64 << 20)

static void
put_values(struct onym_writer *w, struct onym_value_list values)
{
    onym_span cursor = values.raw;
    struct onym_value value;
    const char *between = "";
    struct onym_time_memo times = {0};

    onym_json_put(w, ",\"values\":[");
    while (onym_value_next(&cursor, &value)) {
        onym_json_put(w, between);
        onym_json_value_write(w, &value, false, &times);
        between = ",";
    }
    onym_json_put(w, "]");
}

static void
put_result(struct onym_writer *w, onym_span name, const struct onym_client_result *r)
{
    bool answered = r->outcome == ONYM_OUTCOME_DONE;

    onym_json_put(w, "{\"responseCode\":");
    if (answered) {
        onym_json_put_u64(w, r->code);
    } else {
        onym_json_put(w, "null,\"status\":");
        onym_json_put_string(w, onym_span_text(onym_status_name(r->status)));
    }
    onym_json_put(w, ",\"handle\":");
    onym_json_put_string(w, name);
    if (r->status == ONYM_OK || r->status == ONYM_VALUE_NOT_FOUND || r->values.count > 0) {
        put_values(w, r->values);
    }
    if (r->status != ONYM_OK && r->status != ONYM_VALUE_NOT_FOUND) {
        onym_json_put(w, ",\"message\":");
        onym_json_put_string(w, r->text.len > 0 ? r->text : onym_span_text(r->detail));
    }
    onym_json_put(w, "}\n");
}

enum onym_status
onym_id_print_json(FILE *out, onym_span name, const struct onym_client_result *result)
{
    for (size_t cap = TEXT_LEN_FIRST; cap <= TEXT_LEN_LAST; cap *= 2) {
        uint8_t *text = malloc(cap);
        struct onym_writer w = onym_writer_over(text, cap);

        if (text == NULL) {
            return ONYM_NO_MEMORY;
        }
        put_result(&w, name, result);
        if (w.status == ONYM_OK) {
            (void)fwrite(text, 1, w.len, out);
            free(text);
            return ONYM_OK;
        }
        free(text);
    }
    return ONYM_NO_SPACE;
}
