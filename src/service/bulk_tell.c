/* What is told of rows and of the whole. */
#include "service/bulk_priv.h"
#include "service/problem.h"
#include "wire/json_write.h"

/* Bytes a line of result may take beside its id, field and detail, and what a byte of those may
 * become. */
#define LINE_BESIDE 256U
#define ESCAPED_MAX 6U

#define LAST_LINE_MAX (1024U + ONYM_PROBLEM_DETAIL_MAX)

static const char *const end_names[ONYM_BULK_ENDS] = {"created", "replaced", "unchanged", "deleted",
                                                      "failed"};

static enum onym_bulk_end
end_of(const struct onym_bulk *b, const struct onym_http_result *result)
{
    if (result->status != ONYM_OK) {
        return ONYM_BULK_ROW_FAILED;
    }
    if (b->options.mode == ONYM_BULK_DELETE) {
        return ONYM_BULK_DELETED;
    }
    return result->unchanged  ? ONYM_BULK_UNCHANGED
           : result->replaced ? ONYM_BULK_REPLACED
                              : ONYM_BULK_CREATED;
}

static onym_span
detail_of(const struct onym_bulk *b, onym_span why, enum onym_status status,
          uint8_t room[ONYM_PROBLEM_DETAIL_MAX])
{
    bool chinese = b->options.chinese;
    const char *title = chinese ? onym_status_chinese(status) : onym_status_text(status);

    return onym_problem_detail(why, title, chinese, room);
}

static void
put_failure(struct onym_writer *w, onym_span field, enum onym_status status, onym_span detail)
{
    onym_json_put(w, ",\"code\":");
    onym_json_put_u64(w, onym_status_wire(status));
    onym_json_put(w, ",\"name\":\"");
    onym_json_put(w, onym_status_name(status));
    onym_json_put(w, "\"");
    if (field.len > 0) {
        onym_json_put(w, ",\"field\":");
        onym_json_put_string(w, field);
    }
    onym_json_put(w, ",\"detail\":");
    onym_json_put_string(w, detail);
}

/* Lines of a stream end in LF; items of an array are parted by a comma. */
static void
put_row(struct onym_bulk *b, uint64_t row, onym_span id, onym_span field,
        const struct onym_http_result *result)
{
    enum onym_bulk_end end = end_of(b, result);
    uint8_t room[ONYM_PROBLEM_DETAIL_MAX];
    onym_span detail = onym_span_of(NULL, 0);
    struct onym_writer w;

    if (end == ONYM_BULK_ROW_FAILED) {
        detail = detail_of(b, result->why, result->status, room);
    }
    if (!onym_bulk_room(b, &b->out,
                        LINE_BESIDE + ESCAPED_MAX * (id.len + field.len + detail.len))) {
        b->unknown++;
        return;
    }
    w = onym_writer_over(b->out.at + b->out.len, b->out.cap - b->out.len);
    onym_json_put(&w, "{\"row\":");
    onym_json_put_u64(&w, row);
    if (id.len > 0) {
        onym_json_put(&w, ",\"id\":");
        onym_json_put_string(&w, id);
    }
    onym_json_put(&w, ",\"status\":\"");
    onym_json_put(&w, end_names[end]);
    onym_json_put(&w, "\"");
    if (end == ONYM_BULK_ROW_FAILED) {
        put_failure(&w, field, result->status, detail);
    } else if (result->revision > 0) {
        onym_json_put(&w, ",\"rev\":");
        onym_json_put_u64(&w, result->revision);
    }
    onym_json_put(&w, "}\n");
    b->out.len += w.len;
}

void
onym_bulk_tell(struct onym_bulk *b, uint64_t row, onym_span id, onym_span field,
               const struct onym_http_result *result)
{
    enum onym_bulk_end end = end_of(b, result);

    b->ends[end]++;
    if (end == ONYM_BULK_ROW_FAILED && b->options.stop_on_error && b->stopped_at == 0) {
        b->stopped_at = row;
    }
    if (b->options.results == ONYM_BULK_ALL ||
        (b->options.results == ONYM_BULK_FAILED && end == ONYM_BULK_ROW_FAILED)) {
        put_row(b, row, id, field, result);
    }
}

void
onym_bulk_settle(struct onym_bulk *b, uint64_t row, const struct onym_http_result *result)
{
    bool about_values = result->status == ONYM_VALUE_INVALID || result->status == ONYM_VALUE_EXISTS;

    b->flying--;
    if (result->status == ONYM_UNCERTAIN || result->status == ONYM_READ_ONLY) {
        b->unknown++; /* to say "failed" would be more than is known */
        onym_bulk_break(b, result->status, "");
        return;
    }
    onym_bulk_tell(b, row, result->name, onym_span_text(about_values ? "values" : ""), result);
}

bool
onym_bulk_finish(struct onym_bulk *b)
{
    uint8_t room[ONYM_PROBLEM_DETAIL_MAX];
    struct onym_writer w;

    if (b->told) {
        return true;
    }
    if (b->flying > 0 || !onym_bulk_done_reading(b)) {
        return false;
    }
    b->told = true;
    b->worked = 0;
    onym_bulk_drop(b, &b->in);
    if (!onym_bulk_room(b, &b->out, LAST_LINE_MAX)) {
        return true; /* and without the line nothing counts as complete */
    }
    w = onym_writer_over(b->out.at + b->out.len, b->out.cap - b->out.len);
    onym_json_put(&w, "{\"summary\":{\"rows\":");
    onym_json_put_u64(&w, b->rows);
    for (unsigned end = 0; end < ONYM_BULK_ENDS; end++) {
        onym_json_put(&w, ",\"");
        onym_json_put(&w, end_names[end]);
        onym_json_put(&w, "\":");
        onym_json_put_u64(&w, b->ends[end]);
    }
    if (b->unknown > 0) {
        onym_json_put(&w, ",\"unknown\":");
        onym_json_put_u64(&w, b->unknown);
    }
    onym_json_put(&w, b->options.dry_run ? ",\"dry_run\":true}" : "}");
    if (b->stopped_at != 0) {
        onym_json_put(&w, ",\"stopped_at\":");
        onym_json_put_u64(&w, b->stopped_at);
    }
    if (b->broken != ONYM_OK) {
        onym_json_put(&w, ",\"code\":");
        onym_json_put_u64(&w, onym_status_wire(b->broken));
        onym_json_put(&w, ",\"name\":\"");
        onym_json_put(&w, onym_status_name(b->broken));
        onym_json_put(&w, "\",\"detail\":");
        onym_json_put_string(&w, detail_of(b, onym_span_text(b->why), b->broken, room));
    }
    onym_json_put(&w, b->broken == ONYM_OK ? ",\"complete\":true}\n" : ",\"complete\":false}\n");
    b->out.len += w.len;
    return true;
}
