#include "store/damage.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

/* A handler has no argument of its own for them. Set before the handler is. */
static struct onym_damage_words last_words;

/* Only what a signal handler may do, here and below. */
static void
put(int fd, onym_span text)
{
    while (text.len > 0) {
        ssize_t written = write(fd, text.at, text.len);

        if (written <= 0) {
            return;
        }
        text = onym_span_from(text, (size_t)written);
    }
}

void
onym_damage_asserted(void)
{
    if (last_words.said.len == 0) {
        return;
    }
    put(STDERR_FILENO, last_words.said);
    if (last_words.printed != NULL && !*last_words.printed) {
        put(STDOUT_FILENO, last_words.object);
    }
    _exit(last_words.code);
}

/* The kernel's own codes are above zero; those of a signal that was sent are not. */
static void
end(int number, siginfo_t *info, void *context)
{
    static const char text[] =
        "data.mdb: a page of the file cannot be read: its disk fails (see dmesg), or the file is "
        "shorter than it was, as after a copy that did not end; restore it from a dump or a "
        "backup\n";

    (void)context;
    if (info->si_code > 0) {
        onym_damage_asserted();
        put(STDERR_FILENO, onym_span_of(text, sizeof text - 1));
    }
    (void)signal(number, SIG_DFL);
    (void)raise(number); /* comes when this returns */
}

static void
watch(int number)
{
    struct sigaction action = {.sa_sigaction = end, .sa_flags = SA_SIGINFO};

    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(number, &action, NULL);
}

void
onym_damage_explain(void)
{
    watch(SIGBUS);
}

void
onym_damage_end_with(struct onym_damage_words words)
{
    last_words = words;
    watch(SIGBUS);
    watch(SIGSEGV);
}
