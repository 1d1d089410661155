#include "tools/failure_json.h"

#include "base/writer.h"
#include "tools/command.h"
#include "wire/json_write.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MESSAGE_MAX 4096U

struct onym_failure_json {
    FILE *out_before, *err_before;
    FILE *out, *err;
    bool has_output;
    size_t len;
    char message[MESSAGE_MAX];
};

/* ---- the streams ---- */

static ssize_t
write_all(int fd, const char *bytes, size_t len)
{
    size_t at = 0;

    while (at < len) {
        ssize_t put = write(fd, bytes + at, len - at);

        if (put < 0 && errno != EINTR) {
            return at > 0 ? (ssize_t)at : 0; /* of a cookie 0 is the error */
        }
        at += put > 0 ? (size_t)put : 0;
    }
    return (ssize_t)len;
}

static ssize_t
pass_output(void *of, const char *bytes, size_t len)
{
    struct onym_failure_json *f = of;

    f->has_output = f->has_output || len > 0;
    return write_all(STDOUT_FILENO, bytes, len);
}

static ssize_t
pass_error(void *of, const char *bytes, size_t len)
{
    struct onym_failure_json *f = of;
    size_t kept = len < MESSAGE_MAX - f->len ? len : MESSAGE_MAX - f->len;

    memcpy(f->message + f->len, bytes, kept);
    f->len += kept;
    return write_all(STDERR_FILENO, bytes, len);
}

bool
onym_failure_json_wanted(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        const char *next = i + 1 < argc ? argv[i + 1] : "";
        bool output = strcmp(argv[i], "-o") == 0 || strcmp(argv[i], "--output") == 0;

        if (strcmp(argv[i], "--json") == 0 || strcmp(argv[i], "-ojson") == 0 ||
            strcmp(argv[i], "--output=json") == 0 || (output && strcmp(next, "json") == 0)) {
            return true;
        }
    }
    return false;
}

struct onym_failure_json *
onym_failure_json_begin(void)
{
    struct onym_failure_json *f = calloc(1, sizeof *f);

    if (f == NULL) {
        return NULL;
    }
    f->out = fopencookie(f, "w", (cookie_io_functions_t){.write = pass_output});
    f->err = fopencookie(f, "w", (cookie_io_functions_t){.write = pass_error});
    if (f->out == NULL || f->err == NULL) {
        if (f->out != NULL) {
            (void)fclose(f->out);
        }
        if (f->err != NULL) {
            (void)fclose(f->err);
        }
        free(f);
        return NULL;
    }
    (void)setvbuf(f->out, NULL, isatty(STDOUT_FILENO) == 1 ? _IOLBF : _IOFBF, BUFSIZ);
    (void)setvbuf(f->err, NULL, _IONBF, 0);
    f->out_before = stdout;
    f->err_before = stderr;
    stdout = f->out;
    stderr = f->err;
    return f;
}

const bool *
onym_failure_json_printed(const struct onym_failure_json *f)
{
    return f != NULL ? &f->has_output : NULL;
}

/* ---- the object ---- */

const char *
onym_failure_json_status(int code)
{
    static const struct {
        int code;
        const char *status;
    } statuses[] = {
        {ONYM_EXIT_NEGATIVE, "NEGATIVE"},       {ONYM_EXIT_USAGE, "INVALID"},
        {ONYM_EXIT_UNREACHABLE, "UNREACHABLE"}, {ONYM_EXIT_AUTH, "NO_PERMISSION"},
        {ONYM_EXIT_REFUSED, "REFUSED"},         {ONYM_EXIT_UNKNOWN, "UNCERTAIN"},
        {ONYM_EXIT_INTERRUPTED, "INTERRUPTED"},
    };

    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        if (statuses[i].code == code) {
            return statuses[i].status;
        }
    }
    return "ERROR";
}

/* Lines as they stand on a terminal at last: without those that progress has overwritten, and
 * without "onymctl WHAT: " in front. */
static size_t
tidy(char *text, size_t len)
{
    size_t kept = 0;
    size_t line = 0;

    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\r') {
            kept = line;
            continue;
        }
        text[kept++] = text[i];
        line = text[i] == '\n' ? kept : line;
    }
    while (kept > 0 && text[kept - 1] == '\n') {
        kept--;
    }
    return kept;
}

static onym_span
message_of(struct onym_failure_json *f)
{
    onym_span text = onym_span_of(f->message, tidy(f->message, f->len));
    const uint8_t *colon = text.len > 0 ? memmem(text.at, text.len, ": ", 2) : NULL;

    return text.len > 7 && memcmp(text.at, "onymctl", 7) == 0 && colon != NULL
               ? onym_span_from(text, (size_t)(colon - text.at) + 2)
               : text;
}

size_t
onym_failure_json_write(uint8_t *room, size_t cap, int code, onym_span message)
{
    struct onym_writer w = onym_writer_over(room, cap);

    onym_json_put(&w, "{\"outcome\":\"");
    onym_json_put(&w, code == ONYM_EXIT_UNKNOWN ? "unknown" : "failed");
    onym_json_put(&w, "\",\"responseCode\":null,\"status\":\"");
    onym_json_put(&w, onym_failure_json_status(code));
    onym_json_put(&w, "\",\"exit\":");
    onym_json_put_u64(&w, (uint64_t)code);
    onym_json_put(&w, ",\"message\":");
    onym_json_put_string(&w, message);
    onym_json_put(&w, "}\n");
    return w.status == ONYM_OK ? w.len : 0;
}

static void
print_object(struct onym_failure_json *f, int code)
{
    uint8_t room[6U * MESSAGE_MAX + 256U];

    (void)fwrite(room, 1, onym_failure_json_write(room, sizeof room, code, message_of(f)), stdout);
}

void
onym_failure_json_end(struct onym_failure_json *f, int code)
{
    if (f == NULL) {
        return;
    }
    (void)fflush(stdout);
    if (code != ONYM_EXIT_DONE && !f->has_output) {
        print_object(f, code);
    }
    (void)fflush(stdout);
    stdout = f->out_before;
    stderr = f->err_before;
    (void)fclose(f->out);
    (void)fclose(f->err);
    free(f);
}
