/* Resolving and registering identifiers from a program of your own, blocking or on your own event
 * loop.
 *
 * A client does one thing at a time and belongs to one thread at a time; have as many clients as
 * you like. It talks the Handle protocol (proto/handle.md) over UDP and TCP, IPv4 and IPv6.
 *
 * Every question ends in one of three ways, and the result says which:
 *
 *   done      a server answered; `status` is what it said (found, not found, ask elsewhere, ...)
 *   failed    it did not happen and there will be no answer worth having: the question breaks a
 *             limit, every answer was refused (expired, not decodable, for another request), no
 *             server could be reached for a change
 *   unknown   no server answered in time. Resolving and listing change nothing, so asking again is
 *             safe. A change (status ONYM_UNCERTAIN) may have happened or not: look before you
 *             send it again. The client never repeats a change by itself.
 *
 * Memory: what a result points to belongs to the client and lives until the next
 * onym_client_resolve, onym_client_change, onym_client_list, onym_client_start..., _cancel or _free
 * of that client. Copy what must live longer. The bytes of a question are copied and may come from
 * the last result. */
#ifndef ONYM_CLIENT_H
#define ONYM_CLIENT_H

#include "onym/model/operation.h"

#define ONYM_CLIENT_PORT          2641U    /* where a server listens when nothing else is said */
#define ONYM_CLIENT_SERVERS_MAX   16U      /* servers of one client, tried in order */
#define ONYM_CLIENT_SELECT_MAX    2048U    /* indexes of a query; types of a query */
#define ONYM_CLIENT_TYPES_LEN_MAX 32768U   /* bytes of all types of a query, and 4 for each */
#define ONYM_CLIENT_TIMEOUT_MAX   3600000U /* milliseconds, of any time-out */
#define ONYM_CLIENT_VERSION_LAST  0x020BU  /* 2.11, the highest protocol version spoken */

enum onym_transport {
    ONYM_TRANSPORT_ANY, /* UDP first, then TCP */
    ONYM_TRANSPORT_UDP,
    ONYM_TRANSPORT_TCP
};

struct onym_client_server {
    uint8_t address[16]; /* network order; IPv4 uses the first 4 bytes */
    bool is_v6;
    uint16_t port;                 /* 1..65535 */
    uint32_t scope_id;             /* interface of a link-local IPv6 address, else 0 */
    enum onym_transport transport; /* what may be used with this server */
};

/* Reads "192.0.2.1", "192.0.2.1:2641", "2001:db8::1" or "[2001:db8::1]:2641" without asking
 * anybody: names are refused. The port is ONYM_CLIENT_PORT unless given, transport
 * ONYM_TRANSPORT_ANY. ONYM_OK; ONYM_INVALID for anything else (*out unchanged). */
ONYM_MUST_USE enum onym_status onym_client_server_parse(const char *text,
                                                        struct onym_client_server *out);

/* The same, and host names too: those are looked up and give several servers, at most cap. MAY
 * BLOCK for seconds on a name (never on an address). ONYM_OK and *count >= 1; ONYM_INVALID the text
 * is no HOST[:PORT]; ONYM_UNREACHABLE the name is unknown or cannot be looked up now. */
ONYM_MUST_USE enum onym_status onym_client_server_lookup(const char *text,
                                                         struct onym_client_server *out, size_t cap,
                                                         size_t *count);

/* Writes "192.0.2.1:2641" or "[2001:db8::1]:2641" with its NUL into out, which holds
 * ONYM_CLIENT_SERVER_TEXT bytes. */
#define ONYM_CLIENT_SERVER_TEXT 80U
void onym_client_server_format(const struct onym_client_server *server, char *out);

enum onym_channel_state {
    ONYM_CHANNEL_DONE,
    ONYM_CHANNEL_READ,  /* again when the socket can be read */
    ONYM_CHANNEL_WRITE, /* again when it can be written */
    ONYM_CHANNEL_ENDED  /* the other side has closed, or it broke */
};

/* What carries the bytes of TCP connections in place of the bare socket: TLS, by the library of
 * your choice (this one needs none). No call may block. */
struct onym_client_channel {
    void *of;
    /* Over a connected socket, which stays the client's. NULL: no memory. */
    void *(*open)(void *of, int socket);
    enum onym_channel_state (*handshake)(void *channel); /* goes on with it, until DONE */
    /* At most len bytes; *done is how many, 0 unless DONE. A read takes all that is there, up to
     * len. After READ or WRITE a write is repeated with the same bytes. */
    enum onym_channel_state (*read)(void *channel, void *out, size_t len, size_t *done);
    enum onym_channel_state (*write)(void *channel, const void *bytes, size_t len, size_t *done);
    const char *(*reason)(void *channel); /* why it ended: static, "" when unknown */
    void (*close)(void *channel);
};

/* Zero in every field but the servers means the default. */
struct onym_client_options {
    const struct onym_client_server *servers; /* copied */
    size_t server_count;                      /* 1..ONYM_CLIENT_SERVERS_MAX */
    uint32_t timeout_ms;         /* the whole question, every server and attempt; 10 000 */
    uint32_t connect_timeout_ms; /* one TCP connection attempt; 3 000 */
    uint32_t reply_timeout_ms;   /* longest silence on a TCP connection; 5 000 */
    uint16_t version;            /* of requests, major * 256 + minor; 2.11 */
    uint16_t suggested;          /* highest version wanted in replies; 2.11 */
    /* NULL: none. Copied; what it points to must stay. With one every server is asked over TCP
     * alone, by its transport. */
    const struct onym_client_channel *channel;
};

/* Zero in every field but the name is a plain look-up of all public values. */
struct onym_client_query {
    onym_span name;          /* 1..ONYM_NAME_LEN_MAX bytes */
    const uint32_t *indexes; /* with types: values listed by either are selected; none: all */
    size_t index_count;      /* at most ONYM_CLIENT_SELECT_MAX */
    const onym_span *types;  /* a type ending in '.' selects the whole family */
    size_t type_count;       /* at most ONYM_CLIENT_SELECT_MAX, see ONYM_CLIENT_TYPES_LEN_MAX */
    bool authoritative;      /* AT: ask for a primary's answer */
    bool private_too;        /* clears PO: values not public as well. With an identity
                                (onym_client_identify) over TCP alone, and proven when asked for */
    bool no_recursion;       /* clears REC */
    bool no_referral;        /* DNR: "not responsible" instead of a referral */
    bool request_digest;     /* RD: the reply must prove it saw this very request */
};

enum onym_outcome { ONYM_OUTCOME_DONE, ONYM_OUTCOME_FAILED, ONYM_OUTCOME_UNKNOWN };

struct onym_client_result {
    enum onym_outcome outcome;
    enum onym_status status; /* ONYM_OK: found. Without an answer: why there is none */
    const char *detail;      /* one English sentence without a full stop, static, never NULL */
    uint32_t code;           /* response code as sent; 0 without an answer */
    onym_span name;          /* the identifier as the server repeats it; empty in errors */
    /* ONYM_OK: the selected values. ONYM_SERVICE_REFERRAL, ONYM_PREFIX_REFERRAL: where to ask,
     * usually HS_SITE values; may be none. Read with onym_value_next; already checked. */
    struct onym_value_list values;
    onym_span text;       /* the server's error text, UTF-8 by agreement only; often empty */
    bool authoritative;   /* a primary answered */
    bool is_signed;       /* the reply carries a credential (not verified here) */
    uint32_t reply_flags; /* all operation flags of the reply, proto/handle.md 4 */
    uint16_t version;     /* protocol version of the reply */
    uint16_t site_serial; /* serial of the server's site information */
    uint32_t expiration;  /* epoch seconds after which the reply must not be used */
    enum onym_transport transport; /* the last one used; ANY before anything was sent */
    size_t server;                 /* index of the server that answered, or was asked last */
    uint32_t sent;                 /* requests sent over all servers, repeats included */
    uint32_t packets;              /* datagrams of the reply; messages when it came over TCP */
    uint32_t bytes;                /* of the reply, envelopes included */
    uint64_t elapsed_us;           /* from the start of the question */
    uint64_t listed;               /* onym_client_list: names handed out */
    bool replaced;                 /* a change: OVERWRITE replaced what was there */
};

struct onym_client; /* opaque */

/* ONYM_OK and *out (release with onym_client_free); ONYM_INVALID an option out of its range;
 * ONYM_NO_MEMORY; ONYM_IO no descriptor left; ONYM_UNSUPPORTED OpenSSL lacks a digest. */
ONYM_MUST_USE enum onym_status onym_client_new(const struct onym_client_options *options,
                                               struct onym_client **out);
void onym_client_free(struct onym_client *client); /* NULL is fine; ends a running question */

/* Asks and waits, at most timeout_ms. Fills *result always and returns result->status:
 * ONYM_OK found; ONYM_NOT_FOUND, ONYM_VALUE_NOT_FOUND, ONYM_SERVICE_REFERRAL and whatever else a
 * server says (ONYM_ERROR for codes we do not know: see result->code); ONYM_UNREACHABLE no answer;
 * ONYM_INVALID the query breaks a limit; ONYM_MALFORMED answers came and were refused; ONYM_IO this
 * machine could not send. */
ONYM_MUST_USE enum onym_status onym_client_resolve(struct onym_client *client,
                                                   const struct onym_client_query *query,
                                                   struct onym_client_result *result);

/* ---- with proof of who asks ---- */

#define ONYM_CLIENT_SECRET_LEN_MAX 1024U  /* bytes of a secret */
#define ONYM_CLIENT_KEY_LEN_MAX    16384U /* bytes of a private key's PEM text */

/* Who asks, and what proves it: a key value in the record of a handle. Exactly one of secret and
 * private_key is given. */
struct onym_client_identity {
    onym_span handle;      /* 1..ONYM_NAME_LEN_MAX bytes */
    uint32_t index;        /* of the HS_SECKEY or HS_PUBKEY value there; 0 = any of that type */
    onym_span secret;      /* the data of the HS_SECKEY value */
    onym_span private_key; /* PEM text of the private half of the HS_PUBKEY value: PKCS#8 or the
                              older forms, RSA, DSA, EC or SM2, without a passphrase */
};

/* From now on challenges are answered as this identity; NULL: as nobody. What is given is copied,
 * and what was kept before is wiped from memory; so is everything by onym_client_free. Neither
 * secret nor key ever leaves this machine: a challenge is answered with a proof over a number the
 * server has chosen and the digest of the request, and not answered at all when that digest is not
 * the digest of what was sent. A new identity counts for a running question too.
 * ONYM_OK; ONYM_INVALID: a field outside its bounds or no usable key, and *why (may be NULL when
 * not wanted) says what is wrong, static; ONYM_NO_MEMORY. After a failure the client is nobody. */
ONYM_MUST_USE enum onym_status onym_client_identify(struct onym_client *client,
                                                    const struct onym_client_identity *identity,
                                                    const char **why);

/* A change of what a server has registered. Zero in every field but action and name is a plain
 * one; a value's timestamp is the server's to set. */
struct onym_client_change {
    enum onym_action action;         /* create, delete, add, remove, modify, home, unhome */
    onym_span name;                  /* 1..ONYM_NAME_LEN_MAX bytes. With mint the stem. HOME and
                                        UNHOME: "0.NA/<prefix>" */
    const struct onym_value *values; /* CREATE, ADD, MODIFY (by their index) */
    size_t value_count;              /* at most ONYM_VALUES_MAX; together one message */
    const uint32_t *indexes;         /* REMOVE */
    size_t index_count;              /* at most ONYM_VALUES_MAX */
    bool overwrite;                  /* CREATE, ADD: may replace what is there */
    bool mint;                       /* CREATE: the server invents the rest of the name */
};

/* Asks for the change and waits, at most timeout_ms: over TCP, of the first server that can be
 * reached; once something was sent no other server is tried. Fills *result always and returns
 * result->status:
 * ONYM_OK done and durable (result->name: of what was created, when the server repeats it);
 * ONYM_EXISTS, ONYM_NOT_FOUND, ONYM_AUTH_NEEDED (no identity), ONYM_AUTH_FAILED (wrong key),
 * ONYM_CREDENTIAL_INVALID (no such key value), ONYM_NO_PERMISSION, ONYM_CHALLENGE_TIMEOUT and
 * whatever else a server says: it did not happen;
 * ONYM_UNREACHABLE, ONYM_IO with ONYM_OUTCOME_FAILED: it was not sent, or not beyond the question
 * who asks; ONYM_MALFORMED with ONYM_OUTCOME_FAILED: the server's challenge was refused;
 * ONYM_INVALID: the change breaks a limit, or no server may be asked over TCP;
 * ONYM_UNCERTAIN with ONYM_OUTCOME_UNKNOWN: it was sent, and no answer that can be believed came,
 * or the server itself does not know; ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_client_change(struct onym_client *client,
                                                  const struct onym_client_change *change,
                                                  struct onym_client_result *result);

/* A list of the names under a prefix, or of the prefixes a server is home to. */
struct onym_client_listing {
    onym_span prefix; /* "88.300.1" or "0.NA/88.300.1"; empty: the homed prefixes */
    /* Called once for each name, in the server's order, from inside onym_client_list or
     * onym_client_step; must not call this client. The span lives during the call. False ends the
     * list there, with ONYM_OK. */
    bool (*each)(void *of, onym_span name);
    void *of;
};

/* Lists and waits. timeout_ms bounds the time to each part of the list, not to its end: lists can
 * be long. Fills *result always and returns result->status: ONYM_OK: complete, or ended by `each`.
 * Otherwise names already handed out stand, and the list is not complete: the statuses of
 * onym_client_resolve and those that tell of identity above. */
ONYM_MUST_USE enum onym_status onym_client_list(struct onym_client *client,
                                                const struct onym_client_listing *listing,
                                                struct onym_client_result *result);

/* On your own loop (docs/client-library.md shows it with poll and with libuv):
 *
 *   onym_client_start()  -> wait until onym_client_fd() is readable or onym_client_wait_ms() has
 *                           passed -> onym_client_step() -> true: done, false: wait again
 *
 * None of these blocks. A step that answers a challenge computes the proof, which takes up to some
 * ten milliseconds with a secret or a long RSA key, well below one with an EC key. */

/* Begins, like onym_client_resolve, onym_client_change and onym_client_list. Whatever goes wrong,
 * the first step reports it. A question still running is ended first. */
void onym_client_start(struct onym_client *client, const struct onym_client_query *query);
void onym_client_start_change(struct onym_client *client, const struct onym_client_change *change);
void onym_client_start_list(struct onym_client *client, const struct onym_client_listing *listing);

/* A descriptor to watch for reading only: the same one for the client's whole life, whatever
 * sockets come and go behind it. The client closes it. */
int onym_client_fd(const struct onym_client *client);

/* Milliseconds until onym_client_step must be called although the descriptor stays quiet; 0 = now;
 * -1 = nothing is running. */
int onym_client_wait_ms(const struct onym_client *client);

/* Does what can be done now. True when the question has ended: *result is filled, once. */
ONYM_MUST_USE bool onym_client_step(struct onym_client *client, struct onym_client_result *result);

/* Ends a running question without a result. Whether a change that was under way has happened is
 * then not known. */
void onym_client_cancel(struct onym_client *client);

#endif
