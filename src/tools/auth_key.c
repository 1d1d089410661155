#include "tools/auth.h"

#include "auth/keys.h"
#include "base/hex.h"
#include "base/rng.h"
#include "onym/model/value.h"
#include "tools/command_options.h"
#include "tools/id_change_values.h"
#include "wire/json_record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A secret of 256 bits, written as hexadecimal digits: in ASCII every client computes with it in
 * the same way (proto/handle.md 19.3), and it can be typed. */
#define SECRET_BYTES 32U

/* Holds an HS_PUBKEY value as JSON: the longest is a PEM text or the base64 of an RSA key. */
#define JSON_LEN_MAX 32768U

const char onym_auth_key_help[] =
    "Writes a fresh private key to FILE, readable by you alone, and prints the value\n"
    "of the public half as JSON: put it into the record of who acts with the key.\n"
    "\n"
    "Options:\n"
    "      --out FILE    where the private key goes (PEM); never overwritten\n"
    "      --type TYPE   rsa (default; every client and server knows it), ec or sm2\n"
    "      --bits N      rsa: 2048 to 8192 in steps of 256 (3072); ec: 256 (default),\n"
    "                    384 or 521; sm2: 256\n"
    "      --index N     index of the printed value (300)\n"
    "\n"
    "Exit status: 0 done; 2 usage; 5 the file could not be written; 6 it exists.\n"
    "\n"
    "Examples:\n"
    "  onymctl auth key gen --out admin.pem > admin.json\n"
    "  onymctl auth key gen --type sm2 --out admin.pem --index 301\n";

const char onym_auth_secret_help[] =
    "Writes a fresh secret to FILE, readable by you alone, and prints the value that\n"
    "holds it as JSON: put it into the record of who acts with it. The printed\n"
    "value is as secret as the file.\n"
    "\n"
    "Options:\n"
    "      --out FILE    where the secret goes; never overwritten\n"
    "      --index N     index of the printed value (301)\n"
    "\n"
    "Exit status: 0 done; 2 usage; 5 the file could not be written; 6 it exists.\n"
    "\n"
    "Examples:\n"
    "  (umask 077; onymctl auth secret gen --out s.txt > s.json)\n"
    "  onymctl auth secret gen --out s.txt | onymctl id add-value 88.1/op --values -\n";

struct words {
    const char *what;
    const char *out;
    enum onym_key_family family;
    uint32_t bits; /* 0 = the family's usual */
    uint32_t index;
};

enum option_code { OPT_OUT = 256, OPT_TYPE, OPT_BITS, OPT_INDEX };

static int
set_type(struct words *w, const char *text)
{
    static const struct {
        const char *name;
        enum onym_key_family family;
    } types[] = {{"rsa", ONYM_FAMILY_RSA}, {"ec", ONYM_FAMILY_EC}, {"sm2", ONYM_FAMILY_SM2}};

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(types[i].name, text) == 0) {
            w->family = types[i].family;
            return ONYM_EXIT_DONE;
        }
    }
    return onym_usage_error(w->what, "--type %s: give rsa, ec or sm2", text);
}

static int
take_option(void *of, int code, const char *argument)
{
    struct words *w = of;

    switch (code) {
    case OPT_OUT:
        w->out = argument;
        return ONYM_EXIT_DONE;
    case OPT_TYPE:
        return set_type(w, argument);
    case OPT_BITS:
        return onym_value_words_number(argument, ONYM_KEY_RSA_BITS_MAX, &w->bits)
                   ? ONYM_EXIT_DONE
                   : onym_usage_error(w->what, "--bits %s: give a number up to %u", argument,
                                      ONYM_KEY_RSA_BITS_MAX);
    case OPT_INDEX:
    default:
        return onym_value_words_number(argument, INT32_MAX, &w->index)
                   ? ONYM_EXIT_DONE
                   : onym_usage_error(w->what, "--index %s: give a number from 1 to %d", argument,
                                      INT32_MAX);
    }
}

static int
read_words(struct words *w, const struct option *options, int argc, char **argv)
{
    const struct onym_command_options how = {
        .what = w->what, .options = options, .take = take_option, .of = w};
    int code = onym_command_options_read(&how, argc, argv);

    if (code != ONYM_EXIT_DONE) {
        return code;
    }
    if (argc - optind != 1 || strcmp(argv[optind], "gen") != 0) {
        return onym_usage_error(
            w->what, "say gen, and nothing else: onymctl auth %s gen --out FILE", argv[0]);
    }
    return w->out != NULL ? ONYM_EXIT_DONE
                          : onym_usage_error(w->what, "say where to with --out FILE");
}

/* ---- writing ---- */

/* 0 or errno, also of a disk that has room for a part. */
static int
write_whole(int fd, onym_span bytes)
{
    while (bytes.len > 0) {
        ssize_t put = write(fd, bytes.at, bytes.len);

        if (put > 0) {
            bytes = onym_span_from(bytes, (size_t)put);
        } else if (put == 0 || errno != EINTR) {
            return put == 0 ? ENOSPC : errno;
        }
    }
    return fsync(fd) == 0 ? 0 : errno;
}

/* Writes a file that only its owner may read, and never over another. */
static int
write_private(const struct words *w, onym_span bytes)
{
    int fd = open(w->out, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int error;

    if (fd < 0 && errno == EEXIST) {
        (void)fprintf(stderr,
                      "onymctl %s: %s exists and is not overwritten: it may be the only copy of a "
                      "key; name another file or move it away\n",
                      w->what, w->out);
        return ONYM_EXIT_REFUSED;
    }
    if (fd < 0) {
        (void)fprintf(stderr, "onymctl %s: %s: cannot create it: %s\n", w->what, w->out,
                      strerror(errno));
        return ONYM_EXIT_SERVER;
    }
    error = write_whole(fd, bytes);
    if (close(fd) != 0 && error == 0) {
        error = errno;
    }
    if (error != 0) {
        (void)fprintf(stderr, "onymctl %s: %s: cannot write it: %s\n", w->what, w->out,
                      strerror(error));
        (void)unlink(w->out);
        return ONYM_EXIT_SERVER;
    }
    return ONYM_EXIT_DONE;
}

static int
print_value(const struct words *w, const char *type, onym_span data, uint8_t permissions)
{
    static const size_t cap = JSON_LEN_MAX;
    struct onym_value value = {.index = w->index,
                               .ttl = ONYM_TTL_DEFAULT,
                               .permissions = permissions,
                               .type = onym_span_text(type),
                               .data = data};
    struct onym_writer out = onym_writer_over(malloc(cap), cap);
    struct onym_time_memo times = {0};

    if (out.at == NULL) {
        (void)fprintf(stderr, "onymctl %s: out of memory\n", w->what);
        return ONYM_EXIT_SERVER;
    }
    onym_json_value_write(&out, &value, false, &times);
    (void)fwrite(out.at, 1, out.len, stdout);
    (void)putchar('\n');
    explicit_bzero(out.at, cap);
    free(out.at);
    return ONYM_EXIT_DONE;
}

static int
failed(const struct words *w, enum onym_status status)
{
    if (status == ONYM_INVALID) {
        return onym_usage_error(w->what,
                                "a key of %u bits is not made: rsa 2048 to 8192 in steps "
                                "of 256, ec 256, 384 or 521, sm2 256",
                                (unsigned)w->bits);
    }
    (void)fprintf(stderr, "onymctl %s: %s\n", w->what, onym_status_text(status));
    return ONYM_EXIT_SERVER;
}

static int
make_key(const struct onym_cli *cli, struct words *w)
{
    uint8_t pem[ONYM_KEY_PEM_LEN_MAX];
    uint8_t data[ONYM_KEY_HS_PUBKEY_LEN_MAX];
    struct onym_key *key = NULL;
    size_t pem_len = 0;
    size_t data_len = 0;
    enum onym_status status;
    int code;

    w->bits = w->bits != 0 ? w->bits : w->family == ONYM_FAMILY_RSA ? 3072U : 256U;
    status = onym_key_generate(w->family, w->bits, &key);
    if (status == ONYM_OK) {
        status = onym_key_to_hs_pubkey(key, data, sizeof data, &data_len);
    }
    if (status == ONYM_OK) {
        status = onym_key_to_private_pem(key, pem, sizeof pem, &pem_len);
    }
    onym_key_free(key);
    if (status != ONYM_OK) {
        return failed(w, status);
    }
    code = write_private(w, onym_span_of(pem, pem_len));
    explicit_bzero(pem, sizeof pem);
    if (code == ONYM_EXIT_DONE) {
        code = print_value(w, "HS_PUBKEY", onym_span_of(data, data_len), ONYM_PERM_DEFAULT);
    }
    if (code == ONYM_EXIT_DONE && !cli->quiet) {
        (void)fprintf(stderr, "onymctl %s: the private key is in %s (%s, %u bits)\n", w->what,
                      w->out, onym_key_family_name(w->family), (unsigned)w->bits);
    }
    return code;
}

int
onym_auth_key(const struct onym_cli *cli, int argc, char **argv)
{
    static const struct option options[] = {{"out", required_argument, NULL, OPT_OUT},
                                            {"type", required_argument, NULL, OPT_TYPE},
                                            {"bits", required_argument, NULL, OPT_BITS},
                                            {"index", required_argument, NULL, OPT_INDEX},
                                            {NULL, 0, NULL, 0}};
    struct words w = {.what = "auth key", .family = ONYM_FAMILY_RSA, .index = 300};
    int code = read_words(&w, options, argc, argv);

    return code == ONYM_EXIT_DONE ? make_key(cli, &w) : code;
}

static int
make_secret(const struct onym_cli *cli, const struct words *w)
{
    struct onym_rng rng = onym_rng_system();
    uint64_t chance[SECRET_BYTES / sizeof(uint64_t)];
    char text[2 * SECRET_BYTES + 1];
    int code;

    for (size_t i = 0; i < sizeof chance / sizeof chance[0]; i++) {
        chance[i] = onym_rng_u64(&rng);
    }
    onym_hex_encode(onym_span_of(chance, sizeof chance), text);
    text[2 * SECRET_BYTES] = '\n';
    code = write_private(w, onym_span_of(text, sizeof text));
    if (code == ONYM_EXIT_DONE) {
        code = print_value(w, "HS_SECKEY", onym_span_of(text, sizeof text - 1),
                           ONYM_PERM_ADMIN_READ | ONYM_PERM_ADMIN_WRITE);
    }
    explicit_bzero(chance, sizeof chance);
    explicit_bzero(text, sizeof text);
    if (code == ONYM_EXIT_DONE && !cli->quiet) {
        (void)fprintf(stderr, "onymctl %s: the secret is in %s\n", w->what, w->out);
    }
    return code;
}

int
onym_auth_secret(const struct onym_cli *cli, int argc, char **argv)
{
    static const struct option options[] = {{"out", required_argument, NULL, OPT_OUT},
                                            {"index", required_argument, NULL, OPT_INDEX},
                                            {NULL, 0, NULL, 0}};
    struct words w = {.what = "auth secret", .index = 301};
    int code = read_words(&w, options, argc, argv);

    return code == ONYM_EXIT_DONE ? make_secret(cli, &w) : code;
}
