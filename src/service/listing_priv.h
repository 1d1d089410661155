/* A walk over names in slices (service/http_job.h): pass over some, read some, count the rest. What
 * is asked and how it is answered: service/routes_list.c. */
#ifndef ONYM_SERVICE_LISTING_PRIV_H
#define ONYM_SERVICE_LISTING_PRIV_H

#include "service/http_job.h"
#include "store/scan.h"

enum onym_listing_phase {
    ONYM_LISTING_SKIP,
    ONYM_LISTING_TAKE,
    ONYM_LISTING_COUNT,
    ONYM_LISTING_DONE
};

/* The heap's. Filled by who asks but for the parts that say otherwise. */
struct onym_listing {
    struct onym_http_job job;
    enum onym_kind kind;
    bool v1;
    bool counts; /* the total is wanted */
    bool paged;  /* the facade's page and pageSize were given */
    enum onym_listing_phase phase;
    uint64_t page, page_size;
    uint64_t skip;                /* still to pass over */
    uint64_t take;                /* still to read */
    struct onym_scan_place place; /* where the scan is */
    bool from_cursor;             /* the total begins anew behind the items */
    size_t stem_len;
    uint8_t stem[ONYM_SCAN_STEM_MAX];
    /* found: */
    bool more;      /* v1: there is a next page */
    bool too_large; /* the facade: its items do not fit an answer */
    uint64_t total;
    struct onym_scan_place last; /* of the last item: the cursor behind it */
    struct onym_writer text;     /* the items as JSON, between commas */
};

/* As struct onym_http_job has them. */
bool onym_listing_step(struct onym_http_job *job, const struct onym_view *view);
void onym_listing_release(struct onym_http_job *job);

static inline onym_span
onym_listing_stem(const struct onym_listing *listing)
{
    return onym_span_of(listing->stem, listing->stem_len);
}

#endif
