/* Envelope, header and credential frame of a Handle message.
 * Source: proto/handle.md sections 2, 3, 4, 5, 7. Pure; spans borrow from the input. */
#ifndef ONYM_WIRE_HEADER_H
#define ONYM_WIRE_HEADER_H

#include "onym/model/limits.h"
#include "onym/span.h"
#include "onym/status.h"

/* Envelope flags, byte 2. */
#define ONYM_ENVELOPE_COMPRESSED 0x80U
#define ONYM_ENVELOPE_ENCRYPTED  0x40U
#define ONYM_ENVELOPE_TRUNCATED  0x20U /* a fragment of a larger message */

/* Operation flags (section 4). */
#define ONYM_FLAG_AUTHORITATIVE  0x80000000U
#define ONYM_FLAG_CERTIFY        0x40000000U
#define ONYM_FLAG_ENCRYPT        0x20000000U
#define ONYM_FLAG_RECURSE        0x10000000U
#define ONYM_FLAG_CACHE_AUTH     0x08000000U
#define ONYM_FLAG_CONTINUOUS     0x04000000U
#define ONYM_FLAG_KEEP_OPEN      0x02000000U
#define ONYM_FLAG_PUBLIC_ONLY    0x01000000U
#define ONYM_FLAG_REQUEST_DIGEST 0x00800000U
#define ONYM_FLAG_OVERWRITE      0x00400000U
#define ONYM_FLAG_MINT           0x00200000U
#define ONYM_FLAG_NO_REFERRAL    0x00100000U
/* Every bit the sheet defines; others are ignored and not copied into replies. */
#define ONYM_FLAGS_KNOWN 0xFFF00000U

enum onym_opcode {
    ONYM_OP_RESERVED = 0,
    ONYM_OP_RESOLVE = 1,
    ONYM_OP_SITE_INFO = 2,
    ONYM_OP_CREATE = 100,
    ONYM_OP_DELETE = 101,
    ONYM_OP_ADD_VALUES = 102,
    ONYM_OP_REMOVE_VALUES = 103,
    ONYM_OP_MODIFY_VALUES = 104,
    ONYM_OP_LIST_HANDLES = 105,
    ONYM_OP_CHALLENGE_ANSWER = 200,
    ONYM_OP_VERIFY_ANSWER = 201,
    ONYM_OP_HOME_PREFIX = 300,
    ONYM_OP_UNHOME_PREFIX = 301,
    ONYM_OP_LIST_PREFIXES = 302,
    ONYM_OP_SESSION_SETUP = 400,
    ONYM_OP_SESSION_END = 401,
    ONYM_OP_SESSION_KEY = 402,
    ONYM_OP_NEXT_TXN_ID = 1000,
    ONYM_OP_RETRIEVE_LOG = 1001,
    ONYM_OP_DUMP = 1002,
    ONYM_OP_BACKUP = 1003,
    ONYM_OP_PASSWORD_LOGIN = 2000,
    ONYM_OP_KEY_LOGIN = 2001
};

/* A protocol version as major * 256 + minor, so that versions compare as numbers. */
#define ONYM_VERSION(major, minor) ((uint16_t)((major)*256 + (minor)))
#define ONYM_VERSION_OWN           ONYM_VERSION(2, 11)

struct onym_envelope {
    uint16_t version;    /* of the message below */
    uint16_t suggested;  /* highest the sender would like; 0.x means "same as version" */
    uint8_t flags;       /* ONYM_ENVELOPE_... ; other bits are dropped */
    uint32_t session_id; /* 0 = none */
    uint32_t request_id;
    uint32_t sequence;    /* fragment number from 0 */
    uint32_t message_len; /* bytes of the complete message without any envelope */
};

struct onym_header {
    uint32_t opcode;
    uint32_t response_code; /* 0 in requests */
    uint32_t flags;         /* all 32 bits as received */
    uint16_t site_serial;   /* 0xFFFF: no site information known */
    uint8_t recursion;
    uint8_t reserved;
    uint32_t expiration; /* epoch seconds */
    uint32_t body_len;
};

/* A complete message, cut apart but with its body still in byte form. */
struct onym_message {
    struct onym_envelope envelope;
    struct onym_header header;
    onym_span body;
    onym_span credential; /* contents of the credential field; empty when empty or absent */
    bool has_credential;  /* false: the field itself was left out (section 3) */
    onym_span digested;   /* header and body as received, what a request digest covers */
};

/* Reads an envelope from the first 20 bytes. ONYM_MALFORMED when shorter. */
ONYM_MUST_USE enum onym_status onym_envelope_decode(onym_span bytes, struct onym_envelope *out);
/* Writes 20 bytes. */
void onym_envelope_encode(const struct onym_envelope *envelope, uint8_t out[ONYM_ENVELOPE_LEN]);

/* Reads a header from the first 24 bytes. ONYM_MALFORMED when shorter. */
ONYM_MUST_USE enum onym_status onym_header_decode(onym_span bytes, struct onym_header *out);
/* Writes 24 bytes. */
void onym_header_encode(const struct onym_header *header, uint8_t out[ONYM_HEADER_LEN]);

/* Cuts the complete, plain message after an already decoded envelope: message.len must be
 * envelope->message_len and at most ONYM_MESSAGE_LEN_MAX, the body must fit, the credential field
 * must be absent or whole. Bytes after the credential are ignored (the reference decoder does not
 * look at them). Envelopes marked encrypted or compressed give ONYM_UNSUPPORTED. ONYM_MALFORMED
 * otherwise; *out changes on success only. */
ONYM_MUST_USE enum onym_status onym_message_cut(const struct onym_envelope *envelope,
                                                onym_span message, struct onym_message *out);

/* Writes envelope, header, body and credential field (when has_credential) to out; message_len and
 * body_len are computed, the fields of m are not looked at. ONYM_NO_SPACE when cap is too small. */
ONYM_MUST_USE enum onym_status onym_message_encode(const struct onym_message *m, uint8_t *out,
                                                   size_t cap, size_t *len);

/* The version to answer a request in: min(suggested or, without one, its own; 2.11) (section 2). */
uint16_t onym_version_for_reply(const struct onym_envelope *request);

#endif
