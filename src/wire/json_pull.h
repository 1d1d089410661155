/* JSON read in one pass, as the caller asks for it: no tree, no heap. The caller knows the shape it
 * expects, so anything else is an error at once, with the place and the name of the field.
 *
 * Strict RFC 8259: no comments, no trailing commas, no bare words; strings are valid UTF-8 with
 * every escape, pairs of surrogates included; duplicate members are refused. Nesting is bounded by
 * ONYM_JSON_DEPTH_MAX and nothing recurses over input.
 *
 * The first failure sticks: `failed` is set, later calls return false, and the error keeps what was
 * wrong first.
 */
#ifndef ONYM_WIRE_JSON_PULL_H
#define ONYM_WIRE_JSON_PULL_H

#include "onym/span.h"

#define ONYM_JSON_DEPTH_MAX 16U
/* Scratch bytes that are always enough for a text of len bytes: its unescaped strings and the byte
 * forms made of them. */
#define ONYM_JSON_SCRATCH_LEN(len) (8U * (len) + 1024U)

struct onym_json_error {
    size_t offset;     /* in the text, where it was noticed */
    char field[160];   /* "values[2].data.value"; empty for the whole text */
    char problem[240]; /* "a string; expected a whole number" */
};

enum onym_json_kind {
    ONYM_JSON_NONE, /* the end of the text, or no JSON */
    ONYM_JSON_OBJECT,
    ONYM_JSON_ARRAY,
    ONYM_JSON_STRING,
    ONYM_JSON_NUMBER,
    ONYM_JSON_BOOL,
    ONYM_JSON_NULL
};

struct onym_json_name {
    const char *text;
    size_t len;
};
#define ONYM_JSON_NAME(literal)                                                                    \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

struct onym_json {
    const uint8_t *start, *at, *end;
    uint8_t *scratch; /* the caller's; what strings with escapes become */
    size_t scratch_len, scratch_cap;
    struct onym_json_error *error;
    bool failed;
    unsigned depth;
    struct onym_json_level {
        const struct onym_json_name *member; /* the one being read; NULL inside an array */
        uint32_t index;                      /* of the member's name, or of the item */
        bool fresh;                          /* nothing read yet at this level */
    } level[ONYM_JSON_DEPTH_MAX];
};

/* Starts reading text. scratch (cap bytes) and *error are the caller's and must stay. */
void onym_json_open(struct onym_json *json, onym_span text, uint8_t *scratch, size_t cap,
                    struct onym_json_error *error);
/* True when nothing but white space follows. */
bool onym_json_end(struct onym_json *json);

/* What the next value is, by its first byte; does not move past it. */
enum onym_json_kind onym_json_peek(struct onym_json *json);

/* Enters an object; then onym_json_member gives the position in names of each member, whose value
 * must be read before the next call, and -1 after the last (or after a failure). *seen starts at 0;
 * a name that is not in the list (count <= 32) or comes twice is a failure. */
bool onym_json_object(struct onym_json *json);
int onym_json_member(struct onym_json *json, const struct onym_json_name *names, unsigned count,
                     uint32_t *seen);

/* Goes to the value of a member, by its position in names: the caller has read its name and
 * whatever stands in front of it in this object by itself. */
void onym_json_go_to(struct onym_json *json, const struct onym_json_name *names, unsigned member,
                     const uint8_t *value);

/* Enters an array; onym_json_item is true before each item and false after the last. */
bool onym_json_array(struct onym_json *json);
bool onym_json_item(struct onym_json *json);

/* A string; *out borrows from the text, or from scratch when it has escapes. */
bool onym_json_string(struct onym_json *json, onym_span *out);
/* A whole number without fraction or exponent between least and most. */
bool onym_json_integer(struct onym_json *json, int64_t least, int64_t most, int64_t *out);
bool onym_json_bool(struct onym_json *json, bool *out);

/* Checks the form of a value of any shape and moves past it. */
bool onym_json_skip(struct onym_json *json);
/* Goes back to a place remembered from json->at: the start of a value that was skipped. */
void onym_json_seek(struct onym_json *json, const uint8_t *at);

/* len bytes of scratch for the caller's own use, or NULL and a failure when it is used up. */
uint8_t *onym_json_take(struct onym_json *json, size_t len);

/* Fails with "problem" at the current place and returns false. */
__attribute__((format(printf, 2, 3), cold)) bool onym_json_fail(struct onym_json *json,
                                                                const char *format, ...);

#endif
