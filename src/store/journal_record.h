/* What stands in the journal (store/journal.h): one record a commit, with everything that LMDB
 * writes for it into its file. Bytes in memory; nothing here reads or writes a file.
 *
 *   record   u8 "onymjrnl"
 *            u8 XXH3 of what follows, seeded with that of the record in front (0 for the first)
 *            u8 epoch, u4 number in the epoch, from 0
 *            u1 1: the epoch before comes first, and u4 how many records it has; else 0, 0
 *            u8 LMDB's number of the transaction; says nothing when there are no pieces
 *            u4 length of the pieces, then pieces, then zeros up to a whole block
 *   piece    u8 place in LMDB's file, u4 length, bytes. Without bytes: a hash of what the file said
 * of itself in front of the transaction (store/journal_base.c)
 *
 * The seeds tie a record to those in front of it, so what an earlier epoch left in its place is
 * never taken for the next one. Integers are big-endian; the pieces are LMDB's own pages. */
#ifndef ONYM_STORE_JOURNAL_RECORD_H
#define ONYM_STORE_JOURNAL_RECORD_H

#include "base/reader.h"

#include <stdbool.h>

#define ONYM_JOURNAL_BLOCK     4096U /* records begin and end on one, so that none is read to write */
#define ONYM_JOURNAL_FRONT_LEN 45U

/* A larger commit is not written down; this one and an empty record are 1 MiB. */
#define ONYM_JOURNAL_RECORD_MAX (((size_t)1 << 20) - ONYM_JOURNAL_BLOCK)

/* A record on its way. bytes: ONYM_JOURNAL_RECORD_MAX, owned by the caller. */
struct onym_journal_draft {
    uint8_t *bytes;
    size_t len;    /* front included */
    bool is_whole; /* everything added so far is in it; false: it is of no use */
};

/* Where a record stands among the others. */
struct onym_journal_place {
    uint64_t epoch;
    uint64_t seed; /* the checksum of the record in front, 0 for the first of an epoch */
    uint64_t transaction;
    uint32_t number;
    uint32_t before; /* records of the epoch before, when that comes first */
    bool follows;    /* the epoch before comes first */
};

/* Begins anew in the same memory. */
void onym_journal_draft_start(struct onym_journal_draft *draft);

/* Adds what is written at `place` of LMDB's file. Of a branch or leaf page the gap between its
 * nodes is left out, which nobody reads. What does not fit makes the draft no longer whole. */
void onym_journal_draft_add(struct onym_journal_draft *draft, uint64_t place, onym_span bytes,
                            size_t page_size);

/* The length with the zeros at its end. */
size_t onym_journal_padded(size_t len);

/* Writes the front and the zeros: draft->bytes can be written as it is, in its padded length.
 * Needs is_whole. Returns the checksum, the seed of the record behind it. */
uint64_t onym_journal_draft_seal(struct onym_journal_draft *draft,
                                 const struct onym_journal_place *place);

/* How long a record is whose front begins there, as far as the front can be believed. bytes: a
 * block. */
size_t onym_journal_record_need(onym_span bytes);

/* Reads a record whose place gives the seed. bytes: from its beginning, ONYM_JOURNAL_RECORD_MAX or
 * what is left of the file. ONYM_OK with its place, its pieces and its checksum; ONYM_NOT_FOUND:
 * no whole record stands there. */
ONYM_MUST_USE enum onym_status onym_journal_record_read(onym_span bytes, uint64_t seed,
                                                        struct onym_journal_place *out,
                                                        onym_span *pieces, uint64_t *sum);

/* The next piece. Needs pieces of a record that was read, something left. ONYM_OK, or
 * ONYM_CORRUPT: not of the form above. */
ONYM_MUST_USE enum onym_status onym_journal_piece_next(onym_span *pieces, uint64_t *place,
                                                       onym_span *bytes);

#endif
