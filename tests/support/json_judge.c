#include "support/json_judge.h"

#include "support/json_judge_data.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

/* RFC 3339 through the C library's calendar. */
static bool
read_time(const json_t *value, unsigned long long *ms)
{
    static const char form[] = "dddd-dd-ddTdd:dd:dd";
    const char *text = json_string_value(value);
    struct tm tm = {0};
    char zone = '\0';
    int offset_h = 0;
    int offset_m = 0;
    int used = 0;
    long long milli = 0;

    if (text == NULL || strlen(text) != json_string_length(value) || strlen(text) < 20) {
        return false;
    }
    for (size_t i = 0; i < sizeof form - 1; i++) {
        if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i]) {
            return false;
        }
    }
    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
               &tm.tm_min, &tm.tm_sec, &used) != 6) {
        return false;
    }
    text += used;
    if (*text == '.') {
        size_t digits = strspn(++text, "0123456789");
        char three[4] = "000";

        if (digits == 0) {
            return false;
        }
        memcpy(three, text, digits < 3 ? digits : 3);
        milli = strtol(three, NULL, 10);
        text += digits;
    }
    if (strcmp(text, "Z") != 0) {
        if (strlen(text) != 6 || (*text != '+' && *text != '-') || text[3] != ':' ||
            strspn(text + 1, "0123456789") != 2 || strspn(text + 4, "0123456789") != 2) {
            return false;
        }
        zone = *text;
        offset_h = (int)strtol(text + 1, NULL, 10);
        offset_m = (int)strtol(text + 4, NULL, 10);
    }
    struct tm asked = tm;

    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    long long s = timegm(&tm);

    /* the calendar puts days that do not exist elsewhere */
    if (asked.tm_year < 1970 || tm.tm_year + 1900 != asked.tm_year ||
        tm.tm_mon + 1 != asked.tm_mon || tm.tm_mday != asked.tm_mday ||
        tm.tm_hour != asked.tm_hour || tm.tm_min != asked.tm_min || tm.tm_sec != asked.tm_sec ||
        offset_h > 23 || offset_m > 59) {
        return false;
    }
    s -= (zone == '-' ? -1 : 1) * (offset_h * 3600LL + offset_m * 60LL);
    *ms = (unsigned long long)(s * 1000 + milli);
    return s >= 0;
}

static bool
put_ttl(struct judge_build *b, const json_t *ttl)
{
    long long seconds = 86400;
    unsigned long long ms;

    if (json_is_string(ttl)) {
        if (!read_time(ttl, &ms) || ms / 1000 > 0xFFFFFFFFULL) {
            return false;
        }
        judge_put_number(b, 1, 1);
        judge_put_number(b, ms / 1000, 4);
        return true;
    }
    if (ttl != NULL && !judge_number(ttl, 0, 0xFFFFFFFFLL, &seconds)) {
        return false;
    }
    judge_put_number(b, 0, 1);
    judge_put_number(b, (unsigned long long)seconds, 4);
    return true;
}

static bool
read_permissions(const json_t *value, unsigned *out)
{
    const char *text = json_string_value(value);

    *out = 14;
    if (value == NULL) {
        return true;
    }
    if (text == NULL || strlen(text) != json_string_length(value)) {
        return false;
    }
    if (strcmp(text, "*") == 0) {
        *out = 15;
        return true;
    }
    *out = (unsigned)strtoul(text, NULL, 2);
    return strlen(text) == 4 && strspn(text, "01") == 4;
}

/* One value into the public or private part. */
static bool
read_value(const json_t *value, uint32_t now_s, struct judged *out, long long *index)
{
    static const char *const names[] = {"index",     "type",        "data",       "ttl",
                                        "timestamp", "permissions", "references", NULL};
    const json_t *timestamp = json_object_get(value, "timestamp");
    const json_t *references = json_object_get(value, "references");
    struct judge_build *b = calloc(2, sizeof *b);
    struct judge_build *data = b + 1;
    unsigned long long ms = now_s * 1000ULL;
    unsigned permissions = 0;
    bool good = judge_only(value, names) &&
                judge_number(json_object_get(value, "index"), 1, 0xFFFFFFFFLL, index) &&
                json_is_string(json_object_get(value, "type")) &&
                json_object_get(value, "data") != NULL &&
                judge_put_data(data, json_object_get(value, "data"), false) && !data->bad &&
                (timestamp == NULL || (read_time(timestamp, &ms) && ms / 1000 <= 0xFFFFFFFFULL)) &&
                read_permissions(json_object_get(value, "permissions"), &permissions);

    if (good) {
        judge_put_number(b, (unsigned long long)*index, 4);
        judge_put_number(b, ms / 1000, 4);
        good = put_ttl(b, json_object_get(value, "ttl"));
        judge_put_number(b, permissions, 1);
        good = good && judge_put_text(b, json_object_get(value, "type"), JUDGE_BYTES_MAX);
        judge_put_counted(b, data->at, data->len);
        if (references == NULL) {
            judge_put_number(b, 0, 4);
        } else {
            good = good && judge_put_references(b, references);
        }
    }
    unsigned part = (permissions & 2) != 0 ? 0 : 1;

    good = good && !b->bad && b->len <= JUDGE_BYTES_MAX - out->lens[part];
    if (good) {
        memcpy(out->bytes[part] + out->lens[part], b->at, b->len);
        out->lens[part] += b->len;
        out->counts[part]++;
    }
    free(b);
    return good;
}

static bool
read_values(const json_t *values, uint32_t now_s, struct judged *out)
{
    long long indexes[64];
    size_t i;
    json_t *value;

    if (!json_is_array(values) || json_array_size(values) > 64) {
        return false;
    }
    json_array_foreach(values, i, value)
    {
        if (!read_value(value, now_s, out, &indexes[i])) {
            return false;
        }
        for (size_t j = 0; j < i; j++) {
            if (indexes[j] == indexes[i]) {
                return false;
            }
        }
    }
    return true;
}

static bool
copy_text(const json_t *value, size_t most, char *out, size_t *len)
{
    if (!json_is_string(value) || json_string_length(value) > most) {
        return false;
    }
    *len = json_string_length(value);
    memcpy(out, json_string_value(value), *len);
    return true;
}

static bool
read_record(const json_t *record, uint32_t now_s, struct judged *out)
{
    static const char *const names[] = {"handle",   "values",  "homed",    "owner",
                                        "revision", "created", "modified", NULL};
    const json_t *values = json_object_get(record, "values");
    const json_t *homed = json_object_get(record, "homed");
    const json_t *owner = json_object_get(record, "owner");
    const json_t *revision = json_object_get(record, "revision");
    const json_t *created = json_object_get(record, "created");
    const json_t *modified = json_object_get(record, "modified");
    long long n = 0;

    if (!judge_only(record, names) ||
        !copy_text(json_object_get(record, "handle"), 2048, out->name, &out->name_len) ||
        (owner != NULL && !copy_text(owner, 255, out->owner, &out->owner_len)) ||
        (homed != NULL && !json_is_boolean(homed)) ||
        (revision != NULL && !judge_number(revision, 1, (1LL << 48) - 1, &n)) ||
        (created != NULL && !read_time(created, &out->created_ms)) ||
        (modified != NULL && !read_time(modified, &out->modified_ms))) {
        return false;
    }
    bool prefix = out->name_len > 5 && strncasecmp(out->name, "0.NA/", 5) == 0;

    out->revision = (unsigned long long)n;
    out->has_values = values != NULL;
    out->has_homed = homed != NULL;
    out->homed = homed == NULL || json_is_true(homed);
    if ((out->has_homed && !prefix) ||
        (values == NULL && !(out->has_homed && out->homed && prefix))) {
        return false;
    }
    return values == NULL || read_values(values, now_s, out);
}

bool
json_judge(onym_span line, uint32_t now_s, struct judged *out)
{
    json_error_t error;
    json_t *tree = json_loadb((const char *)line.at, line.len,
                              JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    bool good;

    memset(out, 0, offsetof(struct judged, bytes));
    good = tree != NULL && read_record(tree, now_s, out);
    json_decref(tree);
    return good;
}
