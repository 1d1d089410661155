#include "store/hold.h"

#include <errno.h>
#include <poll.h>
#include <sys/file.h>

#define TRIES    25U
#define PAUSE_MS 10

/* Who only looks whether somebody has the lock (conf check --here) holds it shared for an instant,
 * and a process that is being killed closes its files one by one: neither must turn away a start.
 * Whoever has the store has it for longer. */
int
onym_hold(int fd)
{
    int error = 0;

    for (unsigned i = 0; i < TRIES; i++) {
        error = flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
        if (error != EWOULDBLOCK) {
            break;
        }
        (void)poll(NULL, 0, PAUSE_MS);
    }
    return error;
}
