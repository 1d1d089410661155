/* Finding and reading configuration files; for config/ alone. */
#ifndef ONYM_CONFIG_FILES_H
#define ONYM_CONFIG_FILES_H

#include "config/assign.h"

/* Reads path and the *.yaml of the conf.d next to it, in name order, into the work. Whatever cannot
 * be read is an error of the report. ONYM_OK or ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_config_files_read(const struct onym_config_work *work,
                                                      const char *path);

#endif
