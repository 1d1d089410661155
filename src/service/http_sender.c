#include "service/http_sender.h"

/* Whether a header line of that name, in lower case, has a value that is none of `allowed`, which
 * ends with NULL. */
static bool
says_other(const struct onym_http1_request *rq, const char *name, const char *const *allowed)
{
    onym_span fields = rq->fields;
    onym_span value;

    if (!onym_http1_may_have(rq, name)) {
        return false;
    }
    while (onym_http1_find(&fields, name, &value)) {
        size_t i = 0;

        while (allowed[i] != NULL && !onym_http1_is(value, allowed[i])) {
            i++;
        }
        if (allowed[i] == NULL) {
            return true;
        }
    }
    return false;
}

/* The types a page can send anywhere without asking: those of forms. */
static bool
is_form(const struct onym_http1_request *rq)
{
    static const char *const types[] = {"application/x-www-form-urlencoded", "multipart/form-data",
                                        "text/plain"};
    onym_span fields = rq->fields;
    onym_span value;

    if (!onym_http1_may_have(rq, "content-type")) {
        return false;
    }
    while (onym_http1_find(&fields, "content-type", &value)) {
        size_t len = 0;

        while (len < value.len && value.at[len] != ';' && value.at[len] != ' ' &&
               value.at[len] != '\t') {
            len++;
        }
        for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
            if (onym_http1_is(onym_span_front(value, len), types[i])) {
                return true;
            }
        }
    }
    return false;
}

bool
onym_http_certificate_counts(const struct onym_http1_request *rq)
{
    static const char *const nothing[] = {NULL};
    static const char *const own[] = {"none", "same-origin", NULL};
    static const char *const passed_on[] = {"via", "forwarded", "x-forwarded-for"};

    for (size_t i = 0; i < sizeof passed_on / sizeof passed_on[0]; i++) {
        if (says_other(rq, passed_on[i], nothing)) {
            return false;
        }
    }
    /* old browsers send forms without Origin and without Sec-Fetch-Site */
    return !says_other(rq, "origin", nothing) && !says_other(rq, "sec-fetch-site", own) &&
           !is_form(rq);
}

/* Origin is a scheme and what Host is. An empty one, or "null", is nobody's. */
static bool
is_own(onym_span origin, onym_span host)
{
    return host.len > 0 && origin.len >= host.len + 3 &&
           onym_span_equal(onym_span_from(origin, origin.len - host.len), host) &&
           onym_span_equal(onym_span_of(origin.at + origin.len - host.len - 3, 3),
                           onym_span_text("://"));
}

bool
onym_http_from_other_site(const struct onym_http1_request *rq)
{
    static const char *const own[] = {"none", "same-origin", NULL};
    onym_span fields = rq->fields;
    onym_span rest = rq->fields;
    onym_span host = onym_span_of(NULL, 0);
    onym_span value;
    bool has_type = onym_http1_may_have(rq, "content-type") &&
                    onym_http1_find(&fields, "content-type", &value);

    if (has_type && !is_form(rq)) {
        return false; /* a browser asks first, and is not told yes */
    }
    fields = rq->fields;
    if (onym_http1_may_have(rq, "sec-fetch-site") &&
        onym_http1_find(&fields, "sec-fetch-site", &value)) {
        return says_other(rq, "sec-fetch-site", own); /* Host may be a proxy's, this is not */
    }
    fields = rq->fields;
    (void)onym_http1_find(&rest, "host", &host);
    while (onym_http1_may_have(rq, "origin") && onym_http1_find(&fields, "origin", &value)) {
        if (!is_own(value, host)) {
            return true;
        }
    }
    return false;
}
