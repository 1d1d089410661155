/* What a disk may hold after the power went: a recording (trace.h) is followed event by event, and
 * at any event a state can be drawn. The rules, which ask more of the store than any one file
 * system:
 *
 *   - Bytes are safe when a sync of their file has returned, or the write itself on a descriptor
 *     with O_DSYNC. Of all others any subset of 512-byte sectors may be there, in any order of
 *     their writes; a sector is as it was before or after some write to it, never a mixture.
 *   - The file is at least as long as the last sector that is there, and may be as long as the
 *     program made it, with zeros where nothing arrived.
 *   - Names come and go in their order; those since the last sync of the directory may be missing
 *     from some point on. A sync of a file says nothing about its name. */
#ifndef ONYM_TESTS_CRASH_IMAGE_H
#define ONYM_TESTS_CRASH_IMAGE_H

#include "trace.h"

#include "base/rng.h"
#include "onym/span.h"
#include "onym/status.h"

struct image; /* opaque */

/* Follows the recording in these bytes, which are borrowed until close. NULL when memory is short.
 */
struct image *image_new(onym_span trace);
void image_free(struct image *image); /* NULL is fine */

/* Events of the recording; a torn last one does not count. */
uint32_t image_events(const struct image *image);

/* The event with that number; its bytes in *bytes. */
struct trace_event image_event(const struct image *image, uint32_t number, onym_span *bytes);

/* Whether power lost after that many events leaves a choice, as far as the followed events tell. */
bool image_has_choice(const struct image *image);

/* Follows one more event. ONYM_OK; ONYM_UNSUPPORTED what the model does not know; ONYM_NO_MEMORY.
 */
ONYM_MUST_USE enum onym_status image_step(struct image *image);

/* Draws a state and writes its files into the empty directory dir. ONYM_OK, ONYM_IO,
 * ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status image_draw(struct image *image, struct onym_rng *rng,
                                          const char *dir);

#endif
