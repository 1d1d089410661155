#include "wire/json_time.h"

#define DAY_S   86400
#define DAY_MS  86400000
#define DAY_LEN 11U /* "1970-01-01T" */

/* Days since 1970-01-01 of a day of the proleptic Gregorian calendar, counted in eras of 400 years
 * that begin in March, so that the leap day is the last of its year. */
static int64_t
days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = y / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool
digits(onym_span *text, size_t count, int64_t *out)
{
    int64_t v = 0;

    if (text->len < count) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (text->at[i] < '0' || text->at[i] > '9') {
            return false;
        }
        v = v * 10 + (text->at[i] - '0');
    }
    *text = onym_span_from(*text, count);
    *out = v;
    return true;
}

static bool
mark(onym_span *text, char c)
{
    if (text->len == 0 || text->at[0] != (uint8_t)c) {
        return false;
    }
    *text = onym_span_from(*text, 1);
    return true;
}

static bool
read_fraction(onym_span *text, int64_t *ms)
{
    int64_t unit = 100;
    int64_t digit;

    if (!digits(text, 1, &digit)) {
        return false;
    }
    do {
        *ms += digit * unit;
        unit /= 10;
    } while (digits(text, 1, &digit));
    return true;
}

/* "Z" or "+hh:mm" to the end; *offset_s is what the clock there is ahead. */
static bool
read_zone(onym_span *text, int64_t *offset_s)
{
    int64_t hour = 0;
    int64_t minute = 0;
    bool behind;

    if (text->len == 1 && mark(text, 'Z')) {
        *offset_s = 0;
        return true;
    }
    behind = text->len > 0 && text->at[0] == '-';
    if (text->len != 6 || (!mark(text, '+') && !mark(text, '-')) || !digits(text, 2, &hour) ||
        !mark(text, ':') || !digits(text, 2, &minute) || hour > 23 || minute > 59) {
        return false;
    }
    *offset_s = (behind ? -1 : 1) * (hour * 3600 + minute * 60);
    return true;
}

enum onym_status
onym_time_parse(onym_span text, uint64_t *epoch_ms)
{
    static const uint8_t month_days[12] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t year, month, day, hour, minute, second, offset_s;
    int64_t ms = 0;

    if (!digits(&text, 4, &year) || !mark(&text, '-') || !digits(&text, 2, &month) ||
        !mark(&text, '-') || !digits(&text, 2, &day) || !mark(&text, 'T') ||
        !digits(&text, 2, &hour) || !mark(&text, ':') || !digits(&text, 2, &minute) ||
        !mark(&text, ':') || !digits(&text, 2, &second)) {
        return ONYM_MALFORMED;
    }
    if (mark(&text, '.') && !read_fraction(&text, &ms)) {
        return ONYM_MALFORMED;
    }
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    if (!read_zone(&text, &offset_s) || year < 1970 || month < 1 || month > 12 || day < 1 ||
        day > month_days[month - 1] || (month == 2 && day == 29 && !leap) || hour > 23 ||
        minute > 59 || second > 59) {
        return ONYM_MALFORMED;
    }
    int64_t s = days_of(year, month, day) * DAY_S + hour * 3600 + minute * 60 + second - offset_s;

    if (s < 0) {
        return ONYM_MALFORMED;
    }
    *epoch_ms = (uint64_t)(s * 1000 + ms);
    return ONYM_OK;
}

struct day {
    unsigned year, month, day;
};

/* The day of the calendar that begins so many days after 1970-01-01; undoes days_of. */
static struct day
day_of(uint64_t days)
{
    uint64_t z = days + 719468;
    uint64_t era = z / 146097;
    uint64_t of_era = z - era * 146097;
    uint64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint64_t of_year = of_era - (365 * y + y / 4 - y / 100);
    uint64_t mp = (5 * of_year + 2) / 153;
    unsigned month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);

    return (struct day){.year = (unsigned)(y + era * 400 + (month <= 2 ? 1 : 0)),
                        .month = month,
                        .day = (unsigned)(of_year - (153 * mp + 2) / 5 + 1)};
}

/* Digits with leading zeros, and what stands behind them; without printf, whose cost is that of
 * all else in an answer. Returns the place behind. */
static char *
put(char *out, unsigned value, unsigned width, char behind)
{
    for (unsigned i = width; i > 0; i--) {
        out[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
    out[width] = behind;
    return out + width + 1;
}

static char *
put_clock(char *out, unsigned of_day, char behind)
{
    out = put(out, of_day / 3600, 2, ':');
    out = put(out, of_day / 60 % 60, 2, ':');
    return put(out, of_day % 60, 2, behind);
}

/* What stands behind the day. */
static void
put_of_day(char *out, unsigned of_day_ms)
{
    unsigned ms = of_day_ms % 1000;

    out = put_clock(out, of_day_ms / 1000, ms != 0 ? '.' : 'Z');
    if (ms != 0) {
        out = put(out, ms, 3, 'Z');
    }
    *out = '\0';
}

void
onym_time_format(uint64_t epoch_ms, char out[ONYM_TIME_TEXT_MAX])
{
    struct day day = day_of(epoch_ms / DAY_MS);

    out = put(out, day.year, 4, '-');
    out = put(out, day.month, 2, '-');
    out = put(out, day.day, 2, 'T');
    put_of_day(out, (unsigned)(epoch_ms % DAY_MS));
}

const char *
onym_time_text(struct onym_time_memo *memo, uint64_t epoch_ms)
{
    if (memo->text[0] == '\0' || memo->epoch_ms / DAY_MS != epoch_ms / DAY_MS) {
        onym_time_format(epoch_ms, memo->text);
    } else if (memo->epoch_ms != epoch_ms) {
        put_of_day(memo->text + DAY_LEN, (unsigned)(epoch_ms % DAY_MS));
    }
    memo->epoch_ms = epoch_ms;
    return memo->text;
}

void
onym_time_http(uint64_t epoch_s, char out[ONYM_TIME_HTTP_LEN])
{
    static const char days[] = "Thu, Fri, Sat, Sun, Mon, Tue, Wed, "; /* from 1970-01-01 */
    static const char months[] = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec ";
    struct day day = day_of(epoch_s / DAY_S);

    memcpy(out, days + epoch_s / DAY_S % 7 * 5, 5);
    out = put(out + 5, day.day, 2, ' ');
    memcpy(out, months + (size_t)(day.month - 1) * 4, 4);
    out = put(out + 4, day.year, 4, ' ');
    out = put_clock(out, (unsigned)(epoch_s % DAY_S), ' ');
    memcpy(out, "GMT", 3);
}
