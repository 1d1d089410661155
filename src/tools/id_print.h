/* What "onymctl id resolve" shows of a result. */
#ifndef ONYM_TOOLS_ID_PRINT_H
#define ONYM_TOOLS_ID_PRINT_H

#include "onym/client.h"

#include <stdio.h>

/* One result as people read it: lines about the answer that begin with ';', then one line for each
 * value: index, type, time to live, permissions, data. place: where
 * it comes from, and over what, as of onym_cli_client_place. color: the
 * answer is green when found, yellow when not, red without one that helps. */
void onym_id_print_block(FILE *out, const struct onym_client_query *query,
                         const struct onym_client_result *result, const char *over,
                         const char *place, bool color);

/* The data of each value alone, one a line. */
void onym_id_print_short(FILE *out, const struct onym_client_result *result);

/* One JSON object on one line, with the names of GET /api/handles: responseCode, handle, values or
 * message. Without an answer responseCode is null and status names the reason. name: as asked.
 * ONYM_OK; ONYM_NO_MEMORY; ONYM_NO_SPACE for values no answer can hold. */
ONYM_MUST_USE enum onym_status onym_id_print_json(FILE *out, onym_span name,
                                                  const struct onym_client_result *result);

/* The exit code a result means (tools/command.h). */
int onym_id_exit_code(const struct onym_client_result *result);

#endif
