/* onym-vectors: runs files of golden bytes, one JSON object a line, through the codec. A kind of
 * record has a row in the table of vectors_kinds.c; a kind without a row is skipped, aloud. */
#ifndef ONYM_TOOLS_VECTORS_H
#define ONYM_TOOLS_VECTORS_H

#include "auth/digest.h"
#include "wire/body.h"
#include "wire/credential.h"
#include "wire/frame.h"

#include <jansson.h>

enum onym_vector_outcome { ONYM_VECTOR_PASS, ONYM_VECTOR_FAIL, ONYM_VECTOR_SKIP };

/* What became of one record. The first failure or skip sticks. */
struct onym_verdict {
    enum onym_vector_outcome outcome;
    char reason[512];
    char note[512]; /* what was not looked at; printed with --verbose */
};

__attribute__((format(printf, 2, 3))) void onym_verdict_fail(struct onym_verdict *verdict,
                                                             const char *format, ...);
__attribute__((format(printf, 2, 3))) void onym_verdict_skip(struct onym_verdict *verdict,
                                                             const char *format, ...);
__attribute__((format(printf, 2, 3))) void onym_verdict_note(struct onym_verdict *verdict,
                                                             const char *format, ...);

#define ONYM_VECTOR_BYTES_MAX (ONYM_ENVELOPE_LEN + ONYM_MESSAGE_LEN_MAX)

struct onym_vectors {
    const char *file; /* now being read */
    size_t line;
    bool verbose;
    bool decode; /* print what was decoded instead of comparing */
    size_t passed;
    size_t failed;
    size_t skipped;
    struct onym_digester *digester; /* owned */
    json_t *packets;                /* group -> the packets seen of it; owned */
    json_t *requests;               /* group -> hex of the requests seen in it; owned */
    json_t *keys;                   /* name of a key record -> its hex; owned */
    json_t *secrets;                /* every secret_utf8 seen, as keys; owned */
    json_t *challenges;             /* see vectors_proof.c; owned */
    json_t *answered;               /* see vectors_proof.c; owned */
    uint8_t *scratch;               /* 2 * ONYM_VECTOR_BYTES_MAX bytes for encodings; owned */
};

/* ONYM_OK, or ONYM_NO_MEMORY / ONYM_UNSUPPORTED (no digests); onym_vectors_close accepts a vectors
 * that open filled only in part. */
ONYM_MUST_USE enum onym_status onym_vectors_open(struct onym_vectors *vectors);
void onym_vectors_close(struct onym_vectors *vectors);

/* Runs every line of a file ("-": standard input), prints reasons, counts. */
void onym_vectors_run(struct onym_vectors *vectors, const char *path);

/* ---- kinds ---- */

/* Fills `out` with the fields of a decoded record, named as the files name them, and *again with
 * what encoding gives (in vectors->scratch), phantom bytes as the input had them. */
typedef enum onym_status onym_vector_describe(struct onym_vectors *vectors, onym_span bytes,
                                              json_t *out, onym_span *again);

struct onym_vector_kind {
    const char *name;
    onym_vector_describe *describe; /* NULL: the record has no bytes of its own */
    /* NULL: decode `hex`, compare fields, encode, compare bytes */
    void (*run)(struct onym_vectors *vectors, const struct onym_vector_kind *kind, json_t *record,
                struct onym_verdict *verdict);
    const char *skip; /* not NULL: skip every record with this reason */
};

/* The row of a kind, or NULL. */
const struct onym_vector_kind *onym_vector_kind_find(const char *name);

/* The common run: also what runs of special kinds begin with. */
void onym_vector_run_bytes(struct onym_vectors *vectors, const struct onym_vector_kind *kind,
                           json_t *record, struct onym_verdict *verdict);

/* vectors_data.c */
onym_vector_describe onym_describe_value_record;
onym_vector_describe onym_describe_hs_admin;
onym_vector_describe onym_describe_hs_site;
onym_vector_describe onym_describe_hs_vlist;
onym_vector_describe onym_describe_hs_pubkey;
void onym_run_pubkey(struct onym_vectors *vectors, const struct onym_vector_kind *kind,
                     json_t *record, struct onym_verdict *verdict);
/* vectors_names.c */
void onym_run_hash_partition(struct onym_vectors *vectors, const struct onym_vector_kind *kind,
                             json_t *record, struct onym_verdict *verdict);
void onym_run_compare(struct onym_vectors *vectors, const struct onym_vector_kind *kind,
                      json_t *record, struct onym_verdict *verdict);
void onym_run_prefix_of(struct onym_vectors *vectors, const struct onym_vector_kind *kind,
                        json_t *record, struct onym_verdict *verdict);
/* vectors_message.c */
onym_vector_describe onym_describe_message;
void onym_run_message(struct onym_vectors *vectors, const struct onym_vector_kind *kind,
                      json_t *record, struct onym_verdict *verdict);
/* Decodes the message behind an envelope into `out`; *again is header, body and credential encoded
 * again. */
ONYM_MUST_USE enum onym_status onym_describe_after_envelope(struct onym_vectors *vectors,
                                                            const struct onym_envelope *envelope,
                                                            onym_span message, json_t *out,
                                                            onym_span *again);
void onym_describe_envelope(const struct onym_envelope *envelope, json_t *out);
/* vectors_packet.c */
void onym_run_packet(struct onym_vectors *vectors, const struct onym_vector_kind *kind,
                     json_t *record, struct onym_verdict *verdict);
/* The packets of one message, in any order, flagged or not, joined into vectors->scratch's second
 * half. False (and a failure) when they do not make one. */
bool onym_packets_join(struct onym_vectors *vectors, const onym_span *packets, size_t count,
                       struct onym_envelope *envelope, onym_span *message,
                       struct onym_verdict *verdict);
/* vectors_proof.c: credentials, and answers to challenges. */
/* Takes note of what later records are proved with: keys and secrets. */
void onym_vectors_learn(struct onym_vectors *vectors, json_t *record);
/* The credential of a message, plain and complete, against the record's sessionKey or key. */
void onym_check_credential(struct onym_vectors *vectors, json_t *record, onym_span bytes,
                           struct onym_verdict *verdict);
/* Challenge, answer and, of captured sequences, whether the peer judged the answer as we do. */
void onym_check_answer(struct onym_vectors *vectors, json_t *record, onym_span bytes,
                       struct onym_verdict *verdict);
/* vectors_auth.c */
void onym_run_secret_answer(struct onym_vectors *vectors, const struct onym_vector_kind *kind,
                            json_t *record, struct onym_verdict *verdict);
void onym_run_pubkey_answer(struct onym_vectors *vectors, const struct onym_vector_kind *kind,
                            json_t *record, struct onym_verdict *verdict);
void onym_run_session_key(struct onym_vectors *vectors, const struct onym_vector_kind *kind,
                          json_t *record, struct onym_verdict *verdict);
void onym_run_secret_key(struct onym_vectors *vectors, const struct onym_vector_kind *kind,
                         json_t *record, struct onym_verdict *verdict);
void onym_run_encrypted(struct onym_vectors *vectors, const struct onym_vector_kind *kind,
                        json_t *record, struct onym_verdict *verdict);
/* vectors_exchange.c */
void onym_run_exchange(struct onym_vectors *vectors, const struct onym_vector_kind *kind,
                       json_t *record, struct onym_verdict *verdict);

/* vectors_body.c: a decoded body as fields. */
void onym_describe_body(const struct onym_body *body, uint16_t version, json_t *out);

/* ---- JSON ---- */

/* vectors_json.c. `put` functions replace nothing but add; running out of memory leaves the field
 * out, which then shows as a failed comparison. */
void onym_put_int(json_t *object, const char *key, uint64_t number);
void onym_put_bool(json_t *object, const char *key, bool truth);
void onym_put_text(json_t *object, const char *key, onym_span text); /* left out if not UTF-8 */
void onym_put_hex(json_t *object, const char *key, onym_span bytes);
void onym_put_version(json_t *object, const char *key, uint16_t version);
json_t *onym_value_json(const struct onym_value *value);
json_t *onym_values_json(struct onym_value_list values);
json_t *onym_references_json(struct onym_reference_list references);
void onym_describe_site_fields(const struct onym_hs_site *site, json_t *out);

/* The bytes of a hex string field; malloc'ed, free with free(). False when it is not there or no
 * hex. */
bool onym_hex_field(json_t *record, const char *key, uint8_t **bytes, size_t *len);
bool onym_hex_json(const json_t *text, uint8_t **bytes, size_t *len);

/* Compares every field of record that is on the wire with what was decoded. With whole, a field the
 * codec knows and did not find is a failure. */
void onym_compare_fields(json_t *record, const json_t *found, bool whole,
                         struct onym_verdict *verdict);
/* Compares an encoding with the original. */
void onym_compare_bytes(onym_span expected, onym_span again, struct onym_verdict *verdict);

#endif
