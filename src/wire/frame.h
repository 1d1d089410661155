/* Where messages begin and end: a TCP stream cut into messages however it is torn, fragments of UDP
 * requests put together again, replies cut into packets. Source: proto/handle.md sections 2, 14.1,
 * 14.2. Pure: no sockets, and the time is an argument. */
#ifndef ONYM_WIRE_FRAME_H
#define ONYM_WIRE_FRAME_H

#include "wire/header.h"

/* ---- stream ---- */

enum onym_frame_verdict {
    ONYM_FRAME_MORE,    /* not complete yet: ask again when `need` bytes are there */
    ONYM_FRAME_MESSAGE, /* `envelope` and `message`; then drop `used` bytes from the front */
    ONYM_FRAME_REFUSE   /* answer code 4 with envelope.request_id and close: what follows cannot be
                           found any more */
};

struct onym_frame {
    enum onym_frame_verdict verdict;
    size_t need;                   /* MORE: bytes counted from the front of the stream */
    size_t used;                   /* MESSAGE: bytes of envelope and message */
    struct onym_envelope envelope; /* MESSAGE, REFUSE */
    onym_span message;             /* MESSAGE: without the envelope; borrows from stream */
    const char *why;               /* REFUSE: a short English reason, static */
};

/* Looks for a message at the front of stream: what was received and not yet used. Refused are a
 * message_len over ONYM_MESSAGE_LEN_MAX and an envelope marked truncated: fragments have no place
 * on a stream. Any other message is handed out even when it cannot be decoded (onym_message_cut
 * tells), because the stream goes on behind it. need is at most ONYM_ENVELOPE_LEN +
 * ONYM_MESSAGE_LEN_MAX. */
struct onym_frame onym_frame_cut(onym_span stream);

/* ---- fragments of requests ---- */

#define ONYM_PEER_LEN_MAX         32U   /* bytes that tell one sender from another */
#define ONYM_REASSEMBLY_EXPIRY_MS 5000U /* a request not complete by then is dropped */
#define ONYM_FRAGMENTS_MAX                                                                         \
    ((ONYM_MESSAGE_LEN_MAX + ONYM_PACKET_DATA_MAX - 1U) / ONYM_PACKET_DATA_MAX)

enum onym_reassembly_verdict {
    ONYM_FRAGMENT_KEPT,      /* wait for the others */
    ONYM_FRAGMENT_DUPLICATE, /* had it already */
    ONYM_FRAGMENT_COMPLETE,  /* *envelope and *message are set */
    ONYM_FRAGMENT_BAD        /* not a fragment, or it does not fit the others: drop silently */
};

struct onym_reassembly; /* opaque; lies at the front of the memory given */

/* Bytes of memory for `slots` requests (1..65535) of at most message_len_max bytes
 * (1..ONYM_MESSAGE_LEN_MAX). */
size_t onym_reassembly_size(uint32_t slots, uint32_t message_len_max);

/* Lays a reassembly out in memory of onym_reassembly_size() bytes, aligned like malloc's, which
 * stays the caller's and lives as long as it is used. Nothing else is ever allocated. */
struct onym_reassembly *onym_reassembly_init(void *memory, uint32_t slots,
                                             uint32_t message_len_max);

/* Takes one packet, envelope included, that carries ONYM_ENVELOPE_TRUNCATED. Fragments belong
 * together when peer (1..ONYM_PEER_LEN_MAX bytes) and request id agree; any order; duplicates
 * change nothing. All are full (ONYM_PACKET_DATA_MAX bytes) but the last, whose length follows from
 * message_len; version, suggested version, session id and message_len must equal those of the first
 * that came. A request not complete ONYM_REASSEMBLY_EXPIRY_MS after its first fragment is gone.
 * When no slot is free the oldest request loses its own.
 * BAD also for packets without the flag, message_len 0 or over message_len_max, a sequence past the
 * end. now_ms is any clock that does not step back.
 * On COMPLETE *envelope is like that of an unfragmented message (sequence 0, no truncated flag) and
 * *message borrows from the reassembly until its next call. */
enum onym_reassembly_verdict onym_reassembly_add(struct onym_reassembly *reassembly, onym_span peer,
                                                 onym_span packet, uint64_t now_ms,
                                                 struct onym_envelope *envelope,
                                                 onym_span *message);

/* Requests that still wait for fragments at now_ms. */
uint32_t onym_reassembly_waiting(const struct onym_reassembly *reassembly, uint64_t now_ms);

/* ---- packets of a reply ---- */

/* Packets a message of message_len bytes (without envelope) takes; at least 1. */
uint32_t onym_packets_count(size_t message_len);

struct onym_packet {
    uint8_t envelope[ONYM_ENVELOPE_LEN]; /* send this, then data_len bytes of the message */
    size_t offset;                       /* of the data in the message */
    size_t data_len;
};

/* Packet number `sequence` (< onym_packets_count(message_len)) of the message. message_len,
 * sequence and the truncated flag of the envelope are filled in; the flag is set when there are
 * several packets. */
void onym_packet_at(const struct onym_envelope *envelope, size_t message_len, uint32_t sequence,
                    struct onym_packet *out);

#endif
