/* What the operating system says about this process, for the process_* metrics. Linux: procfs and
 * getrusage. Takes no locks and no heap; reading the number of open files may cost a walk over
 * /proc/self/fd (kernels before 6.2), so call it when asked for metrics, not on a timer. */
#ifndef ONYM_BASE_PROCESS_H
#define ONYM_BASE_PROCESS_H

#include <stdint.h>

struct onym_process_sample {
    uint64_t cpu_us;         /* user and system time of all threads, microseconds */
    uint64_t resident_bytes; /* 0: not known */
    uint64_t open_fds;       /* 0: not known */
    uint64_t max_fds;        /* soft limit; UINT64_MAX: none */
};

#define ONYM_THREAD_NAME_LEN_MAX 15U /* the kernel's limit */

/* Names the calling thread for `ps -L` and `top -H`; name is at most ONYM_THREAD_NAME_LEN_MAX
 * bytes. The main thread keeps the program's name. prctl(2), PR_SET_NAME. */
void onym_process_name_thread(const char *name);

/* The calling thread, and no other, stands so many steps of nice (0 to 19) further behind the other
 * threads of the system when processor time is short; where it then would pass 19 it stays at 19.
 * With one step or more it becomes SCHED_BATCH too, unless it has another policy than SCHED_OTHER:
 * when it wakes it does not take the processor from who is running. Needs no right; niceness
 * cannot be taken back without one. Linux, sched(7): both belong to a thread. */
void onym_process_stand_back(unsigned steps);

#define ONYM_PROCESS_GIVE_WAY_US 150U

/* For threads that stand back, between two pieces of work: who waits for this thread's processor
 * has it now, unless this one has had it back for less than ONYM_PROCESS_GIVE_WAY_US. Nothing
 * in a thread that has not stood back, and nearly nothing (a system call) when nobody waits.
 * Without it a thread that was woken waits until the time slice of the one that stands back is
 * over, up to some milliseconds. sched_yield(2); docs/decisions/0207. */
void onym_process_give_way(void);

/* Fills *out; a figure that cannot be had is left as "not known" and is then not shown. */
void onym_process_sample(struct onym_process_sample *out);

#endif
