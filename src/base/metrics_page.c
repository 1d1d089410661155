/* Families and samples as text. */
#include "base/metrics_priv.h"
#include "base/require.h"

#include <inttypes.h>
#include <stdio.h>

void
onym_page_put(struct onym_page *p, const char *text)
{
    onym_writer_bytes(&p->w, onym_span_text(text));
}

/* value / 10^digits without a floating point, whose spelling would depend on the locale */
static void
put_scaled(struct onym_page *p, uint64_t value, unsigned digits)
{
    char text[48];
    uint64_t scale = 1;
    int len;

    for (unsigned i = 0; i < digits; i++) {
        scale *= 10U;
    }
    len = digits == 0 ? snprintf(text, sizeof text, "%" PRIu64, value)
                      : snprintf(text, sizeof text, "%" PRIu64 ".%0*" PRIu64, value / scale,
                                 (int)digits, value % scale);
    ONYM_REQUIRE(len > 0 && (size_t)len < sizeof text);
    onym_writer_bytes(&p->w, onym_span_of(text, (size_t)len));
}

static void
put_label(struct onym_page *p, const char *before, const char *name, const char *value)
{
    onym_page_put(p, before);
    onym_page_put(p, name);
    onym_page_put(p, "=\"");
    for (; *value != '\0'; value++) {
        if (*value == '\n') {
            onym_page_put(p, "\\n");
            continue;
        }
        if (*value == '\\' || *value == '"') {
            onym_page_put(p, "\\");
        }
        onym_writer_u8(&p->w, (uint8_t)*value);
    }
    onym_page_put(p, "\"");
}

/* Both formats name the sample of a counter NAME_total and of an info NAME_info. OpenMetrics
 * announces the family without the suffix, text 0.0.4 with it and knows no info. */
void
onym_page_family(struct onym_page *p, enum onym_page_family_type type, const char *name,
                 const char *unit, const char *help)
{
    static const char *const suffix[] = {[ONYM_FAMILY_COUNTER] = "_total",
                                         [ONYM_FAMILY_GAUGE] = "",
                                         [ONYM_FAMILY_HISTOGRAM] = "",
                                         [ONYM_FAMILY_INFO] = "_info"};
    static const char *const type_name[] = {[ONYM_FAMILY_COUNTER] = "counter",
                                            [ONYM_FAMILY_GAUGE] = "gauge",
                                            [ONYM_FAMILY_HISTOGRAM] = "histogram",
                                            [ONYM_FAMILY_INFO] = "info"};
    bool open = p->format == ONYM_METRICS_OPENMETRICS;
    const char *announced = open ? "" : suffix[type];

    onym_page_put(p, "# HELP ");
    onym_page_put(p, name);
    onym_page_put(p, announced);
    onym_page_put(p, " ");
    onym_page_put(p, help);
    onym_page_put(p, "\n# TYPE ");
    onym_page_put(p, name);
    onym_page_put(p, announced);
    onym_page_put(p, " ");
    onym_page_put(p, type == ONYM_FAMILY_INFO && !open ? "gauge" : type_name[type]);
    if (open && unit != NULL) {
        onym_page_put(p, "\n# UNIT ");
        onym_page_put(p, name);
        onym_page_put(p, " ");
        onym_page_put(p, unit);
    }
    onym_page_put(p, "\n");
}

void
onym_page_sample(struct onym_page *p, const char *name, const struct onym_page_label label[2],
                 uint64_t value, unsigned digits)
{
    bool any = false;

    onym_page_put(p, name);
    for (size_t i = 0; i < 2; i++) {
        if (label[i].name != NULL) {
            put_label(p, any ? "," : "{", label[i].name, label[i].value);
            any = true;
        }
    }
    onym_page_put(p, any ? "} " : " ");
    put_scaled(p, value, digits);
    onym_page_put(p, "\n");
}

void
onym_page_sample1(struct onym_page *p, const char *name, const char *label, const char *value,
                  uint64_t count)
{
    onym_page_sample(p, name, (const struct onym_page_label[2]){{label, value}, {NULL, NULL}},
                     count, 0);
}

void
onym_page_sample0(struct onym_page *p, const char *name, uint64_t value, unsigned digits)
{
    onym_page_sample(p, name, (const struct onym_page_label[2]){{NULL, NULL}, {NULL, NULL}}, value,
                     digits);
}
