/* Between the files of the judge: bytes being put together, and the data of a value. */
#ifndef ONYM_TESTS_SUPPORT_JSON_JUDGE_DATA_H
#define ONYM_TESTS_SUPPORT_JSON_JUDGE_DATA_H

#include "support/json_judge.h"

#include <jansson.h>

/* Bytes being put together; `bad` sticks. */
struct judge_build {
    uint8_t at[JUDGE_BYTES_MAX];
    size_t len;
    bool bad;
};

void judge_put(struct judge_build *b, const void *bytes, size_t len);
void judge_put_number(struct judge_build *b, unsigned long long v, unsigned size);
void judge_put_counted(struct judge_build *b, const void *bytes, size_t len);
bool judge_put_text(struct judge_build *b, const json_t *value, size_t most);
/* u4 count and the pairs of [{"handle", "index"}]. */
bool judge_put_references(struct judge_build *b, const json_t *list);
/* A string or {"format", "value"}; inside a site only what a key may be. */
bool judge_put_data(struct judge_build *b, const json_t *data, bool in_site);

/* Whether object is one and has only these members. */
bool judge_only(const json_t *object, const char *const *names);
bool judge_number(const json_t *value, long long least, long long most, long long *out);

#endif
