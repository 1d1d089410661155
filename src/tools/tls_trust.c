#include "base/hex.h"
#include "net/address.h"
#include "net/tls_probe.h"
#include "tools/tls.h"

#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AUTHORITY "ca.crt"
#define QUOTED    (4U * ONYM_PATH_MAX + 3U)

struct trust {
    char authority[ONYM_PATH_MAX]; /* its file, or "" when it is not beside the certificate */
    char issuer[ONYM_TLS_NAME_MAX];
    char sha256[65];
    char until[ONYM_TLS_TIME_MAX];
    char address[ONYM_ADDRESS_TEXT_MAX];
    char https[ONYM_ADDRESS_TEXT_MAX]; /* empty: not open */
    char node[64];
};

/* One word of a shell command. */
static void
quote(const char *text, char out[QUOTED])
{
    size_t len = 0;

    if (strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                     "/._-+:@%,") == strlen(text)) {
        (void)snprintf(out, QUOTED, "%s", text);
        return;
    }
    out[len++] = '\'';
    for (; *text != '\0'; text++) {
        if (*text == '\'') {
            memcpy(out + len, "'\\''", 4);
            len += 4;
        } else {
            out[len++] = *text;
        }
    }
    out[len++] = '\'';
    out[len] = '\0';
}

/* onymctl init puts the authority beside the certificate; a chain of another make has it elsewhere.
 */
static void
find_authority(const struct onym_settings *settings, struct trust *out)
{
    const char *slash = strrchr(settings->tls_certificate, '/');
    size_t folder = slash != NULL ? (size_t)(slash - settings->tls_certificate) + 1 : 0;
    char path[ONYM_PATH_MAX];
    int len = snprintf(path, sizeof path, "%.*s" AUTHORITY, (int)folder, settings->tls_certificate);

    if (len > 0 && (size_t)len < sizeof path &&
        onym_tls_probe_issued_by(settings->tls_certificate, path)) {
        (void)snprintf(out->authority, sizeof out->authority, "%s", path);
    }
}

static int
gather(const struct onym_cli *cli, struct trust *out)
{
    struct onym_tls_certificate certificate;
    struct onym_fault fault = {0};
    int code;
    struct onym_settings *settings = onym_tls_settings(cli, "tls trust", &code);
    const char *shown;

    if (settings == NULL) {
        return code;
    }
    find_authority(settings, out);
    (void)snprintf(out->node, sizeof out->node, "%s", settings->node_id);
    (void)snprintf(out->address, sizeof out->address, "127.0.0.1:2642");
    if (settings->handle_tls.count > 0) {
        onym_address_text((const struct sockaddr *)&settings->handle_tls.item[0].at, out->address);
    }
    if (settings->https.count > 0) {
        onym_address_text((const struct sockaddr *)&settings->https.item[0].at, out->https);
    }
    shown = out->authority[0] != '\0' ? out->authority : settings->tls_certificate;
    if (onym_tls_probe_file(shown, &certificate, &fault) != ONYM_OK) {
        (void)fprintf(stderr, "onymctl tls trust: %s\n", fault.text);
        free(settings);
        return ONYM_EXIT_NEGATIVE;
    }
    free(settings);
    (void)snprintf(out->issuer, sizeof out->issuer, "%s",
                   out->authority[0] != '\0' ? certificate.subject : certificate.issuer);
    onym_hex_encode(onym_span_of(certificate.sha256, sizeof certificate.sha256), out->sha256);
    onym_tls_time(certificate.not_after_s, out->until);
    return ONYM_EXIT_DONE;
}

static void
print_text(const struct trust *t)
{
    char file[QUOTED];

    quote(t->authority, file);
    (void)printf(
        "Clients trust this node through its authority. Give them this file, and let them\n"
        "compare the fingerprint over another way than the file came:\n\n"
        "  authority  %s\n  file       %s\n  SHA-256    %s\n  valid until %s\n\n",
        t->issuer, t->authority, t->sha256, t->until);
    (void)printf(
        "The authority's key (ca.key) stays here. Put the node's address as clients see it\n"
        "in place of %s.\n\n",
        t->address);
    (void)printf("OpenSSL:\n  openssl s_client -connect %s -CAfile %s -verify_return_error "
                 "</dev/null\n\n",
                 t->address, file);
    if (t->https[0] != '\0') {
        (void)printf("curl:\n  curl --cacert %s https://%s/api/v1/status\n\n", file, t->https);
    }
    (void)printf("Java:\n  keytool -importcert -noprompt -alias onym-%s -file %s \\\n"
                 "    -keystore onym-trust.p12 -storetype PKCS12 -storepass changeit\n"
                 "  java -Djavax.net.ssl.trustStore=onym-trust.p12 \\\n"
                 "    -Djavax.net.ssl.trustStorePassword=changeit ...\n\n",
                 t->node, file);
    (void)printf("Python:\n  ssl.create_default_context(cafile=\"%s\")\n", t->authority);
}

static void
print_json(const struct trust *t)
{
    json_t *root = json_object();

    (void)json_object_set_new(root, "issuer", json_string(t->issuer));
    (void)json_object_set_new(root, "authority_file",
                              t->authority[0] != '\0' ? json_string(t->authority) : json_null());
    if (t->authority[0] != '\0') {
        (void)json_object_set_new(root, "sha256", json_string(t->sha256));
        (void)json_object_set_new(root, "not_after", json_string(t->until));
    }
    (void)json_object_set_new(root, "address", json_string(t->address));
    (void)json_dumpf(root, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
    (void)putchar('\n');
    json_decref(root);
}

int
onym_tls_run_trust(const struct onym_cli *cli, int argc, char **argv)
{
    struct trust trust = {.node = ""};
    int code;

    if (argc > 1) {
        return onym_usage_error("tls trust", "takes no argument; see onymctl tls trust --help");
    }
    (void)argv;
    code = gather(cli, &trust);
    if (code != ONYM_EXIT_DONE) {
        return code;
    }
    if (cli->json) {
        print_json(&trust);
    } else if (trust.authority[0] != '\0') {
        print_text(&trust);
    } else {
        (void)printf("The certificate was issued by an authority that is not kept beside it:\n\n"
                     "  %s\n\nClients that do not know it yet need its certificate from whoever "
                     "issued yours.\n",
                     trust.issuer);
    }
    return ONYM_EXIT_DONE;
}
