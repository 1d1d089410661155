/* A change somebody asks for, free of any protocol's bytes: every mouth fills the same struct, the
 * writer decides it with core/op.h and the log keeps it. It owns nothing; who fills it says how
 * long the spans live, which must be until it is decided and logged.
 * Source: proto/handle.md sections 8 and 15. */
#ifndef ONYM_MODEL_OPERATION_H
#define ONYM_MODEL_OPERATION_H

#include "onym/model/message.h"

/* What is asked. The numbers stand in the log and never change; 1 is a bulk load there. */
enum onym_action {
    ONYM_ACTION_CREATE = 2, /* opcode 100: a record with values */
    ONYM_ACTION_DELETE = 3, /* 101: the whole record */
    ONYM_ACTION_ADD = 4,    /* 102: values */
    ONYM_ACTION_REMOVE = 5, /* 103: values, by index */
    ONYM_ACTION_MODIFY = 6, /* 104: values, by their index */
    ONYM_ACTION_HOME = 7,   /* 300: serve a prefix here */
    ONYM_ACTION_UNHOME = 8, /* 301 */
    ONYM_ACTION_ISSUE = 9,  /* an access token (core/token.h): its name is the id, its values say
                               what it is */
    ONYM_ACTION_REVOKE = 10 /* it is gone */
};

/* What the caller believes about the record; the writer compares, so nothing comes between. */
enum onym_expect {
    ONYM_EXPECT_ANY = 0,
    ONYM_EXPECT_REVISION, /* it exists and is in exactly this revision, else ONYM_STALE */
    ONYM_EXPECT_ABSENT,   /* it does not exist, else ONYM_EXISTS, whatever overwrite says */
    ONYM_EXPECT_SAME,     /* CREATE with overwrite: it does not exist or is what is asked for
                             already, else ONYM_EXISTS */
    ONYM_EXPECT_PRESENT   /* CREATE: it exists, else ONYM_NOT_FOUND */
};

/* Somebody who has proven who they are: a handle and the index of the key there. */
struct onym_principal {
    onym_span handle; /* empty = nobody */
    uint32_t index;
};

#define ONYM_OPERATION_ID_LEN 16U
/* Bytes of a minted suffix: a UUID as text. */
#define ONYM_MINTED_LEN 36U

struct onym_operation {
    enum onym_action action;
    onym_span name;                /* as sent. CREATE with mint: the stem. HOME and UNHOME: "0.NA/P"
                                      or the bare prefix "P" */
    struct onym_value_list values; /* CREATE, ADD, MODIFY; checked by onym_value_list_check. Their
                                      timestamps do not count */
    struct onym_u32_list indexes;  /* REMOVE */
    bool overwrite;                /* CREATE, ADD: may replace what is there */
    bool mint;                     /* CREATE: the name gets `minted` behind the stem */
    onym_span minted;              /* the suffix, made once by who fills the operation, so that
                                      deciding it again gives the same name */
    enum onym_expect expect;
    uint64_t revision;   /* for ONYM_EXPECT_REVISION */
    uint64_t created_ms; /* likewise, of the record meant: a name that was deleted and created anew
                            counts its revisions again. 0 = any */
    struct onym_principal principal;
    onym_span address; /* where it came from, as text; for the log */
    uint8_t id[ONYM_OPERATION_ID_LEN];
    bool once; /* nobody but the node knows the id, so the operation cannot come again under it and
                  its outcome is not kept */
    uint64_t now_ms; /* epoch milliseconds, read once */
};

/* Writes 16 random bytes as the text of a version 4 UUID, lower case: a suffix for `minted`. */
void onym_operation_mint(const uint8_t chance[16], uint8_t out[ONYM_MINTED_LEN]);

#endif
