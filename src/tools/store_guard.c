#include "tools/store_guard.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* How the child ended; false when nobody knows, which is no success. */
static bool
wait_for(pid_t child, int *status)
{
    pid_t ended;

    do {
        ended = waitpid(child, status, 0);
    } while (ended < 0 && errno == EINTR);
    return ended == child;
}

/* Ends as the child did. */
static _Noreturn void
follow(int status)
{
    if (WIFSIGNALED(status)) {
        (void)signal(WTERMSIG(status), SIG_DFL);
        (void)raise(WTERMSIG(status));
    }
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : ONYM_EXIT_SERVER);
}

static void
become_child(pid_t parent)
{
    const struct rlimit no_core = {0, 0};

    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) { /* it has gone before it was asked for */
        _exit(ONYM_EXIT_INTERRUPTED);
    }
    (void)setrlimit(RLIMIT_CORE, &no_core); /* of the map's size, and nothing to learn from */
}

int
onym_store_guard(const char *verb, const char *data, bool is_data)
{
    pid_t parent = getpid();
    pid_t child;
    int status;
    int number;

    (void)fflush(NULL);
    (void)signal(SIGCHLD, SIG_DFL); /* who inherits it ignored is not told how a child ends */
    child = fork();
    if (child == 0) {
        become_child(parent);
        return ONYM_EXIT_DONE;
    }
    if (child < 0) {
        (void)fprintf(stderr, "onymctl %s: no process to read the store in: %s\n", verb,
                      strerror(errno));
        return ONYM_EXIT_SERVER;
    }
    if (!wait_for(child, &status)) {
        (void)fprintf(stderr, "onymctl %s: how the process that reads the store ended: %s\n", verb,
                      strerror(errno));
        return ONYM_EXIT_SERVER;
    }
    number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (number != SIGSEGV && number != SIGBUS && number != SIGABRT) {
        follow(status);
    }
    (void)fprintf(stderr,
                  "onymctl %s: %s: the store is damaged: its pages lead LMDB astray (%s); what was "
                  "said of it so far does not count. Restore it from a dump or a backup\n",
                  verb, data, strsignal(number));
    if (is_data) {
        _exit(ONYM_EXIT_NEGATIVE);
    }
    return ONYM_EXIT_NEGATIVE;
}
