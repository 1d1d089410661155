#include "tools/batch_job.h"

#include "base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define JOB_LEN_MAX ((size_t)256 << 10)
#define FIRST_LINE  "onym batch job 2"
#define LAST_KEY    "check "

static const char *const mode_words[] = {"create", "upsert", "delete"};
static const char *const format_words[] = {"auto", "csv", "ndjson", "handle"};

static int
position(const char *word, const char *const *words, int count)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(word, words[i]) == 0) {
            return i;
        }
    }
    return -1;
}

int
onym_batch_mode_of(const char *word)
{
    return position(word, mode_words, 3);
}

int
onym_batch_format_of(const char *word)
{
    return position(word, format_words, 4);
}

static enum onym_status
io_fault(const char *path, const char *doing, struct onym_fault *fault)
{
    char text[128];

    return onym_fault_set(fault, ONYM_IO, "%s: cannot %s: %s", path, doing,
                          strerror_r(errno, text, sizeof text));
}

/* ---- the input ---- */

static enum onym_status
take_digest(struct onym_batch_job *job, const char *input, struct onym_fault *fault)
{
    static const size_t block = (size_t)128 << 10;
    struct onym_hash128 *hash = onym_hash128_new();
    uint8_t *bytes = malloc(block);
    enum onym_status status = ONYM_OK;
    int fd = open(input, O_RDONLY | O_CLOEXEC);
    struct stat st;
    ssize_t got = 1;

    if (hash == NULL || bytes == NULL) {
        status = onym_fault_set(fault, ONYM_NO_MEMORY, "out of memory");
    } else if (fd < 0 || fstat(fd, &st) != 0) {
        status = io_fault(input, "open it", fault);
    } else if (!S_ISREG(st.st_mode)) {
        status = onym_fault_set(fault, ONYM_INVALID,
                                "%s is no file; a job needs one that can be read again to continue",
                                input);
    }
    while (status == ONYM_OK && got > 0) {
        got = read(fd, bytes, block);
        if (got < 0 && errno == EINTR) {
            got = 1;
        } else if (got < 0) {
            status = io_fault(input, "read it", fault);
        } else {
            onym_hash128_add(hash, onym_span_of(bytes, (size_t)got));
            job->size += (uint64_t)got;
        }
    }
    if (status == ONYM_OK) {
        onym_hash128_get(hash, job->digest);
        job->input = st;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    free(bytes);
    onym_hash128_free(hash);
    return status;
}

bool
onym_batch_job_is_stale(const struct onym_batch_job *job, const char *input)
{
    struct stat now;

    return stat(input, &now) == 0 && now.st_dev == job->input.st_dev &&
           now.st_ino == job->input.st_ino &&
           (now.st_size != job->input.st_size || now.st_mtim.tv_sec != job->input.st_mtim.tv_sec ||
            now.st_mtim.tv_nsec != job->input.st_mtim.tv_nsec);
}

enum onym_status
onym_batch_job_init(struct onym_batch_job *job, const char *input, struct onym_fault *fault)
{
    *job = (struct onym_batch_job){.path = NULL};
    if (asprintf(&job->path, "%s.job", input) < 0) {
        job->path = NULL;
    }
    if (asprintf(&job->failed_path, "%s.failed", input) < 0) {
        job->failed_path = NULL;
    }
    if (job->path == NULL || job->failed_path == NULL) {
        return onym_fault_set(fault, ONYM_NO_MEMORY, "out of memory");
    }
    return take_digest(job, input, fault);
}

void
onym_batch_job_deinit(struct onym_batch_job *job)
{
    free(job->path);
    free(job->failed_path);
    free(job->text);
    *job = (struct onym_batch_job){.path = NULL};
}

/* ---- reading ---- */

static void
write_digest(const uint8_t digest[16], char out[33])
{
    for (size_t i = 0; i < 16; i++) {
        (void)snprintf(out + 2 * i, 3, "%02x", digest[i]);
    }
}

/* The last line: what stands in front of it, in short. False: out of memory. */
static bool
write_check(onym_span text, char out[sizeof LAST_KEY + 33])
{
    struct onym_hash128 *hash = onym_hash128_new();
    uint8_t digest[16];
    char hex[33];

    if (hash == NULL) {
        return false;
    }
    onym_hash128_add(hash, text);
    onym_hash128_get(hash, digest);
    onym_hash128_free(hash);
    write_digest(digest, hex);
    (void)snprintf(out, sizeof LAST_KEY + 33, LAST_KEY "%s\n", hex);
    return true;
}

/* Cuts the last line off. False: it does not hold what it must, so a part is missing or changed. */
static bool
take_check(char *text)
{
    char check[sizeof LAST_KEY + 33];
    char *last = strstr(text, "\n" LAST_KEY);

    if (last == NULL || !write_check(onym_span_of(text, (size_t)(last + 1 - text)), check) ||
        strcmp(last + 1, check) != 0) {
        return false;
    }
    last[1] = '\0';
    return true;
}

struct counter {
    const char *key;
    uint64_t *at;
};

static bool
take_counter(struct onym_batch_job *job, const char *key, const char *value)
{
    uint64_t finished = 0;
    const struct counter counters[] = {
        {"rows", &job->rows},     {"sent", &job->sent},
        {"done", &job->done},     {"unchanged", &job->unchanged},
        {"failed", &job->failed}, {"failed-bytes", &job->failed_bytes},
        {"finished", &finished}};
    char *end = NULL;

    for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++) {
        if (strcmp(key, counters[i].key) == 0) {
            *counters[i].at = strtoull(value, &end, 10);
            job->finished = job->finished || finished != 0;
            return end != value && *end == '\0';
        }
    }
    return false;
}

static bool
take_option(struct onym_batch_input *options, const char *key, const char *value)
{
    if (strcmp(key, "mode") == 0 && onym_batch_mode_of(value) >= 0) {
        options->mode = (enum onym_batch_mode)onym_batch_mode_of(value);
    } else if (strcmp(key, "format") == 0 && onym_batch_format_of(value) >= 0) {
        options->format = (enum onym_batch_format)onym_batch_format_of(value);
    } else if (strcmp(key, "encoding") == 0) {
        options->encoding = value;
    } else if (strcmp(key, "map") == 0 && options->map_count < ONYM_BATCH_MAPS_MAX) {
        options->maps[options->map_count++] = value;
    } else {
        return false;
    }
    return true;
}

/* One line "key value". */
static enum onym_status
take_line(struct onym_batch_job *job, struct onym_batch_input *options, char *line, bool *same)
{
    char *value = strchr(line, ' ');
    char digest[33];

    if (value == NULL) {
        return ONYM_MALFORMED;
    }
    *value++ = '\0';
    if (strcmp(line, "input") == 0) {
        write_digest(job->digest, digest);
        *same = strcmp(value, digest) == 0;
        return ONYM_OK;
    }
    return take_counter(job, line, value) || take_option(options, line, value) ? ONYM_OK
                                                                               : ONYM_MALFORMED;
}

static enum onym_status
read_text(struct onym_batch_job *job, struct onym_fault *fault)
{
    FILE *in = fopen(job->path, "re");
    size_t len;

    if (in == NULL) {
        return errno == ENOENT ? onym_fault_set(fault, ONYM_NOT_FOUND,
                                                "%s is not there: nothing was begun", job->path)
                               : io_fault(job->path, "open it", fault);
    }
    free(job->text);
    job->text = malloc(JOB_LEN_MAX + 1);
    len = job->text != NULL ? fread(job->text, 1, JOB_LEN_MAX, in) : 0;
    (void)fclose(in);
    if (job->text == NULL) {
        return onym_fault_set(fault, ONYM_NO_MEMORY, "out of memory");
    }
    job->text[len] = '\0';
    return ONYM_OK;
}

enum onym_status
onym_batch_job_read(struct onym_batch_job *job, struct onym_batch_input *options,
                    struct onym_fault *fault)
{
    enum onym_status status = read_text(job, fault);
    char *rest = NULL;
    char *line;
    bool same = false;

    if (status != ONYM_OK) {
        return status;
    }
    status = take_check(job->text) ? ONYM_OK : ONYM_MALFORMED;
    line = strtok_r(job->text, "\n", &rest);
    if (line == NULL || strcmp(line, FIRST_LINE) != 0) {
        status = ONYM_MALFORMED;
    }
    while (status == ONYM_OK && (line = strtok_r(NULL, "\n", &rest)) != NULL) {
        status = take_line(job, options, line, &same);
    }
    if (status != ONYM_OK) {
        return onym_fault_set(
            fault, status,
            "%s is damaged, or of another version; begin again with onymctl batch "
            "run: rows that are stored already stay as they are",
            job->path);
    }
    return same ? ONYM_OK
                : onym_fault_set(fault, ONYM_STALE,
                                 "the file has changed since %s was written; begin again with "
                                 "onymctl batch run: rows that are stored already stay as they are",
                                 job->path);
}

/* ---- writing ---- */

static void
put(FILE *out, const struct onym_batch_job *job, const struct onym_batch_input *options)
{
    char digest[33];

    write_digest(job->digest, digest);
    (void)fprintf(out,
                  FIRST_LINE "\ninput %s\nmode %s\nformat %s\nrows %llu\nsent %llu\ndone %llu\n"
                             "unchanged %llu\nfailed %llu\nfailed-bytes %llu\nfinished %d\n",
                  digest, mode_words[options->mode], format_words[options->format],
                  (unsigned long long)job->rows, (unsigned long long)job->sent,
                  (unsigned long long)job->done, (unsigned long long)job->unchanged,
                  (unsigned long long)job->failed, (unsigned long long)job->failed_bytes,
                  job->finished ? 1 : 0);
    if (options->encoding != NULL) {
        (void)fprintf(out, "encoding %s\n", options->encoding);
    }
    for (size_t i = 0; i < options->map_count; i++) {
        (void)fprintf(out, "map %s\n", options->maps[i]);
    }
}

/* Everything that FILE.job holds; NULL: out of memory. */
static char *
compose(const struct onym_batch_job *job, const struct onym_batch_input *options)
{
    char check[sizeof LAST_KEY + 33];
    char *text = NULL;
    char *whole = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    if (out == NULL) {
        return NULL;
    }
    put(out, job, options);
    if (fclose(out) != 0 || !write_check(onym_span_of(text, len), check) ||
        asprintf(&whole, "%s%s", text, check) < 0) {
        whole = NULL;
    }
    free(text);
    return whole;
}

/* A job file is written beside its place and moved there, so that a kill leaves the old one. */
enum onym_status
onym_batch_job_write(const struct onym_batch_job *job, const struct onym_batch_input *options,
                     struct onym_fault *fault)
{
    enum onym_status status = ONYM_OK;
    char *text = compose(job, options);
    char *path = NULL;
    FILE *out;

    if (text == NULL || asprintf(&path, "%s.new", job->path) < 0) {
        free(text);
        return onym_fault_set(fault, ONYM_NO_MEMORY, "out of memory");
    }
    out = fopen(path, "we");
    if (out == NULL) {
        status = io_fault(path, "write it", fault);
    } else {
        bool good;

        good = fputs(text, out) >= 0 && fflush(out) == 0 && fdatasync(fileno(out)) == 0;
        good = fclose(out) == 0 && good && rename(path, job->path) == 0;
        status = good ? ONYM_OK : io_fault(path, "write it", fault);
    }
    free(path);
    free(text);
    return status;
}
