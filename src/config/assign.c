#include "config/assign.h"

#include "base/utf8.h"
#include "config/report.h"
#include "config/suggest.h"
#include "config/units.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

/* One item on its way into the settings. */
struct item {
    struct onym_config_assign *assign;
    const struct onym_config_key *key;
    onym_span text;
    struct onym_config_origin origin;
    char shown[ONYM_CONFIG_QUOTED_MAX]; /* text for messages */
};

/* "shown problem; expected ...[; did you mean guess?]" */
static void
refuse(const struct item *item, const char *problem, const char *guess)
{
    char expected[ONYM_CONFIG_EXPECTED_MAX];

    onym_config_expected(item->key, expected);
    onym_config_report_add(item->assign->work->report, item->origin, item->key->name,
                           "%s %s; expected %s%s%s%s", item->shown, problem, expected,
                           guess != NULL ? "; did you mean " : "", guess != NULL ? guess : "",
                           guess != NULL ? "?" : "");
}

static void *
field(const struct item *item)
{
    return (char *)item->assign->work->settings + item->key->offset;
}

static void
store_u32(const struct item *item, uint64_t v)
{
    uint32_t narrow = (uint32_t)v; /* the range of every such key ends below 2^32 */

    memcpy(field(item), &narrow, sizeof narrow);
}

static bool
in_range(const struct item *item, uint64_t v)
{
    if (v < item->key->min || v > item->key->max) {
        refuse(item, "is out of range", NULL);
        return false;
    }
    return true;
}

static void
set_text(const struct item *item)
{
    bool name = item->key->type == ONYM_CONFIG_NAME;
    char *out = field(item);

    if (item->text.len < item->key->min) {
        refuse(item, "is empty", NULL);
        return;
    }
    if (item->text.len > item->key->max) {
        refuse(item, "is too long", NULL);
        return;
    }
    for (size_t i = 0; i < item->text.len; i++) {
        uint8_t c = item->text.at[i];
        if (name ? !isalnum(c) && c != '.' && c != '_' && c != '-' : c < 0x20 || c == 0x7F) {
            refuse(item, "has a character that is not allowed", NULL);
            return;
        }
    }
    if (!onym_utf8_valid(item->text)) {
        refuse(item, "is not UTF-8", NULL);
        return;
    }
    if (item->text.len > 0) {
        memcpy(out, item->text.at, item->text.len);
    }
    out[item->text.len] = 0;
}

/* "300:0.NA/88.9420 301:88.9420/admin": each an index and a handle. */
static bool
is_who(onym_span text)
{
    while (text.len > 0) {
        const uint8_t *space = memchr(text.at, ' ', text.len);
        size_t len = space != NULL ? (size_t)(space - text.at) : text.len;
        const uint8_t *colon = memchr(text.at, ':', len);
        size_t digits = colon != NULL ? (size_t)(colon - text.at) : 0;

        if (digits == 0 || digits > 9 || digits + 1 == len) {
            return false;
        }
        for (size_t i = 0; i < digits; i++) {
            if (text.at[i] < '0' || text.at[i] > '9') {
                return false;
            }
        }
        text = onym_span_from(text, len + (space != NULL ? 1 : 0));
    }
    return true;
}

static void
set_who(const struct item *item)
{
    char *out = field(item);

    if (item->text.len == 0) {
        out[0] = '\0';
    } else if (!is_who(item->text)) {
        refuse(item, "is not a list of index:handle", NULL);
    } else {
        set_text(item);
    }
}

/* What a result other than ONYM_UNIT_OK says; otherwise for a syntax with nothing better to say. */
static const char *
problem_of(enum onym_unit_result result, const char *otherwise)
{
    static const char *const problems[] = {
        [ONYM_UNIT_NO_UNIT] = "has no unit",
        [ONYM_UNIT_HUGE] = "is out of range",
        [ONYM_UNIT_NO_PORT] = "has no port",
        [ONYM_UNIT_NO_BRACKETS] = "needs brackets around its IPv6 address",
        [ONYM_UNIT_BAD_PORT] = "has no port from 0 to 65535",
        [ONYM_UNIT_NAME] = "is a name, and names are not looked up here",
        [ONYM_UNIT_HOST_BITS] = "has bits behind its prefix length",
        [ONYM_UNIT_MAPPED] = "is an IPv4 network in the form of IPv6",
        [ONYM_UNIT_BITS] = "has a prefix length beyond its address",
    };

    return problems[result] != NULL ? problems[result] : otherwise;
}

static void
set_number(const struct item *item)
{
    uint64_t v = 0;
    enum onym_unit_result result = onym_number_parse(item->text, &v);

    if (result != ONYM_UNIT_OK) {
        refuse(item, problem_of(result, "is not a whole number"), NULL);
    } else if (in_range(item, v)) {
        store_u32(item, v);
    }
}

static void
set_size(const struct item *item)
{
    char guess[ONYM_UNIT_TEXT_MAX];
    uint64_t v = 0;
    enum onym_unit_result result = onym_size_parse(item->text, &v);

    if (result != ONYM_UNIT_OK) {
        bool guessed = result == ONYM_UNIT_SYNTAX && onym_size_guess(item->text, guess);
        refuse(item, problem_of(result, "is not a size"), guessed ? guess : NULL);
    } else if (in_range(item, v)) {
        memcpy(field(item), &v, sizeof v);
    }
}

static void
set_duration(const struct item *item)
{
    const uint32_t unit = item->key->unit_ms;
    uint64_t ms = 0;
    enum onym_unit_result result = onym_duration_parse(item->text, &ms);

    if (result != ONYM_UNIT_OK) {
        refuse(item, problem_of(result, "is not a duration"), NULL);
    } else if (ms < item->key->min * unit || ms > item->key->max * unit) {
        refuse(item, "is out of range", NULL);
    } else if (ms % unit != 0) {
        refuse(item, "is not a whole number of seconds", NULL);
    } else {
        store_u32(item, ms / unit);
    }
}

static void
set_rate(const struct item *item)
{
    char guess[ONYM_UNIT_TEXT_MAX];
    uint64_t v = 0;
    enum onym_unit_result result = onym_rate_parse(item->text, &v);

    if (result != ONYM_UNIT_OK) {
        bool guessed = result == ONYM_UNIT_NO_UNIT && item->text.len < 20;
        (void)snprintf(guess, sizeof guess, "%.*s/s", guessed ? (int)item->text.len : 0,
                       (const char *)item->text.at);
        refuse(item, problem_of(result, "is not a rate"), guessed ? guess : NULL);
    } else if (in_range(item, v)) {
        store_u32(item, v);
    }
}

static void
set_word(const struct item *item)
{
    struct onym_config_suggest s = onym_config_suggest_for(item->text);

    for (size_t i = 0; item->key->words[i] != NULL; i++) {
        if (onym_span_equal(item->text, onym_span_text(item->key->words[i]))) {
            store_u32(item, i);
            return;
        }
        onym_config_suggest_try(&s, item->key->words[i]);
    }
    refuse(item, "is not one of the words", s.best);
}

static void
add_address(const struct item *item)
{
    struct onym_address_list *list = field(item);
    struct onym_address address;
    enum onym_unit_result result = onym_address_parse(item->text, &address);

    if (result != ONYM_UNIT_OK) {
        refuse(item, problem_of(result, "is not an address"), NULL);
        return;
    }
    list->item[list->count++] = address;
}

static void
add_network(const struct item *item)
{
    struct onym_network_list *list = field(item);
    char guess[ONYM_UNIT_TEXT_MAX];
    struct onym_network network;
    enum onym_unit_result result = onym_network_parse(item->text, &network);

    if (result != ONYM_UNIT_OK) {
        bool guessed = result == ONYM_UNIT_HOST_BITS || result == ONYM_UNIT_MAPPED;
        if (guessed) {
            onym_network_format(&network, guess);
        }
        refuse(item, problem_of(result, "is not a network"), guessed ? guess : NULL);
        return;
    }
    list->item[list->count++] = network;
}

struct onym_config_assign
onym_config_assign_begin(const struct onym_config_work *work, size_t key,
                         struct onym_config_origin origin)
{
    const struct onym_config_key *k = onym_config_key_at(key);
    char *at = (char *)work->settings + k->offset;

    work->report->origin[key] = origin;
    if (k->type == ONYM_CONFIG_ADDRESSES) {
        memset(at, 0, sizeof(struct onym_address_list));
    } else if (k->type == ONYM_CONFIG_NETWORKS) {
        memset(at, 0, sizeof(struct onym_network_list));
    }
    return (struct onym_config_assign){.work = work, .key = k};
}

void
onym_config_assign_item(struct onym_config_assign *assign, onym_span text, bool quoted,
                        struct onym_config_origin origin)
{
    static void (*const set[])(const struct item *) = {
        [ONYM_CONFIG_NAME] = set_text,         [ONYM_CONFIG_PATH] = set_text,
        [ONYM_CONFIG_WHO] = set_who,           [ONYM_CONFIG_NUMBER] = set_number,
        [ONYM_CONFIG_SIZE] = set_size,         [ONYM_CONFIG_DURATION] = set_duration,
        [ONYM_CONFIG_RATE] = set_rate,         [ONYM_CONFIG_WORD] = set_word,
        [ONYM_CONFIG_ADDRESSES] = add_address, [ONYM_CONFIG_NETWORKS] = add_network};
    struct item item = {.assign = assign, .key = assign->key, .text = text, .origin = origin};

    onym_config_quote(text, item.shown);
    if (onym_config_is_list(assign->key) && assign->count++ >= assign->key->max) {
        if (assign->count == assign->key->max + 1) {
            onym_config_report_add(assign->work->report, origin, assign->key->name,
                                   "%s is one too many; expected at most %" PRIu64 " items",
                                   item.shown, assign->key->max);
        }
        return;
    }
    if (quoted && assign->key->type == ONYM_CONFIG_NUMBER) {
        refuse(&item, "is a text in quotes", NULL);
        return;
    }
    set[assign->key->type](&item);
}

static onym_span
trim(onym_span text)
{
    while (text.len > 0 && (text.at[0] == ' ' || text.at[0] == '\t')) {
        text = onym_span_from(text, 1);
    }
    while (text.len > 0 && (text.at[text.len - 1] == ' ' || text.at[text.len - 1] == '\t')) {
        text.len--;
    }
    return text;
}

void
onym_config_assign_text(const struct onym_config_work *work, size_t key, onym_span text,
                        struct onym_config_origin origin)
{
    struct onym_config_assign assign = onym_config_assign_begin(work, key, origin);

    if (!onym_config_is_list(assign.key)) {
        onym_config_assign_item(&assign, text, false, origin);
        return;
    }
    text = trim(text);
    while (text.len > 0) {
        const uint8_t *comma = memchr(text.at, ',', text.len);
        size_t len = comma != NULL ? (size_t)(comma - text.at) : text.len;

        onym_config_assign_item(&assign, trim(onym_span_front(text, len)), false, origin);
        if (comma != NULL && len + 1 == text.len) {
            /* "a," promises another item */
            onym_config_assign_item(&assign, onym_span_of("", 0), false, origin);
        }
        text = onym_span_from(text, len + 1);
    }
}
