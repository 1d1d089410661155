#include "tools/id_print.h"

#include "tools/command.h"
#include "tools/text.h"
#include "tools/value_text.h"
#include "wire/header.h"

/* Types up to this many columns keep the data column straight; longer ones push it right. */
#define TYPE_COLUMNS_MAX 24U

int
onym_id_exit_code(const struct onym_client_result *result)
{
    static const struct {
        enum onym_status status;
        enum onym_exit code;
    } table[] = {
        {ONYM_OK, ONYM_EXIT_DONE},
        {ONYM_NOT_FOUND, ONYM_EXIT_NEGATIVE},
        {ONYM_VALUE_NOT_FOUND, ONYM_EXIT_NEGATIVE},
        {ONYM_NAME_INVALID, ONYM_EXIT_NEGATIVE},
        {ONYM_NOT_RESPONSIBLE, ONYM_EXIT_NEGATIVE},
        {ONYM_SERVICE_REFERRAL, ONYM_EXIT_NEGATIVE},
        {ONYM_PREFIX_REFERRAL, ONYM_EXIT_NEGATIVE},
        {ONYM_INVALID, ONYM_EXIT_USAGE},
        {ONYM_UNREACHABLE, ONYM_EXIT_UNREACHABLE},
        {ONYM_IO, ONYM_EXIT_UNREACHABLE},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].status == result->status) {
            return (int)table[i].code;
        }
    }
    /* 400 to 408: authentication and permission; 500 to 505: sessions (proto/handle.md 6) */
    if ((result->code >= 400 && result->code <= 408) ||
        (result->code >= 500 && result->code <= 505)) {
        return ONYM_EXIT_AUTH;
    }
    return ONYM_EXIT_SERVER;
}

static void
print_question(FILE *out, const struct onym_client_query *query)
{
    (void)fputs("; question: ", out);
    onym_text_print(out, query->name);
    for (size_t i = 0; i < query->type_count; i++) {
        (void)fputs(i == 0 ? "  type " : ", ", out);
        onym_text_print(out, query->types[i]);
    }
    for (size_t i = 0; i < query->index_count; i++) {
        (void)fprintf(out, "%s%u", i == 0 ? "  index " : ", ", (unsigned)query->indexes[i]);
    }
    (void)fputc('\n', out);
}

static void
print_flags(FILE *out, const struct onym_client_result *r)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } flags[] = {
        {ONYM_FLAG_AUTHORITATIVE, "authoritative"},
        {ONYM_FLAG_CERTIFY, "certify"},
        {ONYM_FLAG_ENCRYPT, "encrypt"},
        {ONYM_FLAG_RECURSE, "recurse"},
        {ONYM_FLAG_CACHE_AUTH, "cache-check"},
        {ONYM_FLAG_KEEP_OPEN, "keep-open"},
        {ONYM_FLAG_PUBLIC_ONLY, "public-only"},
        {ONYM_FLAG_REQUEST_DIGEST, "request-digest"},
        {ONYM_FLAG_NO_REFERRAL, "no-referral"},
    };
    const char *between = "";

    (void)fputs("; flags: ", out);
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if ((r->reply_flags & flags[i].bit) != 0) {
            (void)fprintf(out, "%s%s", between, flags[i].name);
            between = ", ";
        }
    }
    if (r->is_signed) {
        (void)fprintf(out, "%ssigned (not verified)", between);
        between = ", ";
    }
    (void)fputs(between[0] == '\0' ? "none\n" : "\n", out);
}

static void
print_transport(FILE *out, const struct onym_client_result *r, const char *over, const char *place)
{
    (void)fprintf(out, "; server: %s over %s, %u.%03u ms", place, over,
                  (unsigned)(r->elapsed_us / 1000U), (unsigned)(r->elapsed_us % 1000U));
    if (r->sent > 1) {
        (void)fprintf(out, ", %u requests sent", (unsigned)r->sent);
    }
    if (r->outcome == ONYM_OUTCOME_DONE && r->packets == 0) { /* no message of the protocol */
        (void)fprintf(out, ", %u bytes", (unsigned)r->bytes);
    } else if (r->outcome == ONYM_OUTCOME_DONE) {
        (void)fprintf(
            out, ", %u bytes in %u %s%s, protocol %u.%u", (unsigned)r->bytes, (unsigned)r->packets,
            r->transport == ONYM_TRANSPORT_TCP ? "message" : "packet", r->packets == 1 ? "" : "s",
            (unsigned)(r->version >> 8), (unsigned)(r->version & 0xFF));
    }
    (void)fputc('\n', out);
}

static void
print_values(FILE *out, const struct onym_client_result *r)
{
    size_t columns = 4; /* "type" */
    onym_span cursor = r->values.raw;
    struct onym_value v;

    while (onym_value_next(&cursor, &v)) {
        size_t width = onym_text_width(v.type);

        columns = width > columns && width <= TYPE_COLUMNS_MAX ? width : columns;
    }
    (void)fprintf(out, ";index  %-*s  ttl    perm  data\n", (int)columns, "type");
    cursor = r->values.raw;
    while (onym_value_next(&cursor, &v)) {
        (void)fprintf(out, "%-6u  ", (unsigned)v.index);
        onym_text_print_padded(out, v.type, columns);
        (void)fputs("  ", out);
        if (v.ttl_type != ONYM_TTL_ABSOLUTE) {
            (void)fprintf(out, "%-5u", (unsigned)v.ttl);
        } else {
            onym_ttl_print(out, &v);
        }
        (void)fputs("  ", out);
        onym_permissions_print(out, v.permissions);
        (void)fputs("  ", out);
        onym_value_text_print(out, &v);
        (void)fputc('\n', out);
    }
}

/* Starts the colour of a result; empty without colour. */
static const char *
color_of(const struct onym_client_result *r, bool color)
{
    if (!color) {
        return "";
    }
    switch (onym_id_exit_code(r)) {
    case ONYM_EXIT_DONE:
        return "\x1b[32m";
    case ONYM_EXIT_NEGATIVE:
        return "\x1b[33m";
    default:
        return "\x1b[31m";
    }
}

static void
print_answer(FILE *out, const struct onym_client_result *r, bool color)
{
    const char *plain = color ? "\x1b[0m" : "";

    if (r->outcome != ONYM_OUTCOME_DONE) {
        (void)fprintf(out, "; no answer: %s%s%s (%s)\n", color_of(r, color), r->detail, plain,
                      onym_status_name(r->status));
        return;
    }
    (void)fprintf(out, "; answer: %s%u %s%s: %s\n", color_of(r, color), (unsigned)r->code,
                  onym_status_name(r->status), plain, r->detail);
    if (r->text.len > 0) {
        (void)fputs("; server says: ", out);
        onym_text_print(out, r->text);
        (void)fputc('\n', out);
    }
    if (r->status == ONYM_SERVICE_REFERRAL || r->status == ONYM_PREFIX_REFERRAL) {
        (void)fputs("; ask instead", out);
        if (r->name.len > 0) {
            (void)fputs(", for ", out);
            onym_text_print(out, r->name);
        }
        (void)fputs(r->values.count > 0 ? ", the service in these values:\n"
                                        : ", a service the answer does not name\n",
                    out);
    }
}

void
onym_id_print_block(FILE *out, const struct onym_client_query *query,
                    const struct onym_client_result *result, const char *over, const char *place,
                    bool color)
{
    print_question(out, query);
    print_answer(out, result, color);
    if (result->transport != ONYM_TRANSPORT_ANY) {
        print_transport(out, result, over, place);
    }
    if (result->outcome == ONYM_OUTCOME_DONE && result->packets > 0) {
        print_flags(out, result);
    }
    if (result->values.count > 0) {
        print_values(out, result);
    }
}

void
onym_id_print_short(FILE *out, const struct onym_client_result *result)
{
    onym_span cursor = result->values.raw;
    struct onym_value v;

    while (onym_value_next(&cursor, &v)) {
        onym_value_text_print(out, &v);
        (void)fputc('\n', out);
    }
}
