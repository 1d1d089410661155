/* Files that one process has for itself. For store/ alone. */
#ifndef ONYM_STORE_HOLD_H
#define ONYM_STORE_HOLD_H

#include "onym/span.h"

/* Takes a lock (flock) on what fd has open; it lasts until fd is closed, or the process dies. Waits
 * a quarter of a second for another holder. 0, or an error number: EWOULDBLOCK another has it. */
ONYM_MUST_USE int onym_hold(int fd);

#endif
