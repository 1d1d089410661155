#include "store/bus.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

/* Only what a signal handler may do. It was reset on entry, so the same page ends the process. */
static void
explain(int number)
{
    static const char text[] =
        "data.mdb: a page of the file cannot be read: its disk fails (see dmesg), or the file is "
        "shorter than it was, as after a copy that did not end; restore it from a dump or a "
        "backup\n";
    ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);

    (void)written;
    (void)number;
}

void
onym_bus_explain(void)
{
    struct sigaction action = {.sa_handler = explain, .sa_flags = (int)SA_RESETHAND};

    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGBUS, &action, NULL);
}
