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

#include <stdbool.h>

struct onym_failure_json; /* opaque */

/* Whether the command line asks for JSON; also one that cannot be read to its end. */
bool onym_failure_json_wanted(int argc, char **argv);

/* From now on stdout and stderr are watched. NULL: no memory; then failures are only text. */
struct onym_failure_json *onym_failure_json_begin(void);

/* Prints the object if it is due, which code says, and gives the streams back; NULL is fine. */
void onym_failure_json_end(struct onym_failure_json *f, int code);

#endif
