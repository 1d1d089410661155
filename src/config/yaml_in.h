/* One YAML file into the settings; for config/ alone. */
#ifndef ONYM_CONFIG_YAML_IN_H
#define ONYM_CONFIG_YAML_IN_H

#include "config/assign.h"

/* Reads bytes as the report's file with that index. Everything wrong is added to the report; after
 * broken YAML, too deep nesting or a second document nothing further of the file is read.
 * ONYM_OK, also when the report has grown; ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_config_yaml_read(const struct onym_config_work *work,
                                                     uint32_t file, onym_span bytes);

#endif
