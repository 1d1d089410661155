#include "tools/generate_ident.h"

/* Digits count as themselves, letters from 10; -1 for anything else. */
static int
digit36(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'A' && c <= 'Z') {
        return c - 'A' + 10;
    }
    return c >= 'a' && c <= 'z' ? c - 'a' + 10 : -1;
}

char
onym_check_character(onym_span text)
{
    static const char shown[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    unsigned product = 36;
    bool any = false;

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];
        int value = digit36(c);

        if (c == '.' || c == '-') {
            continue;
        }
        if (value < 0) {
            return 0;
        }
        any = true;
        /* both remainders by subtraction: the sums stay below twice the modulus */
        product += (unsigned)value;
        product -= product > 36 ? 36 : 0;
        product *= 2;
        product -= product >= 37 ? 37 : 0;
    }
    return any ? shown[(37 - product) % 36] : 0;
}

/* ISO 3779 as road vehicles use it: what a letter counts; -1 where it may not stand. */
static int
vin_value(uint8_t c)
{
    static const int8_t letters[26] = {1, 2,  3, 4,  5, 6, 7, 8, -1, 1, 2, 3, 4,
                                       5, -1, 7, -1, 9, 2, 3, 4, 5,  6, 7, 8, 9};

    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'A' && c <= 'Z' ? letters[c - 'A'] : -1;
}

char
onym_vin_check_digit(onym_span vin)
{
    static const uint8_t weights[ONYM_VIN_LEN] = {8, 7, 6, 5, 4, 3, 2, 10, 0,
                                                  9, 8, 7, 6, 5, 4, 3, 2};
    unsigned sum = 0;

    if (vin.len != ONYM_VIN_LEN) {
        return 0;
    }
    for (size_t i = 0; i < ONYM_VIN_LEN; i++) {
        int value = vin_value(vin.at[i]);

        if (value < 0) {
            return 0;
        }
        sum += (unsigned)value * weights[i];
    }
    return "0123456789X"[sum % 11];
}

bool
onym_vin_valid(onym_span vin)
{
    char check = onym_vin_check_digit(vin);

    return check != 0 && (char)vin.at[8] == check;
}

void
onym_compose_number(struct onym_writer *w, uint64_t number)
{
    onym_compose_padded(w, number, 1);
}

void
onym_compose_padded(struct onym_writer *w, uint64_t number, unsigned digits)
{
    uint8_t text[20];
    size_t at = sizeof text;

    while (number > 0 || sizeof text - at < digits) {
        text[--at] = (uint8_t)('0' + number % 10);
        number /= 10;
        if (at == 0) {
            break;
        }
    }
    onym_writer_bytes(w, onym_span_of(text + at, sizeof text - at));
}

void
onym_compose_prefix(struct onym_writer *w, uint32_t enterprise)
{
    onym_writer_bytes(w, onym_span_text("88.9420."));
    onym_compose_number(w, enterprise);
}

static void
put_dotted(struct onym_writer *w, onym_span text)
{
    onym_writer_u8(w, '.');
    onym_writer_bytes(w, text);
}

static void
put_date(struct onym_writer *w, struct onym_date date)
{
    onym_writer_u8(w, '.');
    onym_compose_padded(w, date.year % 100U, 2);
    onym_compose_padded(w, date.month, 2);
    onym_compose_padded(w, date.day, 2);
}

void
onym_ident_compose(struct onym_writer *w, const struct onym_ident_parts *parts)
{
    enum onym_part_kind kind = parts->kind;
    size_t suffix;

    onym_compose_prefix(w, parts->enterprise);
    onym_writer_u8(w, '/');
    suffix = w->len;
    onym_writer_bytes(w, parts->chain);
    onym_writer_u8(w, '.');
    onym_writer_u8(w, (uint8_t)kind);
    if (kind == ONYM_PART_VEHICLE) {
        put_dotted(w, parts->serial);
        return; /* a VIN checks itself */
    }
    put_dotted(w, parts->group);
    if (kind != ONYM_PART_RECORD) {
        put_dotted(w, parts->partno);
    }
    if (kind != ONYM_PART_TYPE && kind != ONYM_PART_EQUIPMENT) {
        put_date(w, parts->date);
    }
    if (kind != ONYM_PART_TYPE) {
        put_dotted(w, parts->serial);
    }
    if (w->status == ONYM_OK && w->at != NULL) {
        char check = onym_check_character(onym_span_of(w->at + suffix, w->len - suffix));

        onym_writer_u8(w, '-');
        onym_writer_u8(w, (uint8_t)check);
    }
}
