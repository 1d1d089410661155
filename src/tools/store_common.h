/* What the store's offline commands share: opening a directory, exit codes, sizes, progress. */
#ifndef ONYM_TOOLS_STORE_COMMON_H
#define ONYM_TOOLS_STORE_COMMON_H

#include "store/env.h"
#include "tools/command.h"

/* What a command opens, and as whom. */
struct onym_store_place {
    const struct onym_cli *cli;
    const char *verb; /* "load" */
    const char *dir;  /* of --data */
    size_t map_size;  /* 0 = default */
    int damaged;      /* the exit code when pages cannot be read */
};

/* Opens the store. An exit code: ONYM_EXIT_DONE and *out, or ONYM_EXIT_REFUSED (in use, newer
 * format), ONYM_EXIT_NEGATIVE (no store there), ONYM_EXIT_SERVER, after one line on stderr. From
 * now on a page that cannot be read, or leads LMDB astray, ends the process with place->damaged, a
 * line on stderr and, with --json, the object of a failure. */
int onym_store_open(const struct onym_store_place *place, struct onym_env **out);

/* The same, and makes the store when there is none, its log with that hash. */
int onym_store_make(const struct onym_store_place *place, enum onym_record_digest log_hash,
                    struct onym_env **out);

/* Prints "onymctl VERB: text" to stderr and gives the exit code of a fault. */
int onym_store_fault(const char *verb, const struct onym_fault *fault);

/* Reads "512MiB" for option of verb; ONYM_EXIT_DONE or ONYM_EXIT_USAGE after a line on stderr. */
int onym_store_size(const char *verb, const char *option, const char *text, size_t least,
                    size_t *out);

/* The complaint about an option onym_option_next refused. */
int onym_store_bad_option(const char *verb, char **argv);

/* Progress on stderr: a redrawn bar on a terminal, else a line each five seconds. */
struct onym_progress {
    const char *verb;
    const char *what; /* "reading" */
    bool on;
    bool terminal;
    bool drawn; /* something stands on the terminal's line */
    uint64_t start_ns;
    uint64_t last_ns;
};

/* Starts a phase; a later one goes on with the same struct. */
void onym_progress_start(struct onym_progress *progress, const struct onym_cli *cli,
                         const char *verb, const char *what);
/* rows so far, and how much of the whole is done (whole 0 = not known). Cheap when called often. */
void onym_progress_step(struct onym_progress *progress, uint64_t rows, uint64_t done,
                        uint64_t whole);
/* Clears the terminal's line, before anything else is printed and at the end. */
void onym_progress_clear(struct onym_progress *progress);

#endif
