/* With --json every failure is an object on standard output, whatever the command and however early
 * it failed:
 *
 *   {"outcome":"failed","responseCode":null,"status":"INVALID","exit":2,"message":"..."}
 *
 * Commands say on stderr, for people, what is wrong, and those that have more to tell print an
 * object of their own. The rest is seen to here, in one place: what goes to stderr is remembered on
 * its way, and becomes the message when a command has failed without a byte on standard output. */
#ifndef ONYM_TOOLS_FAILURE_JSON_H
#define ONYM_TOOLS_FAILURE_JSON_H

#include "onym/span.h"

#include <stdbool.h>
#include <stddef.h>

struct onym_failure_json; /* opaque */

/* Whether the command line asks for JSON; also one that cannot be read to its end. */
bool onym_failure_json_wanted(int argc, char **argv);

/* From now on stdout and stderr are watched. NULL: no memory; then failures are only text. */
struct onym_failure_json *onym_failure_json_begin(void);

/* Whether a byte has gone to standard output since then, for as long as f lives; NULL for NULL. */
const bool *onym_failure_json_printed(const struct onym_failure_json *f);

/* "UNREACHABLE", "INTERRUPTED", ...: the status of an exit code that no answer of a node explains.
 */
const char *onym_failure_json_status(int code);

/* Makes the object and its line's end in room, of cap bytes; its length, 0 when it does not fit. */
size_t onym_failure_json_write(uint8_t *room, size_t cap, int code, onym_span message);

/* Prints the object if it is due, which code says, and gives the streams back; NULL is fine. */
void onym_failure_json_end(struct onym_failure_json *f, int code);

#endif
