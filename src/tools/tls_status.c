#include "base/clock.h"
#include "base/hex.h"
#include "base/options.h"
#include "net/tls_probe.h"
#include "tools/host_port.h"
#include "tools/text.h"
#include "tools/tls.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define DAY_S        86400
#define SOON_DAYS    30
#define SOON_MAX     3650
#define TIMEOUT_MS   5000U
#define PORT_DEFAULT "2642"

struct asked {
    const char *connect; /* NULL: the file of the configuration */
    const char *authorities;
    int64_t soon_days;
};

struct found {
    char source[ONYM_PATH_MAX];
    bool by_connection;
    struct onym_tls_session_found session; /* of a file only the certificate */
    const char *state;                     /* "valid", "soon", "ended", "early" */
    int64_t days_left;
};

static int
parse(int argc, char **argv, struct asked *out)
{
    static const struct option options[] = {{"connect", required_argument, NULL, 'c'},
                                            {"ca", required_argument, NULL, 'a'},
                                            {"soon", required_argument, NULL, 's'},
                                            {NULL, 0, NULL, 0}};
    int option;

    *out = (struct asked){.soon_days = SOON_DAYS};
    optind = 0;
    opterr = 0;
    while ((option = onym_option_next(argc, argv, "", options, NULL)) != -1) {
        char *end = NULL;

        if (option == 'c') {
            out->connect = optarg;
        } else if (option == 'a') {
            out->authorities = optarg;
        } else if (option == 's') {
            out->soon_days = strtoll(optarg, &end, 10);
            if (end == optarg || *end != '\0' || out->soon_days < 0 || out->soon_days > SOON_MAX) {
                return onym_usage_error("tls status", "--soon %s: give days from 0 to %d", optarg,
                                        SOON_MAX);
            }
        } else {
            return onym_usage_error("tls status",
                                    "unknown or incomplete option %s; see onymctl tls status "
                                    "--help",
                                    argv[optind - 1]);
        }
    }
    if (optind < argc) {
        return onym_usage_error("tls status", "unexpected argument %s", argv[optind]);
    }
    if (out->authorities != NULL && out->connect == NULL) {
        return onym_usage_error("tls status", "--ca verifies a listener: name it with --connect");
    }
    return ONYM_EXIT_DONE;
}

static int
fail(const struct onym_fault *fault)
{
    (void)fprintf(stderr, "onymctl tls status: %s\n", fault->text);
    if (fault->status == ONYM_INVALID) {
        return ONYM_EXIT_NEGATIVE;
    }
    return fault->status == ONYM_UNREACHABLE ? ONYM_EXIT_UNREACHABLE : ONYM_EXIT_SERVER;
}

static int
look_at_listener(const struct onym_cli *cli, const struct asked *asked, struct found *out)
{
    uint32_t timeout_ms = cli->timeout_s > 0 ? (uint32_t)(cli->timeout_s * 1000) : TIMEOUT_MS;
    struct onym_fault fault = {0};
    char host[ONYM_HOST_MAX];
    char port[8];

    if (!onym_host_port(asked->connect, PORT_DEFAULT, host, port)) {
        return onym_usage_error("tls status", "--connect %s: give HOST or HOST:PORT",
                                asked->connect);
    }
    out->by_connection = true;
    (void)snprintf(out->source, sizeof out->source, strchr(host, ':') != NULL ? "[%s]:%s" : "%s:%s",
                   host, port);
    if (onym_tls_probe_connect(host, port, asked->authorities, timeout_ms, &out->session, &fault) !=
        ONYM_OK) {
        return fail(&fault);
    }
    return ONYM_EXIT_DONE;
}

static int
look_at_file(const struct onym_cli *cli, struct found *out)
{
    struct onym_fault fault = {0};
    int code;
    struct onym_settings *settings = onym_tls_settings(cli, "tls status", &code);

    if (settings == NULL) {
        return code;
    }
    (void)snprintf(out->source, sizeof out->source, "%s", settings->tls_certificate);
    free(settings);
    if (onym_tls_probe_file(out->source, &out->session.certificate, &fault) != ONYM_OK) {
        return fail(&fault);
    }
    return ONYM_EXIT_DONE;
}

static void
judge(struct found *f, const struct asked *asked)
{
    const struct onym_tls_certificate *c = &f->session.certificate;
    int64_t now_s = (int64_t)onym_clock_epoch_s();

    f->days_left = (c->not_after_s - now_s) / DAY_S;
    if (c->not_after_s <= now_s) {
        f->state = "ended";
    } else if (c->not_before_s > now_s) {
        f->state = "early";
    } else {
        f->state = c->not_after_s - now_s <= asked->soon_days * DAY_S ? "soon" : "valid";
    }
}

static void
print_text(const struct found *f)
{
    const struct onym_tls_certificate *c = &f->session.certificate;
    char from[ONYM_TLS_TIME_MAX];
    char until[ONYM_TLS_TIME_MAX];
    char hex[65];
    char key_hex[65];

    onym_tls_time(c->not_before_s, from);
    onym_tls_time(c->not_after_s, until);
    onym_hex_encode(onym_span_of(c->sha256, sizeof c->sha256), hex);
    onym_hex_encode(onym_span_of(c->key_sha256, sizeof c->key_sha256), key_hex);
    (void)printf("%-12s %s\n%-12s %s\n%-12s %s\n%-12s %s\n%-12s %s\n",
                 f->by_connection ? "listener" : "certificate", f->source, "subject", c->subject,
                 "issuer", c->issuer, "names", c->names[0] != '\0' ? c->names : "none", "key",
                 c->key_type);
    (void)printf("%-12s %s\n%-12s %s\n%-12s %s, %lld %s left\n%-12s %s\n%-12s %s\n", "valid from",
                 from, "valid until", until, "state", f->state, (long long)f->days_left,
                 onym_word_of((uint64_t)f->days_left, "day", "days"), "SHA-256", hex, "key SHA-256",
                 key_hex);
    if (f->by_connection) {
        (void)printf("%-12s %s %s %s\n", "session", f->session.version, f->session.cipher,
                     f->session.group);
    }
    if (f->session.checked) {
        (void)printf("%-12s %s%s%s\n", "verified", f->session.verified ? "yes" : "no",
                     f->session.verified ? "" : ": ", f->session.complaint);
    }
    (void)printf("%-12s %s\n", "profile",
                 "TLS 1.2 and 1.3; X25519, P-256; AES-GCM, ChaCha20-Poly1305");
}

static void
print_json(const struct found *f)
{
    const struct onym_tls_certificate *c = &f->session.certificate;
    json_t *root = json_object();
    char time[ONYM_TLS_TIME_MAX];
    char hex[65];

    (void)json_object_set_new(root, f->by_connection ? "listener" : "certificate_file",
                              json_string(f->source));
    (void)json_object_set_new(root, "subject", json_string(c->subject));
    (void)json_object_set_new(root, "issuer", json_string(c->issuer));
    (void)json_object_set_new(root, "names", json_string(c->names));
    (void)json_object_set_new(root, "key_type", json_string(c->key_type));
    onym_tls_time(c->not_before_s, time);
    (void)json_object_set_new(root, "not_before", json_string(time));
    onym_tls_time(c->not_after_s, time);
    (void)json_object_set_new(root, "not_after", json_string(time));
    (void)json_object_set_new(root, "state", json_string(f->state));
    (void)json_object_set_new(root, "days_left", json_integer(f->days_left));
    onym_hex_encode(onym_span_of(c->sha256, sizeof c->sha256), hex);
    (void)json_object_set_new(root, "sha256", json_string(hex));
    onym_hex_encode(onym_span_of(c->key_sha256, sizeof c->key_sha256), hex);
    (void)json_object_set_new(root, "key_sha256", json_string(hex));
    if (f->by_connection) {
        (void)json_object_set_new(root, "version", json_string(f->session.version));
        (void)json_object_set_new(root, "cipher", json_string(f->session.cipher));
        (void)json_object_set_new(root, "group", json_string(f->session.group));
    }
    if (f->session.checked) {
        (void)json_object_set_new(root, "verified", json_boolean(f->session.verified));
        (void)json_object_set_new(root, "complaint", json_string(f->session.complaint));
    }
    (void)json_dumpf(root, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
    (void)putchar('\n');
    json_decref(root);
}

int
onym_tls_run_status(const struct onym_cli *cli, int argc, char **argv)
{
    struct found found = {.state = ""};
    struct asked asked;
    int code = parse(argc, argv, &asked);

    if (code == ONYM_EXIT_DONE) {
        code = asked.connect != NULL ? look_at_listener(cli, &asked, &found)
                                     : look_at_file(cli, &found);
    }
    if (code != ONYM_EXIT_DONE) {
        return code;
    }
    judge(&found, &asked);
    if (cli->json) {
        print_json(&found);
    } else {
        print_text(&found);
    }
    return strcmp(found.state, "valid") == 0 && (!found.session.checked || found.session.verified)
               ? ONYM_EXIT_DONE
               : ONYM_EXIT_NEGATIVE;
}
