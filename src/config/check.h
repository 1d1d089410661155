/* Rules that no single key can check; for config/ alone. */
#ifndef ONYM_CONFIG_CHECK_H
#define ONYM_CONFIG_CHECK_H

#include "config/assign.h"

/* Adds to the report every two listeners of one transport that ask for the same address and port.
 * An unspecified address (0.0.0.0, ::) takes every address of its family; port 0 is any free port
 * and never collides. */
void onym_config_check_listeners(const struct onym_config_work *work);

/* Reports a listen.control that is not unix:PATH. */
void onym_config_check_control(const struct onym_config_work *work);

/* Reports a certificate without key, a key without certificate, and client certificates that are
 * required without an authority to trust. */
void onym_config_check_tls(const struct onym_config_work *work);

#endif
