#include "tools/auth_identity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

bool
onym_cli_identity_option(struct onym_cli_identity *identity, int code, const char *argument)
{
    switch (code) {
    case ONYM_IDENTITY_AS:
        identity->as = argument;
        return true;
    case ONYM_IDENTITY_KEY:
        identity->key = argument;
        return true;
    case ONYM_IDENTITY_SECRET_FILE:
        identity->secret_file = argument;
        return true;
    case ONYM_IDENTITY_CERT:
        identity->cert = argument;
        return true;
    case ONYM_IDENTITY_TOKEN_FILE:
        identity->token_file = argument;
        return true;
    case ONYM_IDENTITY_CA:
        identity->authorities = argument;
        return true;
    default:
        return false;
    }
}

/* A variable of the environment; empty counts as not set. */
static const char *
from_environment(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

void
onym_cli_identity_complete(struct onym_cli_identity *identity)
{
    if (identity->as == NULL) {
        identity->as = from_environment("ONYM_AS");
    }
    if (identity->key == NULL && identity->secret_file == NULL) {
        identity->key = from_environment("ONYM_KEY");
        identity->secret_file = from_environment("ONYM_SECRET_FILE");
    }
}

bool
onym_cli_identity_split(const char *as, uint32_t *index, onym_span *handle)
{
    uint64_t number = 0;
    size_t at = 0;

    while (as[at] >= '0' && as[at] <= '9' && number <= UINT32_MAX) {
        number = number * 10 + (uint64_t)(as[at++] - '0');
    }
    if (at == 0 || as[at] != ':' || number > INT32_MAX || as[at + 1] == '\0' ||
        strlen(as + at + 1) > ONYM_NAME_LEN_MAX) {
        return false;
    }
    *index = (uint32_t)number;
    *handle = onym_span_text(as + at + 1);
    return true;
}

static int
cannot(const char *what, const char *path, const char *doing)
{
    (void)fprintf(stderr, "onymctl %s: %s: cannot %s: %s\n", what, path, doing, strerror(errno));
    return ONYM_EXIT_USAGE;
}

/* Whoever may read the file may act in its owner's name. */
static int
check_file(const char *what, const char *path, int fd)
{
    struct stat st;

    if (fstat(fd, &st) != 0) {
        return cannot(what, path, "look at it");
    }
    if (S_ISDIR(st.st_mode)) {
        (void)fprintf(stderr, "onymctl %s: %s is a directory; name the file in it\n", what, path);
        return ONYM_EXIT_USAGE;
    }
    if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        (void)fprintf(stderr,
                      "onymctl %s: %s may be read or written by others (mode %04o), so it is not "
                      "used; run: chmod 600 %s\n",
                      what, path, (unsigned)(st.st_mode & 07777U), path);
        return ONYM_EXIT_REFUSED;
    }
    return ONYM_EXIT_DONE;
}

int
onym_cli_identity_read(const char *what, const char *path, uint8_t out[ONYM_IDENTITY_FILE_MAX],
                       size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int code;
    ssize_t got = 1;

    if (fd < 0) {
        return cannot(what, path, "open it");
    }
    code = check_file(what, path, fd);
    *len = 0;
    while (code == ONYM_EXIT_DONE && got > 0 && *len < ONYM_IDENTITY_FILE_MAX) {
        got = read(fd, out + *len, ONYM_IDENTITY_FILE_MAX - *len);
        if (got > 0) {
            *len += (size_t)got;
        } else if (got < 0 && errno == EINTR) {
            got = 1;
        } else if (got < 0) {
            code = cannot(what, path, "read it");
        }
    }
    (void)close(fd);
    return code;
}

int
onym_cli_identity_certificate(const struct onym_cli_identity *identity, const char *what)
{
    uint8_t bytes[ONYM_IDENTITY_FILE_MAX];
    size_t len = 0;
    int code;

    if (identity->cert == NULL) {
        return ONYM_EXIT_DONE;
    }
    if (identity->as != NULL || identity->secret_file != NULL || identity->token_file != NULL ||
        identity->key == NULL) {
        return onym_usage_error(what, "--cert takes its --key and nothing else: the certificate "
                                      "itself names who asks");
    }
    code = onym_cli_identity_read(what, identity->key, bytes, &len);
    explicit_bzero(bytes, sizeof bytes);
    return code;
}

/* One line end behind a secret comes from the editor, not from the secret. */
onym_span
onym_cli_identity_line(onym_span text)
{
    if (text.len > 0 && text.at[text.len - 1] == '\n') {
        text.len -= text.len > 1 && text.at[text.len - 2] == '\r' ? 2U : 1U;
    }
    return text;
}

static int
refused(const char *what, const char *path, enum onym_status status, const char *why)
{
    (void)fprintf(stderr, "onymctl %s: %s: %s\n", what, path,
                  why != NULL ? why : onym_status_text(status));
    return status == ONYM_INVALID ? ONYM_EXIT_USAGE : ONYM_EXIT_SERVER;
}

static int
use_file(const struct onym_cli_identity *identity, const char *what, struct onym_client *client,
         struct onym_client_identity *who)
{
    const char *path = identity->key != NULL ? identity->key : identity->secret_file;
    uint8_t *bytes = malloc(ONYM_IDENTITY_FILE_MAX);
    const char *why = NULL;
    enum onym_status status;
    size_t len = 0;
    int code;

    if (bytes == NULL) {
        return refused(what, path, ONYM_NO_MEMORY, NULL);
    }
    code = onym_cli_identity_read(what, path, bytes, &len);
    if (code == ONYM_EXIT_DONE) {
        if (identity->key != NULL) {
            who->private_key = onym_span_of(bytes, len);
        } else {
            who->secret = onym_cli_identity_line(onym_span_of(bytes, len));
        }
        if (who->private_key.len == 0 && who->secret.len == 0) {
            code = refused(what, path, ONYM_INVALID, "the file is empty");
        } else {
            status = onym_client_identify(client, who, &why);
            code = status == ONYM_OK ? ONYM_EXIT_DONE : refused(what, path, status, why);
        }
    }
    explicit_bzero(bytes, ONYM_IDENTITY_FILE_MAX);
    free(bytes);
    return code;
}

int
onym_cli_identity_use(const struct onym_cli_identity *identity, const char *what,
                      struct onym_client *client)
{
    struct onym_client_identity who = {.index = 0};

    if (identity->key != NULL && identity->secret_file != NULL) {
        return onym_usage_error(what, "a key and a secret exclude each other: give one of --key "
                                      "and --secret-file (or ONYM_KEY, ONYM_SECRET_FILE)");
    }
    if (identity->as == NULL && identity->key == NULL && identity->secret_file == NULL) {
        return ONYM_EXIT_DONE;
    }
    if (identity->as == NULL) {
        return onym_usage_error(what, "the key belongs to nobody yet: add --as INDEX:HANDLE, for "
                                      "example --as 300:0.NA/88.300.15907");
    }
    if (!onym_cli_identity_split(identity->as, &who.index, &who.handle)) {
        return onym_usage_error(what,
                                "--as %s: give INDEX:HANDLE, for example "
                                "300:0.NA/88.300.15907",
                                identity->as);
    }
    if (identity->key == NULL && identity->secret_file == NULL) {
        return onym_usage_error(what, "nothing proves %s: add --key FILE or --secret-file FILE",
                                identity->as);
    }
    return use_file(identity, what, client, &who);
}
