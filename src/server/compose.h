/* The running node: puts store, workers, listeners and signals together. The only place where
 * net/ and service/ meet is below this folder. */
#ifndef ONYM_SERVER_COMPOSE_H
#define ONYM_SERVER_COMPOSE_H

#include "config/load.h"
#include "server/node.h"

/* Opens everything, serves until a signal stops it, closes everything. source is read again on
 * SIGHUP. ONYM_OK after a clean stop; else *fault says what failed at the start. */
ONYM_MUST_USE enum onym_status onym_serve(const struct onym_settings *settings,
                                          const struct onym_config_source *source,
                                          struct onym_log *log, struct onym_fault *fault);

#endif
