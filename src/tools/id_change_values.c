#include "tools/id_change_values.h"

#include "base/clock.h"
#include "onym/model/ident.h"
#include "tools/admin_text.h"
#include "tools/command.h"
#include "tools/value_text.h"
#include "wire/json_in.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ADMINS_MAX 8192U

struct onym_value_words {
    const char *what;
    const char *path; /* of --values */
    struct onym_json_in *json;
    uint8_t *text; /* of the file */
    size_t text_len;
    size_t from_line; /* the first of `values` stand on the command line */
    size_t count;
    uint32_t ttl;
    uint8_t permissions;
    struct onym_value values[ONYM_VALUES_MAX];
    uint8_t admins[ADMINS_MAX]; /* data of HS_ADMIN values of the command line */
    size_t admins_len;
};

struct onym_value_words *
onym_value_words_new(const char *what)
{
    struct onym_value_words *words = calloc(1, sizeof *words);

    if (words != NULL) {
        words->what = what;
        words->ttl = ONYM_TTL_DEFAULT;
        words->permissions = ONYM_PERM_DEFAULT;
    }
    return words;
}

void
onym_value_words_free(struct onym_value_words *words)
{
    if (words != NULL) {
        if (words->text != NULL) {
            explicit_bzero(words->text, ONYM_LINE_LEN_MAX + 1U);
        }
        free(words->text);
        onym_json_in_free(words->json);
        free(words);
    }
}

bool
onym_value_words_number(const char *text, uint32_t most, uint32_t *out)
{
    uint64_t number = 0;

    for (const char *at = text; *at != '\0'; at++) {
        if (*at < '0' || *at > '9' || number > most) {
            return false;
        }
        number = number * 10 + (uint64_t)(*at - '0');
    }
    if (number == 0 || number > most) {
        return false;
    }
    *out = (uint32_t)number;
    return true;
}

/* Types whose data is no text, or no text for a command line. NULL when it may stand there. */
static const char *
not_for_words(onym_span type)
{
    if (onym_text_equal_nocase(type, onym_span_text("HS_SECKEY"))) {
        return "a secret does not belong on a command line, where others see it";
    }
    if (onym_text_equal_nocase(type, onym_span_text("HS_VLIST")) || onym_type_is_site(type)) {
        return "the data of this type is a structure, no text";
    }
    return NULL;
}

int
onym_value_words_add(struct onym_value_words *words, const char *text)
{
    const char *colon = strchr(text, ':');
    const char *equals = colon != NULL ? strchr(colon + 1, '=') : NULL;
    struct onym_value *v = &words->values[words->count];
    char number[16];
    size_t digits;
    const char *why;

    if (equals == NULL || equals == colon + 1 || colon == text) {
        return onym_usage_error(words->what,
                                "--value %s: give INDEX:TYPE=DATA, for example "
                                "1:URL=https://example.cn/p1",
                                text);
    }
    if (words->count == ONYM_VALUES_MAX) {
        return onym_usage_error(words->what, "a record has room for %u values", ONYM_VALUES_MAX);
    }
    digits = (size_t)(colon - text);
    (void)snprintf(number, sizeof number, "%.*s", digits < 15 ? (int)digits : 15, text);
    *v = (struct onym_value){.type = onym_span_of(colon + 1, (size_t)(equals - colon - 1)),
                             .data = onym_span_text(equals + 1)};
    if (!onym_value_words_number(number, INT32_MAX, &v->index)) {
        return onym_usage_error(words->what, "--value %s: an index is a number from 1 to %d", text,
                                INT32_MAX);
    }
    why = not_for_words(v->type);
    if (why != NULL) {
        return onym_usage_error(words->what,
                                "--value %u:%.*s: %s; put it into a file and give "
                                "--values FILE",
                                (unsigned)v->index, (int)v->type.len, (const char *)v->type.at,
                                why);
    }
    if (onym_admin_text_is_type(v->type)) {
        why = onym_admin_text_read(v->data, words->admins + words->admins_len,
                                   ADMINS_MAX - words->admins_len, &v->data);
        if (why != NULL) {
            return onym_usage_error(words->what, "--value %s: %s", text, why);
        }
        words->admins_len += v->data.len;
    }
    words->from_line = ++words->count;
    return ONYM_EXIT_DONE;
}

int
onym_value_words_file(struct onym_value_words *words, const char *path)
{
    if (words->path != NULL) {
        return onym_usage_error(words->what, "--values: one file at a time");
    }
    words->path = path;
    return ONYM_EXIT_DONE;
}

int
onym_value_words_ttl(struct onym_value_words *words, const char *text)
{
    if (strcmp(text, "0") == 0) {
        words->ttl = 0;
        return ONYM_EXIT_DONE;
    }
    return onym_value_words_number(text, INT32_MAX, &words->ttl)
               ? ONYM_EXIT_DONE
               : onym_usage_error(words->what, "--ttl %s: give seconds from 0 to %d", text,
                                  INT32_MAX);
}

int
onym_value_words_permissions(struct onym_value_words *words, const char *text)
{
    const char *digits = strcmp(text, "*") == 0 ? "1111" : text;
    unsigned bits = 0;

    if (strlen(digits) != 4 || strspn(digits, "01") != 4) {
        return onym_usage_error(words->what,
                                "--permissions %s: give four digits 0 or 1: admin read, admin "
                                "write, public read, public write, for example 1100",
                                text);
    }
    for (size_t i = 0; i < 4; i++) {
        bits = bits << 1 | (digits[i] == '1' ? 1U : 0U);
    }
    words->permissions = (uint8_t)bits;
    return ONYM_EXIT_DONE;
}

/* ---- the file ---- */

static int
cannot(const struct onym_value_words *words, const char *doing)
{
    (void)fprintf(stderr, "onymctl %s: %s: cannot %s: %s\n", words->what, words->path, doing,
                  strerror(errno));
    return ONYM_EXIT_USAGE;
}

static int
read_text(struct onym_value_words *words)
{
    bool is_stdin = strcmp(words->path, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(words->path, O_RDONLY | O_CLOEXEC);
    int code = ONYM_EXIT_DONE;
    ssize_t got = 1;

    if (fd < 0) {
        return cannot(words, "open it");
    }
    while (code == ONYM_EXIT_DONE && got != 0 && words->text_len <= ONYM_LINE_LEN_MAX) {
        got = read(fd, words->text + words->text_len, ONYM_LINE_LEN_MAX + 1U - words->text_len);
        if (got > 0) {
            words->text_len += (size_t)got;
        } else if (got < 0 && errno != EINTR) {
            code = cannot(words, "read it");
        }
    }
    if (!is_stdin) {
        (void)close(fd);
    }
    if (code == ONYM_EXIT_DONE && words->text_len > ONYM_LINE_LEN_MAX) {
        return onym_usage_error(words->what, "--values %s: longer than %u bytes", words->path,
                                ONYM_LINE_LEN_MAX);
    }
    return code;
}

static int
refuse_text(const struct onym_value_words *words, const struct onym_json_error *error)
{
    size_t line = 1;
    size_t column = 1;

    for (size_t i = 0; i < error->offset && i < words->text_len; i++) {
        line += words->text[i] == '\n' ? 1U : 0U;
        column = words->text[i] == '\n' ? 1U : column + 1U;
    }
    return onym_usage_error(words->what, "%s:%zu:%zu: %s%s%s",
                            strcmp(words->path, "-") == 0 ? "(standard input)" : words->path, line,
                            column, error->field, error->field[0] != '\0' ? ": " : "",
                            error->problem);
}

static int
take_body(struct onym_value_words *words, const struct onym_json_body *body, onym_span handle)
{
    onym_span cursor = body->values.raw;

    if (body->has_handle && !onym_ident_equal(body->handle, handle, ONYM_FOLD_ALL)) {
        return onym_usage_error(words->what,
                                "%s: the file is about \"%.*s\", the command about "
                                "\"%.*s\"; name the same in both",
                                words->path, (int)body->handle.len, (const char *)body->handle.at,
                                (int)handle.len, (const char *)handle.at);
    }
    if (body->values.count > ONYM_VALUES_MAX - words->count) {
        return onym_usage_error(words->what, "a record has room for %u values", ONYM_VALUES_MAX);
    }
    while (onym_value_next(&cursor, &words->values[words->count])) {
        words->count++;
        if (words->count == ONYM_VALUES_MAX) {
            break;
        }
    }
    return ONYM_EXIT_DONE;
}

static int
read_values(struct onym_value_words *words, onym_span handle)
{
    struct onym_json_error error = {.offset = 0};
    struct onym_json_body body;
    enum onym_status status = ONYM_NO_MEMORY;
    int code;

    words->text = malloc(ONYM_LINE_LEN_MAX + 1U);
    if (words->text != NULL) {
        code = read_text(words);
        if (code != ONYM_EXIT_DONE) {
            return code;
        }
        status = onym_json_in_new(&words->json);
    }
    if (status == ONYM_OK) {
        status = onym_json_in_read(words->json, onym_span_of(words->text, words->text_len),
                                   onym_clock_epoch_s(), &body, &error);
    }
    if (status == ONYM_NO_MEMORY) {
        (void)fprintf(stderr, "onymctl %s: out of memory\n", words->what);
        return ONYM_EXIT_SERVER;
    }
    return status == ONYM_OK ? take_body(words, &body, handle) : refuse_text(words, &error);
}

static int
by_index(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;

    return left < right ? -1 : left > right;
}

/* The server would say it too, but not which. */
static int
refuse_twice(const struct onym_value_words *words)
{
    uint32_t index[ONYM_VALUES_MAX];

    for (size_t i = 0; i < words->count; i++) {
        index[i] = words->values[i].index;
    }
    qsort(index, words->count, sizeof index[0], by_index);
    for (size_t i = 1; i < words->count; i++) {
        if (index[i] == index[i - 1]) {
            return onym_usage_error(words->what, "two values have the index %u; an index names one",
                                    (unsigned)index[i]);
        }
    }
    return ONYM_EXIT_DONE;
}

int
onym_value_words_finish(struct onym_value_words *words, onym_span handle,
                        const struct onym_value **out, size_t *count)
{
    int code = words->path != NULL ? read_values(words, handle) : ONYM_EXIT_DONE;

    for (size_t i = 0; i < words->from_line; i++) {
        words->values[i].ttl = words->ttl;
        words->values[i].permissions = words->permissions;
    }
    if (code == ONYM_EXIT_DONE) {
        code = refuse_twice(words);
    }
    *out = words->values;
    *count = words->count;
    return code;
}
