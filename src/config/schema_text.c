/* How the values of keys are written: what is expected, what is set. */
#include "config/schema.h"
#include "config/units.h"

#include <inttypes.h>
#include <stdio.h>

static void
expected_words(const struct onym_config_key *key, char out[ONYM_CONFIG_EXPECTED_MAX])
{
    size_t len = 0;

    out[0] = 0;
    for (size_t i = 0; key->words[i] != NULL && len < ONYM_CONFIG_EXPECTED_MAX; i++) {
        const char *before = i == 0 ? "" : key->words[i + 1] == NULL ? " or " : ", ";
        len += (size_t)snprintf(out + len, ONYM_CONFIG_EXPECTED_MAX - len, "%s%s", before,
                                key->words[i]);
    }
}

void
onym_config_expected(const struct onym_config_key *key, char out[ONYM_CONFIG_EXPECTED_MAX])
{
    char least[ONYM_UNIT_TEXT_MAX];
    char most[ONYM_UNIT_TEXT_MAX];
    const size_t cap = ONYM_CONFIG_EXPECTED_MAX;

    switch (key->type) {
    case ONYM_CONFIG_NAME:
        (void)snprintf(out, cap,
                       "%" PRIu64 " to %" PRIu64 " letters, digits, \".\", \"_\" or \"-\"",
                       key->min, key->max);
        break;
    case ONYM_CONFIG_PATH:
        if (key->min == 0) {
            (void)snprintf(out, cap,
                           "a path of at most %" PRIu64 " bytes without control characters, or "
                           "nothing",
                           key->max);
            break;
        }
        (void)snprintf(out, cap,
                       "a path of %" PRIu64 " to %" PRIu64 " bytes without control characters",
                       key->min, key->max);
        break;
    case ONYM_CONFIG_WHO:
        (void)snprintf(out, cap,
                       "index:handle entries separated by spaces, at most %" PRIu64 " bytes",
                       key->max);
        break;
    case ONYM_CONFIG_NUMBER:
        (void)snprintf(out, cap, "a whole number from %" PRIu64 " to %" PRIu64, key->min, key->max);
        break;
    case ONYM_CONFIG_SIZE:
        onym_size_format(key->min, least);
        onym_size_format(key->max, most);
        (void)snprintf(out, cap, "a size from %s to %s, in KiB, MiB, GiB or TiB", least, most);
        break;
    case ONYM_CONFIG_DURATION:
        onym_duration_format(key->min * key->unit_ms, least);
        onym_duration_format(key->max * key->unit_ms, most);
        (void)snprintf(out, cap, "a duration from %s to %s, in ms, s, m or h", least, most);
        break;
    case ONYM_CONFIG_RATE:
        (void)snprintf(out, cap, "a rate from %" PRIu64 "/s to %" PRIu64 "/s", key->min, key->max);
        break;
    case ONYM_CONFIG_WORD:
        expected_words(key, out);
        break;
    case ONYM_CONFIG_ADDRESSES:
        (void)snprintf(out, cap, "an address such as 127.0.0.1:2641 or [::1]:2641");
        break;
    case ONYM_CONFIG_NETWORKS:
        (void)snprintf(out, cap, "a network such as 192.0.2.0/24 or 2001:db8::/32");
        break;
    }
}

static uint32_t
read_u32(const struct onym_config_key *key, const struct onym_settings *settings)
{
    uint32_t v;

    memcpy(&v, (const char *)settings + key->offset, sizeof v);
    return v;
}

static bool
list_item(const struct onym_config_key *key, const void *at, size_t index,
          char out[ONYM_CONFIG_ITEM_MAX])
{
    char text[ONYM_UNIT_TEXT_MAX];

    if (key->type == ONYM_CONFIG_ADDRESSES) {
        const struct onym_address_list *list = at;
        if (index >= list->count) {
            return false;
        }
        onym_address_format(&list->item[index], text);
    } else {
        const struct onym_network_list *list = at;
        if (index >= list->count) {
            return false;
        }
        onym_network_format(&list->item[index], text);
    }
    (void)snprintf(out, ONYM_CONFIG_ITEM_MAX, "%s", text);
    return true;
}

bool
onym_config_item(const struct onym_config_key *key, const struct onym_settings *settings,
                 size_t index, char out[ONYM_CONFIG_ITEM_MAX])
{
    const char *at = (const char *)settings + key->offset;
    char text[ONYM_UNIT_TEXT_MAX];
    uint64_t size;

    if (key->type == ONYM_CONFIG_ADDRESSES || key->type == ONYM_CONFIG_NETWORKS) {
        return list_item(key, at, index, out);
    }
    if (index > 0) {
        return false;
    }
    if (key->type == ONYM_CONFIG_NAME || key->type == ONYM_CONFIG_PATH ||
        key->type == ONYM_CONFIG_WHO) {
        (void)snprintf(out, ONYM_CONFIG_ITEM_MAX, "%s", at);
    } else if (key->type == ONYM_CONFIG_SIZE) {
        memcpy(&size, at, sizeof size);
        onym_size_format(size, text);
        (void)snprintf(out, ONYM_CONFIG_ITEM_MAX, "%s", text);
    } else if (key->type == ONYM_CONFIG_DURATION) {
        onym_duration_format((uint64_t)read_u32(key, settings) * key->unit_ms, text);
        (void)snprintf(out, ONYM_CONFIG_ITEM_MAX, "%s", text);
    } else if (key->type == ONYM_CONFIG_WORD) {
        (void)snprintf(out, ONYM_CONFIG_ITEM_MAX, "%s", key->words[read_u32(key, settings)]);
    } else {
        (void)snprintf(out, ONYM_CONFIG_ITEM_MAX, "%" PRIu32 "%s", read_u32(key, settings),
                       key->type == ONYM_CONFIG_RATE ? "/s" : "");
    }
    return true;
}

bool
onym_config_differs(const struct onym_config_key *key, const struct onym_settings *a,
                    const struct onym_settings *b)
{
    char left[ONYM_CONFIG_ITEM_MAX];
    char right[ONYM_CONFIG_ITEM_MAX];

    for (size_t i = 0;; i++) {
        bool more = onym_config_item(key, a, i, left);
        if (more != onym_config_item(key, b, i, right)) {
            return true;
        }
        if (!more) {
            return false;
        }
        if (strcmp(left, right) != 0) {
            return true;
        }
    }
}
