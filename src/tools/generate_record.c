#include "tools/generate_record.h"

#include "base/rng.h"
#include "tools/generate_sample.h"

/* A literal, with its length known to the compiler. */
#define PUT(w, literal) onym_writer_bytes((w), onym_span_of((literal), sizeof(literal) - 1))

struct context {
    const struct onym_generate_plan *plan;
    const struct onym_generate_item *item;
    onym_span name;
    struct onym_rng rng;
};

void
onym_generate_name(const struct onym_generate_item *item, struct onym_writer *w)
{
    struct onym_ident_parts parts = onym_generate_parts(item);

    onym_ident_compose(w, &parts);
}

static void
put_short_date(struct onym_writer *w, struct onym_date date)
{
    onym_compose_padded(w, date.year % 100U, 2);
    onym_compose_padded(w, date.month, 2);
    onym_compose_padded(w, date.day, 2);
}

static void
put_date(struct onym_writer *w, struct onym_date date, uint32_t years)
{
    onym_compose_padded(w, date.year + years, 4);
    PUT(w, "-");
    onym_compose_padded(w, date.month, 2);
    PUT(w, "-");
    onym_compose_padded(w, date.day, 2);
}

static void
put_kind(struct onym_writer *w, enum onym_part_kind kind)
{
    static const onym_span names[] = {ONYM_TEXT("整车"), ONYM_TEXT("总成"), ONYM_TEXT("零件"),
                                      ONYM_TEXT("批次"), ONYM_TEXT("型号"), ONYM_TEXT("设备"),
                                      ONYM_TEXT("记录")};

    onym_writer_bytes(w, names[onym_part_kind_rank(kind)]);
}

static void
put_decimal(struct onym_writer *w, uint64_t number, unsigned decimals)
{
    uint64_t unit = 1;

    for (unsigned i = 0; i < decimals; i++) {
        unit *= 10;
    }
    onym_compose_number(w, number / unit);
    if (decimals > 0) {
        PUT(w, ".");
        onym_compose_padded(w, number % unit, decimals);
    }
}

/* Maker 3, product 1, chemistry 1, specification 2, trace 7, date 3, serial 7: the lengths of the
 * combined form of GB/T 34014. */
static void
put_battery_code(struct onym_writer *w, const struct onym_generate_item *item)
{
    static const char days[] = "0123456789ABCDEFGHJKLMNPRSTUVWXY";
    onym_span serial = onym_span_of(item->serial, item->serial_len);
    size_t fill = serial.len < 7 ? 7 - serial.len : 0;

    PUT(w, "0SY");
    onym_writer_u8(w, item->product->kind == ONYM_PART_BATCH    ? 'C'
                      : item->product->kind == ONYM_PART_SINGLE ? 'M'
                                                                : 'P');
    PUT(w, "B77");
    onym_compose_padded(w, item->enterprise, 7);
    onym_writer_u8(w, (uint8_t)('A' + item->date.year % 20));
    onym_writer_u8(w, (uint8_t)days[item->date.month]);
    onym_writer_u8(w, (uint8_t)days[item->date.day]);
    onym_compose_padded(w, 0, (unsigned)fill);
    onym_writer_bytes(w, onym_span_from(serial, serial.len + fill - 7));
}

static void
put_batch_number(struct onym_writer *w, const struct onym_generate_item *item)
{
    if (item->product->kind == ONYM_PART_BATCH) {
        onym_writer_bytes(w, onym_span_of(item->serial, item->serial_len));
        return;
    }
    PUT(w, "B");
    put_short_date(w, item->date);
}

static bool
put_relation(struct onym_writer *w, const struct context *c, enum onym_relation relation)
{
    struct onym_generate_item target;
    bool found = c->item->sample == 0 && onym_generate_related(c->plan, c->item, relation, &target);

    if (!found && !onym_generate_sample_related(c->item, relation, &target)) {
        return false;
    }
    if (relation == ONYM_REL_CHASSIS_VIN) {
        onym_writer_bytes(w, onym_span_of(target.serial, target.serial_len));
    } else {
        onym_generate_name(&target, w);
    }
    return true;
}

/* What the item itself says. False for a source that is not of this kind. */
static bool
put_own(struct onym_writer *w, const struct context *c, const struct onym_field *field)
{
    const struct onym_generate_item *item = c->item;

    switch (field->source) {
    case ONYM_FROM_PARTNO:
        onym_writer_bytes(w, onym_span_of(item->partno, item->partno_len));
        return true;
    case ONYM_FROM_NAME:
        onym_writer_bytes(w, item->product->name);
        return true;
    case ONYM_FROM_SERIAL:
        onym_writer_bytes(w, onym_span_of(item->serial, item->serial_len));
        return true;
    case ONYM_FROM_BATCHNO:
        put_batch_number(w, item);
        return true;
    case ONYM_FROM_MAKER:
        onym_generate_maker(w, item->enterprise);
        return true;
    case ONYM_FROM_BRAND:
        onym_generate_brand(w, item->enterprise);
        return true;
    case ONYM_FROM_KIND:
        put_kind(w, item->product->kind);
        return true;
    case ONYM_FROM_UNIT:
        onym_writer_bytes(w, item->product->unit);
        return true;
    case ONYM_FROM_SUPPLIER:
        PUT(w, "SY");
        onym_compose_padded(w, item->enterprise, 4);
        return true;
    case ONYM_FROM_DATE:
        put_date(w, item->date, field->low);
        return true;
    case ONYM_FROM_BATTERY:
        put_battery_code(w, item);
        return true;
    case ONYM_FROM_MASS:
    case ONYM_FROM_CHOICE:
    case ONYM_FROM_VARIANT:
    case ONYM_FROM_NUMBER:
    case ONYM_FROM_CODE:
    case ONYM_FROM_FILE:
    case ONYM_FROM_URL:
    case ONYM_FROM_RELATION:
        break;
    }
    return false;
}

/* Choices, numbers, composed texts and relations. False when there is nothing to say. */
static bool
put_made(struct onym_writer *w, struct context *c, const struct onym_field *field)
{
    const struct onym_product *product = c->item->product;

    if (field->source == ONYM_FROM_RELATION) {
        return put_relation(w, c, (enum onym_relation)field->low);
    }
    if (field->source == ONYM_FROM_NUMBER) {
        uint64_t span = (uint64_t)field->high - field->low + 1;

        put_decimal(w, field->low + onym_rng_below(&c->rng, span), field->decimals);
        return true;
    }
    if (field->source == ONYM_FROM_MASS) {
        uint64_t part = product->mass_g / 200;

        put_decimal(w, product->mass_g - part + onym_rng_below(&c->rng, 2 * part + 1), 3);
        return true;
    }
    if (field->source == ONYM_FROM_CHOICE) {
        onym_writer_bytes(w, field->choices[onym_rng_below(&c->rng, field->choice_count)]);
        return true;
    }
    if (field->source == ONYM_FROM_VARIANT) {
        onym_writer_bytes(
            w, field->choices[product->variant < field->choice_count ? product->variant : 0]);
        return true;
    }
    onym_writer_bytes(w, field->choices[0]);
    if (field->source == ONYM_FROM_URL) {
        onym_writer_bytes(w, c->name);
    } else if (field->source == ONYM_FROM_CODE) {
        for (uint32_t i = 0; i < field->low; i++) {
            onym_writer_u8(w, (uint8_t)('0' + onym_rng_below(&c->rng, 10)));
        }
    } else {
        put_short_date(w, c->item->date);
        PUT(w, "-");
        onym_writer_bytes(w, onym_span_of(c->item->serial, c->item->serial_len));
        PUT(w, ".pdf");
    }
    return true;
}

static void
put_tail(struct onym_writer *w, const struct onym_field *field, bool all_public)
{
    if (field->ttl == 0) {
        PUT(w, "\"},\"ttl\":86400");
    } else {
        PUT(w, "\"},\"ttl\":");
        onym_compose_number(w, field->ttl);
    }
    if (field->access == 'O' || all_public) {
        PUT(w, "}"); /* 1110 is what a value without permissions has */
    } else {
        PUT(w, ",\"permissions\":\"1100\"}");
    }
}

void
onym_generate_record(const struct onym_generate_plan *plan, const struct onym_generate_item *item,
                     onym_span name, struct onym_writer *w)
{
    struct context c = {
        .plan = plan, .item = item, .name = name, .rng = onym_rng_seeded(item->noise)};
    bool first = true;

    PUT(w, "{\"handle\":\"");
    onym_writer_bytes(w, name);
    PUT(w, "\",\"values\":[");
    for (uint64_t left = item->fields; left != 0; left &= left - 1) {
        const struct onym_field *field = onym_chain_field(item->chain,
                                                          (unsigned)__builtin_ctzll(left));
        size_t before = w->len;

        if (!first) {
            PUT(w, ",");
        }
        onym_writer_bytes(w, field->head);
        if (!put_own(w, &c, field) && !put_made(w, &c, field)) {
            w->len = before; /* nothing to name: the value is left out */
            continue;
        }
        put_tail(w, field, item->all_public);
        first = false;
    }
    PUT(w, "]}\n");
}
