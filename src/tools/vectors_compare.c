#include "tools/vectors.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

__attribute__((format(printf, 3, 0))) static void
settle(struct onym_verdict *verdict, enum onym_vector_outcome outcome, const char *format,
       va_list args)
{
    if (verdict->outcome == ONYM_VECTOR_PASS) {
        verdict->outcome = outcome;
        (void)vsnprintf(verdict->reason, sizeof verdict->reason, format, args);
    }
}

void
onym_verdict_fail(struct onym_verdict *verdict, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    settle(verdict, ONYM_VECTOR_FAIL, format, args);
    va_end(args);
}

void
onym_verdict_skip(struct onym_verdict *verdict, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    settle(verdict, ONYM_VECTOR_SKIP, format, args);
    va_end(args);
}

void
onym_verdict_note(struct onym_verdict *verdict, const char *format, ...)
{
    size_t used = strlen(verdict->note);
    va_list args;

    if (used > 0 && used + 2 < sizeof verdict->note) {
        memcpy(verdict->note + used, "; ", 3);
        used += 2;
    }
    va_start(args, format);
    (void)vsnprintf(verdict->note + used, sizeof verdict->note - used, format, args);
    va_end(args);
}

static bool
listed(const char *name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name, list[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Fields about a record, or about what is behind the bytes, that no decoder could find in them. */
static bool
is_about(const char *name)
{
    static const char *const about[] = {
        "name",       "kind",        "note",          "group",      "direction",  "hex",
        "requestHex", "secret_utf8", "secret_hex",    "key",        "sessionKey", "plaintext",
        "client",     "peer",        "transport",     "connection", "sequence",   "dataSize",
        "iv",         "cipherAlg",   "pkcs8_der_hex",
    };

    return listed(name, about, sizeof about / sizeof about[0]);
}

/* Every field a decoded record can have: missing one of these is an error, an unknown one is noted.
 */
static const char *const known_fields[] = {
    /* clang-format off: one group a line */
    "version",
    "suggested",
    "sessionId",
    "requestId",
    "opCode",
    "responseCode",
    "opFlags",
    "flags",
    "siteInfoSerial",
    "recursionCount",
    "expiration",
    "credential",
    "sessionCounter",
    "values",
    "indexes",
    "types",
    "handles",
    "message",
    "nonce",
    "digestAlgCode",
    "requestDigest",
    "valid",
    "mode",
    "data",
    "timeout",
    "identityHandle",
    "identityIndex",
    "publicKey",
    "exchangeKeyHandle",
    "exchangeKeyIndex",
    "encryptedKey",
    "lastTxnId",
    "lastQueryDate",
    "hashOption",
    "numServers",
    "serverNum",
    "startPoint",
    "nextTxnId",
    "authType",
    "userHandle",
    "userIndex",
    "signedResponse",
    "index",
    "timestamp",
    "ttlType",
    "ttl",
    "perms_AR_AW_PR_PW",
    "type",
    "data_utf8",
    "data_hex",
    "references",
    "adminHandle",
    "adminIndex",
    "slotName",
    "refs",
    "dataVersion",
    "protocol",
    "serial",
    "primary",
    "multiPrimary",
    "hashFilter",
    "attributes",
    "servers",
    "fragment",
    "fragments",
    "messageLength",
    "truncatedFlag",
    /* clang-format on */
};

static bool
is_known(const char *name)
{
    return listed(name, known_fields, sizeof known_fields / sizeof known_fields[0]);
}

static bool
is_position(const char *name)
{
    return strcmp(name, "lastTxnId") == 0 || strcmp(name, "lastQueryDate") == 0;
}

/* Numbers agree also when one side wrote a 32-bit field as signed, or as a decimal text. */
static bool
same_number(json_t *expected, json_int_t found)
{
    json_int_t wanted;

    if (json_is_string(expected)) {
        char text[32];

        (void)snprintf(text, sizeof text, "%lld", (long long)found);
        return strcmp(json_string_value(expected), text) == 0;
    }
    wanted = json_integer_value(expected);
    return json_is_integer(expected) &&
           (wanted == found || (wanted < 0 && wanted >= INT32_MIN && found == (uint32_t)wanted));
}

static void
report(const char *where, json_t *expected, const json_t *found, struct onym_verdict *verdict)
{
    char *want = json_dumps(expected, JSON_ENCODE_ANY | JSON_COMPACT);
    char *have = json_dumps(found, JSON_ENCODE_ANY | JSON_COMPACT);

    onym_verdict_fail(verdict, "%s: expected %.160s, found %.160s", where,
                      want != NULL ? want : "?", have != NULL ? have : "?");
    free(want);
    free(have);
}

static bool same_json(json_t *expected, const json_t *found, unsigned depth);

/* Every field of expected is in found and agrees. */
static bool
same_object(json_t *expected, const json_t *found, unsigned depth)
{
    void *at = json_object_iter(expected);

    for (; at != NULL; at = json_object_iter_next(expected, at)) {
        if (!same_json(json_object_iter_value(at), json_object_get(found, json_object_iter_key(at)),
                       depth)) {
            return false;
        }
    }
    return true;
}

static bool
same_array(json_t *expected, const json_t *found, unsigned depth)
{
    if (json_array_size(expected) != json_array_size(found)) {
        return false;
    }
    for (size_t i = 0; i < json_array_size(expected); i++) {
        if (!same_json(json_array_get(expected, i), json_array_get(found, i), depth)) {
            return false;
        }
    }
    return true;
}

/* Recursion is bounded by depth: what is described here nests four levels. */
static bool
same_json(json_t *expected, const json_t *found, unsigned depth)
{
    if (found == NULL || depth == 0) {
        return false;
    }
    if (json_is_integer(found)) {
        return same_number(expected, json_integer_value(found));
    }
    if (json_is_object(found) && json_is_object(expected)) {
        return same_object(expected, found, depth - 1);
    }
    if (json_is_array(found) && json_is_array(expected)) {
        return same_array(expected, found, depth - 1);
    }
    return json_equal(expected, found) != 0;
}

static bool
may_be_absent(const char *name, const json_t *expected, const json_t *found)
{
    /* the reference library's message objects have a handle even where the body has none */
    return strcmp(name, "handle") == 0 ||
           /* an absent list is an empty one */
           (json_is_array(expected) && json_array_size(expected) == 0) ||
           /* the request has the states of its sources in their place (17.2) */
           (json_object_get(found, "states") != NULL && is_position(name));
}

void
onym_compare_fields(json_t *record, const json_t *found, bool whole, struct onym_verdict *verdict)
{
    void *at = json_object_iter(record);

    for (; at != NULL; at = json_object_iter_next(record, at)) {
        const char *name = json_object_iter_key(at);
        json_t *expected = json_object_iter_value(at);
        const json_t *actual = json_object_get(found, name);

        if (is_about(name)) {
            continue;
        }
        if (actual != NULL) {
            if (!same_json(expected, actual, 8)) {
                report(name, expected, actual, verdict);
            }
        } else if (may_be_absent(name, expected, found)) {
            continue;
        } else if (!is_known(name)) {
            onym_verdict_note(verdict, "field %.60s is not known and was not compared", name);
        } else if (whole) {
            onym_verdict_fail(verdict, "%.60s: not found in the bytes", name);
        }
    }
}

void
onym_compare_bytes(onym_span expected, onym_span again, struct onym_verdict *verdict)
{
    size_t same = 0;

    if (onym_span_equal(expected, again)) {
        return;
    }
    while (same < expected.len && same < again.len && expected.at[same] == again.at[same]) {
        same++;
    }
    onym_verdict_fail(verdict, "encoded again it differs at byte %zu (%zu bytes, now %zu)", same,
                      expected.len, again.len);
}
