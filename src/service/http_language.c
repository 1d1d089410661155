#include "service/http_language.h"

#define WHOLE 1000 /* weights are in thousandths */

struct wish {
    int weight;     /* -1: not named */
    unsigned order; /* among the ranges of the request */
};

static bool
is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static onym_span
trim(onym_span s)
{
    while (s.len > 0 && is_blank(s.at[0])) {
        s = onym_span_from(s, 1);
    }
    while (s.len > 0 && is_blank(s.at[s.len - 1])) {
        s.len--;
    }
    return s;
}

/* The part up to a mark, without blanks around it; moves *text behind the mark. */
static onym_span
cut(onym_span *text, char mark)
{
    const uint8_t *end = text->len > 0 ? memchr(text->at, mark, text->len) : NULL;
    onym_span part = end != NULL ? onym_span_front(*text, (size_t)(end - text->at)) : *text;

    *text = onym_span_from(*text, part.len + 1);
    return trim(part);
}

/* RFC 9110 12.4.2: "q=0.625" among parameters. */
static int
weight_of(onym_span parameters)
{
    while (parameters.len > 0) {
        onym_span one = cut(&parameters, ';');
        int weight = 0;

        if (one.len < 3 || (one.at[0] | 0x20) != 'q' || one.at[1] != '=') {
            continue;
        }
        if (one.at[2] == '1') {
            return WHOLE;
        }
        for (size_t i = 4, scale = WHOLE / 10; i < one.len && i < 7; i++, scale /= 10) {
            if (one.at[i] < '0' || one.at[i] > '9') {
                break;
            }
            weight += (int)scale * (one.at[i] - '0');
        }
        return weight;
    }
    return WHOLE;
}

static bool
names(onym_span range, const char *language)
{
    return onym_http1_is(onym_span_front(range, 2), language) &&
           (range.len == 2 || range.at[2] == '-');
}

static void
note(struct wish *wish, int weight, unsigned order)
{
    if (weight > wish->weight) {
        *wish = (struct wish){.weight = weight, .order = order};
    }
}

bool
onym_http_prefers_chinese(const struct onym_http1_request *rq)
{
    struct wish chinese = {.weight = -1};
    struct wish english = {.weight = -1};
    struct wish others = {.weight = -1};
    onym_span fields = rq->fields;
    unsigned order = 0;
    onym_span list;

    while (onym_http1_may_have(rq, "accept-language") &&
           onym_http1_find(&fields, "accept-language", &list)) {
        while (list.len > 0) {
            onym_span parameters = cut(&list, ',');
            onym_span range = cut(&parameters, ';');
            int weight = weight_of(parameters);

            order++;
            if (names(range, "zh")) {
                note(&chinese, weight, order);
            } else if (names(range, "en")) {
                note(&english, weight, order);
            } else if (onym_http1_is(range, "*")) {
                note(&others, weight, order);
            }
        }
    }
    chinese = chinese.weight < 0 ? others : chinese;
    english = english.weight < 0 ? others : english;
    return chinese.weight > 0 &&
           (chinese.weight > english.weight ||
            (chinese.weight == english.weight && chinese.order < english.order));
}
