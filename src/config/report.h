/* Adding to a report; for config/ and keyring/ alone. */
#ifndef ONYM_CONFIG_REPORT_H
#define ONYM_CONFIG_REPORT_H

#include "config/load.h"

/* Adds an error about key ("" when there is none), cut to what an error can hold. Beyond
 * ONYM_CONFIG_ERRORS_MAX it is only counted. The text must be printable already. */
__attribute__((format(printf, 4, 5))) void onym_config_report_add(struct onym_config_report *report,
                                                                  struct onym_config_origin origin,
                                                                  const char *key,
                                                                  const char *format, ...);

/* Names a file in the report; its index, or ONYM_CONFIG_FILES_MAX when there are too many. Bytes a
 * terminal should not see become "?". */
uint32_t onym_config_report_file(struct onym_config_report *report, const char *name);

/* Text of somebody else for a message: in double quotes, cut after 60 bytes, with escapes for
 * everything that is not printable UTF-8. */
#define ONYM_CONFIG_QUOTED_MAX 270U
void onym_config_quote(onym_span text, char out[ONYM_CONFIG_QUOTED_MAX]);

#endif
