/* What a load client says on a connection, and what it takes for a right answer: resolve requests
 * of the Handle protocol, GET of Redis, GET of HTTP, and requests of a fixed size for an echo. */
#ifndef BENCH_LIB_SPEECH_H
#define BENCH_LIB_SPEECH_H

#include "tools/bench_query.h"

#define BENCH_SPEECH_REQUEST_MAX 4096U
#define BENCH_SPEECH_ANSWER_MAX  16384U

enum bench_language { BENCH_HANDLE, BENCH_REDIS, BENCH_HTTP, BENCH_ECHO };

struct bench_speech {
    enum bench_language language;
    bool any_name;                      /* HTTP: the body need not hold the name */
    size_t request_bytes, answer_bytes; /* of an echo */
    struct onym_bench_query_form form;  /* of Handle requests */
};

/* "handle", "redis", "http" or "echo". ONYM_OK, or one line on stderr and ONYM_INVALID. */
ONYM_MUST_USE enum onym_status bench_speech_language(const char *text, enum bench_language *out);

/* Writes a request for name (at most ONYM_BENCH_NAME_LEN_MAX bytes); returns its length. */
size_t bench_speech_ask(const struct bench_speech *speech, onym_span name, uint32_t id,
                        uint8_t out[BENCH_SPEECH_REQUEST_MAX]);

/* Judges the answer in front of `in` to the request for name: its length with its verdict in
 * *right, or 0 when it is not whole yet. Answers come in the order of the requests. *right: the id
 * is echoed (Handle, echo), the name is (Handle; Redis: the value begins with it; HTTP: the body
 * holds it), the code is of success. *code: of a wrong answer, when it has one. An answer longer
 * than BENCH_SPEECH_ANSWER_MAX is wrong, and so is what is none; its length then is all there is.
 */
size_t bench_speech_hear(const struct bench_speech *speech, onym_span in, onym_span name,
                         uint32_t id, bool *right, uint32_t *code);

#endif
