#include "store/history.h"

#include "onym/model/ident.h"
#include "store/names.h"
#include "store/oplog.h"
#include "store/view_priv.h"

/* What a slice may cost: looking at a filter touches a page or two, reading an entry less. */
#define SLICE_COST  8192U
#define FILTER_COST 4U

struct slice {
    struct onym_oplog_cursor cursor;
    onym_span folded;
    uint64_t next;
    uint32_t left;
    uint32_t cost;
    onym_audit_fn *each;
    void *of;
};

/* Reads from next down to the entry behind first. */
static enum onym_status
read_segment(struct slice *s, uint64_t first)
{
    struct onym_entry entry;
    uint64_t sequence = 0;
    enum onym_status status = onym_oplog_cursor_seek(&s->cursor, s->next, &sequence, &entry);

    for (;;) {
        if (status == ONYM_NOT_FOUND || (status != ONYM_OK && status != ONYM_CORRUPT) ||
            sequence > s->next) {
            return status == ONYM_OK || status == ONYM_CORRUPT ? ONYM_NOT_FOUND : status;
        }
        if (status == ONYM_OK && entry.name.len > 0 &&
            onym_text_equal_nocase(entry.name, s->folded)) {
            s->each(s->of, sequence, &entry);
            s->left--;
        }
        s->next = sequence - 1; /* a damaged entry is passed over: audit verify names it */
        s->cost++;
        if (s->next <= first || s->left == 0 || s->cost >= SLICE_COST) {
            return ONYM_OK;
        }
        status = onym_oplog_cursor_prev(&s->cursor, &sequence, &entry);
    }
}

enum onym_status
onym_history_slice(const struct onym_view *view, onym_span folded, uint64_t *next, uint32_t *left,
                   onym_audit_fn *each, void *of)
{
    struct slice s = {.folded = folded, .next = *next, .left = *left, .each = each, .of = of};
    struct onym_names_probe probe = onym_names_probe(folded);
    uint64_t end = 0;
    enum onym_status status = onym_oplog_cursor_open(view->tables, view->txn, &s.cursor);

    if (status != ONYM_OK) {
        return status;
    }
    status = onym_oplog_cursor_end(&s.cursor, &end);
    s.next = s.next < end ? s.next : end;
    while (status == ONYM_OK && s.next > 0 && s.left > 0 && s.cost < SLICE_COST) {
        uint64_t segment = (s.next - 1) / ONYM_NAMES_SEGMENT;

        s.cost += FILTER_COST;
        if (onym_names_may_hold(view->tables, view->txn, segment, &probe)) {
            status = read_segment(&s, segment * ONYM_NAMES_SEGMENT);
        } else {
            s.next = segment * ONYM_NAMES_SEGMENT;
        }
    }
    onym_oplog_cursor_close(&s.cursor);
    if (status == ONYM_NOT_FOUND) { /* the log begins later */
        s.next = 0;
        status = ONYM_OK;
    }
    *next = s.next;
    *left = s.left;
    return status;
}
