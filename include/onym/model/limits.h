/* Every maximum in one place. Sources: proto/handle.md section 1 (what the reference decoder
 * enforces) unless a line says otherwise. */
#ifndef ONYM_MODEL_LIMITS_H
#define ONYM_MODEL_LIMITS_H

#define ONYM_NAME_LEN_MAX        2048U    /* bytes of an identifier */
#define ONYM_MESSAGE_LEN_MAX     262144U  /* bytes after the envelope */
#define ONYM_COUNT_MAX           1048576U /* items of any list, bytes of any field */
#define ONYM_VALUES_MAX          2048U    /* values of one identifier */
#define ONYM_ENVELOPE_LEN        20U      /* section 2 */
#define ONYM_HEADER_LEN          24U      /* section 3 */
#define ONYM_PACKET_LEN_MAX      512U     /* a UDP packet with its envelope, section 14.1 */
#define ONYM_PACKET_DATA_MAX     492U     /* message bytes of a UDP packet */
#define ONYM_PREFIX_PART_LEN_MAX 9U       /* digits of a prefix part under the national roots */
#define ONYM_OWNER_LEN_MAX       255U     /* our own: the name of a record's owner */
#define ONYM_TYPE_LEN_MAX        255U     /* our own: a type in what is registered over a wire */

/* Our own: bytes of all values of one identifier, so that its answer with name, request digest and
 * signature still fits one message; and of a line of NDJSON, which holds the longest record. */
#define ONYM_VALUES_LEN_MAX (ONYM_MESSAGE_LEN_MAX - 4096U)
#define ONYM_LINE_LEN_MAX   2097152U

/* Our own: revisions of a record, of which the store keeps 48 bits. */
#define ONYM_REVISION_MAX 281474976710655ULL

/* Room for the prefix record of any name: "0.NA/" and the prefix. */
#define ONYM_PREFIX_NAME_LEN_MAX (ONYM_NAME_LEN_MAX + 5U)

#endif
