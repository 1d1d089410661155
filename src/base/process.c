#include "base/process.h"

#include "base/clock.h"
#include "base/require.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of the calling thread. */
static _Thread_local struct {
    bool back;
    uint64_t gave_way_ns;
} standing;

/* The start of a procfs file as a C string; procfs gives small files in one read. */
static bool
read_text(const char *path, char *out, size_t cap)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t len = 0;

    if (fd < 0) {
        return false;
    }
    while (len + 1 < cap) {
        ssize_t got = read(fd, out + len, cap - 1 - len);

        if (got <= 0) {
            break;
        }
        len += (size_t)got;
    }
    (void)close(fd);
    out[len] = '\0';
    return len > 0;
}

/* The n-th blank-separated number of text, from 0; 0 when there is none. */
static uint64_t
number_at(const char *text, unsigned n)
{
    while (n > 0 && text != NULL) {
        text = strchr(text, ' ');
        text = text != NULL ? text + 1 : NULL;
        n--;
    }
    return text != NULL ? strtoull(text, NULL, 10) : 0;
}

static uint64_t
resident_bytes(void)
{
    char text[256];
    long page = sysconf(_SC_PAGESIZE);

    return page > 0 && read_text("/proc/self/statm", text, sizeof text)
               ? number_at(text, 1) * (uint64_t)page
               : 0;
}

static uint64_t
open_fds(void)
{
    struct stat st;
    uint64_t count = 0;
    DIR *dir;

    /* since Linux 6.2 the directory's size is the count */
    if (stat("/proc/self/fd", &st) == 0 && st.st_size > 0) {
        return (uint64_t)st.st_size;
    }
    dir = opendir("/proc/self/fd");
    if (dir == NULL) {
        return 0;
    }
    while (readdir(dir) != NULL) {
        count++;
    }
    (void)closedir(dir);
    return count > 3 ? count - 3 : 0; /* ".", ".." and the directory itself */
}

void
onym_process_name_thread(const char *name)
{
    ONYM_REQUIRE(strlen(name) <= ONYM_THREAD_NAME_LEN_MAX);
    (void)prctl(PR_SET_NAME, name); /* cannot fail, and nothing hangs on it */
}

void
onym_process_stand_back(unsigned steps)
{
    static const struct sched_param none = {0};
    int had = getpriority(PRIO_PROCESS, 0); /* 0: this thread, as below */

    standing.back = standing.back || steps > 0;
    if (steps > 0 && sched_getscheduler(0) == SCHED_OTHER) {
        (void)sched_setscheduler(0, SCHED_BATCH, &none);
    }
    (void)setpriority(PRIO_PROCESS, 0, had + (int)steps); /* beyond 19 is 19; upwards is allowed */
}

void
onym_process_give_way(void)
{
    uint64_t now = standing.back ? onym_clock_monotonic_ns() : 0;

    if (standing.back && now - standing.gave_way_ns >= ONYM_PROCESS_GIVE_WAY_US * 1000U) {
        (void)sched_yield();
        standing.gave_way_ns = onym_clock_monotonic_ns(); /* others may have had a while */
    }
}

void
onym_process_sample(struct onym_process_sample *out)
{
    struct rusage usage;
    struct rlimit limit;

    *out = (struct onym_process_sample){.resident_bytes = resident_bytes(), .open_fds = open_fds()};
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        out->cpu_us = (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000U +
                      (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        out->max_fds = limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX : limit.rlim_cur;
    }
}
