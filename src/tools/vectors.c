#include "tools/vectors.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum onym_status
onym_vectors_open(struct onym_vectors *vectors)
{
    vectors->packets = json_object();
    vectors->requests = json_object();
    vectors->keys = json_object();
    vectors->secrets = json_object();
    vectors->challenges = json_object();
    vectors->answered = json_object();
    vectors->scratch = malloc(2 * ONYM_VECTOR_BYTES_MAX);
    if (vectors->packets == NULL || vectors->requests == NULL || vectors->keys == NULL ||
        vectors->secrets == NULL || vectors->challenges == NULL || vectors->answered == NULL ||
        vectors->scratch == NULL) {
        return ONYM_NO_MEMORY;
    }
    return onym_digester_new(&vectors->digester);
}

void
onym_vectors_close(struct onym_vectors *vectors)
{
    json_decref(vectors->packets);
    json_decref(vectors->requests);
    json_decref(vectors->keys);
    json_decref(vectors->secrets);
    json_decref(vectors->challenges);
    json_decref(vectors->answered);
    free(vectors->scratch);
    onym_digester_free(vectors->digester);
}

void
onym_vector_run_bytes(struct onym_vectors *vectors, const struct onym_vector_kind *kind,
                      json_t *record, struct onym_verdict *verdict)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    json_t *found = json_object();
    onym_span again;

    if (!onym_hex_field(record, "hex", &bytes, &len)) {
        onym_verdict_fail(verdict, "hex: missing or no hex");
    } else {
        enum onym_status status = kind->describe(vectors, onym_span_of(bytes, len), found, &again);

        if (status != ONYM_OK) {
            onym_verdict_fail(verdict, "refused: %s", onym_status_name(status));
        } else {
            onym_compare_fields(record, found, true, verdict);
            onym_compare_bytes(onym_span_of(bytes, len), again, verdict);
        }
    }
    json_decref(found);
    free(bytes);
}

/* One line of JSON: the fields and the encoding, or the status of the refusal. */
static void
print_decoded(struct onym_vectors *vectors, const struct onym_vector_kind *kind, json_t *record,
              struct onym_verdict *verdict)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    json_t *line = json_object();
    json_t *found = json_object();
    onym_span again;
    enum onym_status status;
    char *text;

    if (kind->describe == NULL || !onym_hex_field(record, "hex", &bytes, &len)) {
        onym_verdict_skip(verdict, "nothing to decode in a record of this kind");
        json_decref(line);
        json_decref(found);
        return;
    }
    status = kind->describe(vectors, onym_span_of(bytes, len), found, &again);
    json_object_set(line, "name", json_object_get(record, "name"));
    if (status == ONYM_OK) {
        json_object_set(line, "decoded", found);
        onym_put_hex(line, "encoded", again);
    } else {
        json_object_set_new(line, "refused", json_string(onym_status_name(status)));
    }
    text = json_dumps(line, JSON_COMPACT);
    if (text != NULL) {
        (void)puts(text);
    }
    free(text);
    json_decref(line);
    json_decref(found);
    free(bytes);
}

static void
run_record(struct onym_vectors *vectors, json_t *record, struct onym_verdict *verdict)
{
    const char *name = json_string_value(json_object_get(record, "kind"));
    const struct onym_vector_kind *kind = name != NULL ? onym_vector_kind_find(name) : NULL;

    if (name == NULL) {
        onym_verdict_fail(verdict, "the record has no \"kind\"");
    } else if (kind == NULL) {
        onym_verdict_skip(verdict, "unknown kind %.60s", name);
    } else if (vectors->decode) {
        print_decoded(vectors, kind, record, verdict);
    } else if (kind->skip != NULL) {
        onym_verdict_skip(verdict, "%s", kind->skip);
    } else if (kind->run != NULL) {
        kind->run(vectors, kind, record, verdict);
    } else {
        onym_vector_run_bytes(vectors, kind, record, verdict);
    }
}

static void
count(struct onym_vectors *vectors, const char *name, const struct onym_verdict *verdict)
{
    static const char *const words[] = {"pass", "FAIL", "skip"};
    size_t *const counters[] = {&vectors->passed, &vectors->failed, &vectors->skipped};
    FILE *out = vectors->decode ? stderr : stdout;

    *counters[verdict->outcome] += 1;
    if (verdict->outcome != ONYM_VECTOR_PASS || vectors->verbose) {
        (void)fprintf(out, "%s %s:%zu %s%s%s\n", words[verdict->outcome], vectors->file,
                      vectors->line, name, verdict->reason[0] != '\0' ? ": " : "", verdict->reason);
    }
    if (verdict->note[0] != '\0' && vectors->verbose) {
        (void)fprintf(out, "note %s:%zu %s: %s\n", vectors->file, vectors->line, name,
                      verdict->note);
    }
}

static void
run_line(struct onym_vectors *vectors, const char *text, size_t len)
{
    json_error_t error;
    json_t *record = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    struct onym_verdict verdict = {.outcome = ONYM_VECTOR_PASS};
    const char *name = json_string_value(json_object_get(record, "name"));

    if (record == NULL) {
        onym_verdict_fail(&verdict, "no JSON: %s at column %d", error.text, error.column);
    } else if (!json_is_object(record)) {
        onym_verdict_fail(&verdict, "not a JSON object");
    } else {
        onym_vectors_learn(vectors, record);
        run_record(vectors, record, &verdict);
    }
    count(vectors, name != NULL ? name : "-", &verdict);
    json_decref(record);
}

/* Keys and secrets may stand behind what was proved with them, so a file is read twice. A pipe
 * cannot be: there they must come first. */
static void
learn_all(struct onym_vectors *vectors, FILE *in)
{
    char *text = NULL;
    size_t cap = 0;
    ssize_t len;

    if (fseek(in, 0, SEEK_CUR) != 0) {
        return;
    }
    while ((len = getline(&text, &cap, in)) > 0) {
        json_t *record = json_loadb(text, (size_t)len, JSON_ALLOW_NUL, NULL);

        onym_vectors_learn(vectors, record);
        json_decref(record);
    }
    free(text);
    clearerr(in); /* what was wrong will be wrong again, and is told then */
    (void)fseek(in, 0, SEEK_SET);
}

void
onym_vectors_run(struct onym_vectors *vectors, const char *path)
{
    bool standard_input = strcmp(path, "-") == 0;
    FILE *in = standard_input ? stdin : fopen(path, "rb");
    char *text = NULL;
    size_t cap = 0;
    ssize_t len;

    vectors->file = path;
    vectors->line = 0;
    if (in == NULL) {
        struct onym_verdict verdict = {.outcome = ONYM_VECTOR_FAIL};

        (void)snprintf(verdict.reason, sizeof verdict.reason, "cannot open: %s", strerror(errno));
        count(vectors, "-", &verdict);
        return;
    }
    learn_all(vectors, in);
    while ((len = getline(&text, &cap, in)) > 0) {
        size_t used = (size_t)len;

        vectors->line++;
        while (used > 0 && (text[used - 1] == '\n' || text[used - 1] == '\r')) {
            used--;
        }
        if (used > 0) {
            run_line(vectors, text, used);
        }
    }
    if (ferror(in) != 0) {
        struct onym_verdict verdict = {.outcome = ONYM_VECTOR_FAIL};

        (void)snprintf(verdict.reason, sizeof verdict.reason, "cannot read: %s", strerror(errno));
        count(vectors, "-", &verdict);
    }
    free(text);
    if (!standard_input) {
        (void)fclose(in);
    }
}
