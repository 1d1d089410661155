/* Requests of a load that change records: who asks, the names that are registered, and their
 * values, of the size a labelled part has. Pure but for onym_bench_identity_read. */
#ifndef ONYM_TOOLS_BENCH_CHANGE_H
#define ONYM_TOOLS_BENCH_CHANGE_H

#include "base/fault.h"
#include "base/writer.h"

#define ONYM_BENCH_SECRET_MAX 256U
#define ONYM_BENCH_HANDLE_MAX 200U  /* bytes of the handle that registers */
#define ONYM_BENCH_UNDER_MAX  128U  /* bytes of the prefix that is registered under */
#define ONYM_BENCH_CHANGE_MAX 1024U /* bytes of a change's body in either form */

/* Who registers, and where. */
struct onym_bench_identity {
    const char *as; /* INDEX:HANDLE; NULL = nobody */
    uint32_t index;
    const char *handle; /* inside as */
    char secret[ONYM_BENCH_SECRET_MAX];
    const char *under; /* a prefix in which that identity may register */
    uint32_t run;      /* tells the names of one run from those of others */
};

/* Fills index, handle and secret from `as` and a file that only its owner may read; one line end
 * behind the secret is left out. ONYM_OK; ONYM_INVALID with *fault. */
ONYM_MUST_USE enum onym_status onym_bench_identity_read(const char *as, const char *secret_file,
                                                        struct onym_bench_identity *out,
                                                        struct onym_fault *fault);

/* Appends "88.1.2/bench.RUN.THREAD.NUMBER". */
void onym_bench_change_name(const struct onym_bench_identity *identity, uint32_t thread,
                            uint64_t number, struct onym_writer *w);

/* Appends the body of a create request (opcode 100), or, with `update`, of one that modifies the
 * value that changes (opcode 104). note: what that value says. A record names the identity as its
 * administrator, so that it may be changed later. */
void onym_bench_change_handle(const struct onym_bench_identity *identity, onym_span name,
                              bool update, uint64_t note, struct onym_writer *w);

/* Appends the values of the record as the JSON interface takes them. */
void onym_bench_change_json(const struct onym_bench_identity *identity, onym_span name,
                            uint64_t note, struct onym_writer *w);

/* Appends the field "Authorization: Basic ..." and its line end. */
void onym_bench_change_basic(const struct onym_bench_identity *identity, struct onym_writer *w);

#endif
