#include "tools/id_history_print.h"

#include "tools/text.h"

static onym_span
text_of(const json_t *item, const char *name)
{
    const json_t *value = json_object_get(item, name);

    return onym_span_of(json_string_value(value), json_string_length(value));
}

static long long
number_of(const json_t *item, const char *name)
{
    return (long long)json_integer_value(json_object_get(item, name));
}

static void
print_who(const json_t *item)
{
    onym_span principal = text_of(item, "principal");
    onym_span peer = text_of(item, "peer");

    if (principal.len > 0) {
        (void)printf("%lld:", number_of(item, "principal_index"));
        onym_text_print(stdout, principal);
    } else {
        (void)fputs("nobody", stdout);
    }
    if (peer.len > 0) {
        (void)fputs(" from ", stdout);
        onym_text_print(stdout, peer);
    }
}

void
onym_history_print(const json_t *item)
{
    const json_t *indexes = json_object_get(item, "indexes");
    onym_span status = text_of(item, "status");
    const json_t *index;
    size_t i;

    (void)printf("%10lld  ", number_of(item, "sequence"));
    onym_text_print_padded(stdout, text_of(item, "ts"), 24);
    (void)fputs("  ", stdout);
    onym_text_print_padded(stdout, text_of(item, "what"), 7);
    if (json_object_get(item, "rev") != NULL) {
        (void)printf("  rev %-4lld  ", number_of(item, "rev"));
    } else {
        (void)fputs("  rev -     ", stdout);
    }
    print_who(item);
    json_array_foreach(indexes, i, index)
    {
        (void)printf("%s%lld", i == 0 ? "  values " : ",", (long long)json_integer_value(index));
    }
    if (status.len > 0) {
        (void)fputs("  ", stdout);
        onym_text_print(stdout, text_of(item, "action"));
        (void)fputs(": ", stdout);
        onym_text_print(stdout, status);
    }
    (void)putchar('\n');
}
