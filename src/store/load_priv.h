/* What load.c, load_fresh.c and load_merge.c share. For store/ alone. */
#ifndef ONYM_STORE_LOAD_PRIV_H
#define ONYM_STORE_LOAD_PRIV_H

#include "auth/digest.h"
#include "store/env_priv.h"
#include "store/load.h"
#include "store/meta.h"
#include "store/sorter.h"

struct onym_load {
    struct onym_env *env;
    struct onym_load_options options;
    struct onym_sorter *sorter;
    struct onym_digester *digester;
    bool fresh;           /* the store was empty: build a new file */
    uint64_t sorted_rows; /* given to the sorter, homed prefixes included */
    struct onym_load_result result;
};

/* The next row in key order, refusing the second of two equal keys. row->mark: the prefix is not
 * homed, the row removes. ONYM_OK, ONYM_NOT_FOUND at the end, ONYM_EXISTS, ONYM_IO. */
struct onym_load_stream {
    struct onym_load *load;
    uint8_t last_key[ONYM_SORTER_KEY_MAX];
    size_t last_key_len;
    uint64_t last_line;
    uint64_t rows;
};
ONYM_MUST_USE enum onym_status onym_load_next(struct onym_load_stream *stream,
                                              struct onym_sorter_row *row,
                                              struct onym_load_double *twice,
                                              struct onym_fault *fault);

/* The two ways of onym_load_finish. */
ONYM_MUST_USE enum onym_status onym_load_fresh(struct onym_load *load, const uint8_t input[16],
                                               struct onym_load_double *twice,
                                               struct onym_fault *fault);
ONYM_MUST_USE enum onym_status onym_load_merge(struct onym_load *load, const uint8_t input[16],
                                               struct onym_load_double *twice,
                                               struct onym_fault *fault);

#endif
