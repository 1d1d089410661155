/* For src/base/metrics*.c alone: the page of a scrape while it is written. What does not fit sticks
 * in w.status, so nothing here returns one. */
#ifndef ONYM_BASE_METRICS_PRIV_H
#define ONYM_BASE_METRICS_PRIV_H

#include "base/metrics.h"
#include "base/writer.h"

struct onym_page {
    const struct onym_metrics *metrics;
    enum onym_metrics_format format;
    struct onym_writer w;
};

enum onym_page_family_type {
    ONYM_FAMILY_COUNTER,
    ONYM_FAMILY_GAUGE,
    ONYM_FAMILY_HISTOGRAM,
    ONYM_FAMILY_INFO
};

struct onym_page_label {
    const char *name; /* NULL: left out */
    const char *value;
};

/* Text as it is; what does not fit ends the page (its overflow sticks). */
void onym_page_put(struct onym_page *p, const char *text);

/* HELP, TYPE and, where the format has it, UNIT (NULL: none). */
void onym_page_family(struct onym_page *p, enum onym_page_family_type type, const char *name,
                      const char *unit, const char *help);

/* One sample; its value is value / 10^digits. */
void onym_page_sample(struct onym_page *p, const char *name, const struct onym_page_label label[2],
                      uint64_t value, unsigned digits);
void onym_page_sample1(struct onym_page *p, const char *name, const char *label, const char *value,
                       uint64_t count);
void onym_page_sample0(struct onym_page *p, const char *name, uint64_t value, unsigned digits);

#endif
