/* A second reader of load's lines, made of jansson's tree and plain code: the judge of ours. It is
 * slow and shares nothing with the reader it judges but the byte forms of the model. */
#ifndef ONYM_TESTS_SUPPORT_JSON_JUDGE_H
#define ONYM_TESTS_SUPPORT_JSON_JUDGE_H

#include "onym/span.h"

#define JUDGE_BYTES_MAX 65536U

struct judged {
    char name[4096];
    size_t name_len;
    char owner[4096];
    size_t owner_len;
    bool has_values, has_homed, homed;
    unsigned long long revision, created_ms, modified_ms; /* 0 = not given */
    unsigned counts[2];                                   /* values: public, private */
    size_t lens[2];                                       /* bytes of their byte forms */
    uint8_t bytes[2][JUDGE_BYTES_MAX];
};

/* Whether line is a record, and which. now_s: timestamp of values without one. */
bool json_judge(onym_span line, uint32_t now_s, struct judged *out);

#endif
