#include "tools/https_login.h"

#include "auth/sign.h"
#include "base/rng.h"
#include "base/writer.h"
#include "tools/server_name.h"
#include "wire/json_base64.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CNONCE_LEN 16U
#define NONCE_MAX  64U
#define TIMEOUT_MS 30000U
/* A handle with every byte encoded, and its index. */
#define USER_MAX (3U * ONYM_NAME_LEN_MAX + 16U)

struct user {
    uint32_t index;
    onym_span handle;
    char text[USER_MAX]; /* index:handle, percent-encoded */
};

static int
fail(const struct onym_https *h, int code, const char *why)
{
    if (h->fault != NULL) {
        (void)!onym_fault_set(h->fault, ONYM_ERROR, "%s", why);
    } else {
        (void)fprintf(stderr, "onymctl %s: %s\n", h->what, why);
    }
    return code;
}

static void
encode_user(struct user *u)
{
    size_t len = (size_t)snprintf(u->text, sizeof u->text, "%u%%3A", (unsigned)u->index);

    for (size_t i = 0; i < u->handle.len; i++) {
        uint8_t c = u->handle.at[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                     c == '.' || c == '-' || c == '_' || c == '/';

        len += (size_t)snprintf(u->text + len, sizeof u->text - len, plain ? "%c" : "%%%02X", c);
    }
}

static void
put(struct onym_writer *w, const char *text)
{
    onym_writer_bytes(w, onym_span_text(text));
}

static void
put_base64(struct onym_writer *w, onym_span bytes)
{
    char text[4 * ((ONYM_SIGNATURE_LEN_MAX + 2) / 3)];

    onym_base64_encode(ONYM_BASE64_STANDARD, bytes, text);
    onym_writer_bytes(w,
                      onym_span_of(text, onym_base64_encoded_len(ONYM_BASE64_STANDARD, bytes.len)));
}

/* Ends the header value that was written. */
static int
finish(struct onym_https *h, struct onym_writer *w)
{
    onym_writer_u8(w, '\0');
    return w->status == ONYM_OK ? ONYM_EXIT_DONE
                                : fail(h, ONYM_EXIT_USAGE, "the credentials are too long");
}

static struct onym_writer
authorization_of(struct onym_https *h)
{
    return onym_writer_over((uint8_t *)h->authorization, sizeof h->authorization);
}

static int
use_token(struct onym_https *h, onym_span token)
{
    struct onym_writer w = authorization_of(h);

    for (size_t i = 0; i < token.len; i++) {
        if (token.at[i] <= ' ' || token.at[i] > '~') {
            return fail(h, ONYM_EXIT_USAGE, "the token file holds more than a token");
        }
    }
    put(&w, "Bearer ");
    onym_writer_bytes(&w, token);
    return finish(h, &w);
}

static int
use_secret(struct onym_https *h, const struct user *u, onym_span secret)
{
    static uint8_t const colon[] = ":";
    uint8_t pair[USER_MAX + 1025];
    char text[4 * ((sizeof pair + 2) / 3)];
    struct onym_writer joined = onym_writer_over(pair, sizeof pair);
    struct onym_writer w = authorization_of(h);

    put(&joined, u->text);
    onym_writer_bytes(&joined, onym_span_of(colon, 1));
    onym_writer_bytes(&joined, secret);
    if (joined.status != ONYM_OK) {
        return fail(h, ONYM_EXIT_USAGE, "the secret is too long");
    }
    onym_base64_encode(ONYM_BASE64_STANDARD, onym_writer_written(&joined), text);
    put(&w, "Basic ");
    onym_writer_bytes(
        &w, onym_span_of(text, onym_base64_encoded_len(ONYM_BASE64_STANDARD, joined.len)));
    explicit_bzero(pair, sizeof pair);
    explicit_bzero(text, sizeof text);
    return finish(h, &w);
}

/* ---- a key ---- */

struct session {
    char id[64];
    uint8_t nonce[NONCE_MAX];
    size_t nonce_len;
};

static bool
read_session(const struct onym_https_reply *reply, struct session *out)
{
    json_t *json = json_loadb(reply->body, reply->len, 0, NULL);
    const char *id = json_string_value(json_object_get(json, "sessionId"));
    const char *nonce = json_string_value(json_object_get(json, "nonce"));
    bool good = id != NULL && nonce != NULL && strlen(id) < sizeof out->id &&
                strlen(nonce) <= NONCE_MAX && strpbrk(id, "\"\r\n") == NULL &&
                onym_base64_decode(ONYM_BASE64_STANDARD, onym_span_text(nonce), out->nonce,
                                   &out->nonce_len) == ONYM_OK;

    if (good) {
        (void)snprintf(out->id, sizeof out->id, "%s", id);
    }
    json_decref(json);
    return good;
}

static int
open_session(struct onym_https *h, struct session *out)
{
    struct onym_https_reply reply;
    int code = onym_https_ask(h, "POST", "/api/sessions", &reply);

    if (code == ONYM_EXIT_DONE && (reply.status != 201 || !read_session(&reply, out))) {
        code = fail(h, ONYM_EXIT_SERVER, "the server opens no session");
    }
    free(reply.memory);
    return code;
}

static int
prove(struct onym_https *h, const struct user *u, const struct onym_key *key,
      const struct session *s)
{
    struct onym_rng rng = onym_rng_system();
    uint8_t cnonce[CNONCE_LEN];
    uint8_t signature[ONYM_SIGNATURE_LEN_MAX];
    onym_span parts[2] = {onym_span_of(s->nonce, s->nonce_len),
                          onym_span_of(cnonce, sizeof cnonce)};
    struct onym_signed_data data = {.parts = parts, .count = 2, .user = u->handle};
    enum onym_sign_hash hash = onym_sign_hash_for(key, 0x020B);
    struct onym_writer w = authorization_of(h);
    struct onym_https_reply reply;
    size_t len;
    int code;

    for (size_t i = 0; i < sizeof cnonce; i++) {
        cnonce[i] = (uint8_t)onym_rng_u64(&rng);
    }
    if (onym_signature_make(key, hash, &data, signature, sizeof signature, &len) != ONYM_OK) {
        return fail(h, ONYM_EXIT_USAGE, "the key does not sign");
    }
    put(&w, "Handle version=\"0\", sessionId=\"");
    put(&w, s->id);
    put(&w, "\", cnonce=\"");
    put_base64(&w, parts[1]);
    put(&w, "\", id=\"");
    put(&w, u->text);
    put(&w, "\", type=\"HS_PUBKEY\", alg=\"");
    put(&w, onym_sign_hash_name(hash));
    put(&w, "\", signature=\"");
    put_base64(&w, onym_span_of(signature, len));
    put(&w, "\"");
    code = finish(h, &w);
    if (code == ONYM_EXIT_DONE) {
        code = onym_https_ask(h, "PUT", "/api/sessions/this", &reply);
    }
    if (code == ONYM_EXIT_DONE) {
        if (reply.status == 401) {
            char why[ONYM_NAME_LEN_MAX + 256];

            (void)snprintf(why, sizeof why,
                           "the node does not know this key as %u:%.*s; look whether its "
                           "public half is the HS_PUBKEY value there, and --key the right file",
                           (unsigned)u->index, (int)u->handle.len, (const char *)u->handle.at);
            code = fail(h, ONYM_EXIT_AUTH, why);
        } else if (reply.status != 200) {
            code = fail(h, ONYM_EXIT_SERVER, "the node does not take the key's answer now");
        }
        free(reply.memory);
    }
    return code;
}

static int
use_key(struct onym_https *h, const struct user *u, onym_span pem)
{
    struct session session;
    struct onym_key *key = NULL;
    const char *why = NULL;
    struct onym_writer w = authorization_of(h);
    int code;

    if (onym_key_from_private_pem(pem, &key, &why) != ONYM_OK) {
        return fail(h, ONYM_EXIT_USAGE, why != NULL ? why : "out of memory");
    }
    code = open_session(h, &session);
    if (code == ONYM_EXIT_DONE) {
        code = prove(h, u, key, &session);
    }
    onym_key_free(key);
    if (code == ONYM_EXIT_DONE) {
        put(&w, "Handle sessionId=\"");
        put(&w, session.id);
        put(&w, "\"");
        code = finish(h, &w);
    }
    return code;
}

static int
use_file(struct onym_https *h, const struct onym_cli_identity *identity, const struct user *u)
{
    const char *token_file = identity->token_file;
    const char *path = token_file != NULL      ? token_file
                       : identity->key != NULL ? identity->key
                                               : identity->secret_file;
    uint8_t *bytes = malloc(ONYM_IDENTITY_FILE_MAX);
    size_t len = 0;
    int code = bytes != NULL ? onym_cli_identity_read(h->what, path, bytes, &len)
                             : fail(h, ONYM_EXIT_SERVER, "out of memory");
    onym_span text;

    if (code == ONYM_EXIT_DONE) {
        text = onym_cli_identity_line(onym_span_of(bytes, len));
        code = token_file != NULL      ? use_token(h, text)
               : identity->key != NULL ? use_key(h, u, onym_span_of(bytes, len))
                                       : use_secret(h, u, text);
        explicit_bzero(bytes, ONYM_IDENTITY_FILE_MAX);
    }
    free(bytes);
    return code;
}

int
onym_https_certify(const struct onym_cli_identity *identity, struct onym_https *h)
{
    if (identity->token_file != NULL &&
        (identity->as != NULL || identity->key != NULL || identity->secret_file != NULL)) {
        return onym_usage_error(h->what, "--token-file says already who asks");
    }
    if (identity->cert == NULL) {
        return ONYM_EXIT_DONE;
    }
    h->certificate = identity->cert;
    h->key = identity->key;
    return onym_cli_identity_certificate(identity, h->what);
}

int
onym_https_login(const struct onym_cli_identity *given, struct onym_https *h)
{
    struct onym_cli_identity identity = *given;
    struct user *u;
    int code;

    h->authorization[0] = '\0';
    code = onym_https_certify(given, h);
    if (code != ONYM_EXIT_DONE) {
        return code;
    }
    if (h->certificate != NULL) {
        (void)snprintf(h->authorization, sizeof h->authorization, "Handle clientCert=\"true\"");
        return ONYM_EXIT_DONE;
    }
    if (identity.token_file != NULL) {
        return use_file(h, &identity, NULL);
    }
    onym_cli_identity_complete(&identity);
    if (identity.as == NULL) {
        return ONYM_EXIT_DONE;
    }
    if ((identity.key == NULL) == (identity.secret_file == NULL)) {
        return onym_usage_error(h->what, "give one of --key and --secret-file with --as");
    }
    u = calloc(1, sizeof *u);
    if (u == NULL) {
        return fail(h, ONYM_EXIT_SERVER, "out of memory");
    }
    if (!onym_cli_identity_split(identity.as, &u->index, &u->handle)) {
        code = onym_usage_error(
            h->what, "--as %s: give INDEX:HANDLE, for example 300:0.NA/88.300.15907", identity.as);
    } else {
        encode_user(u);
        code = use_file(h, &identity, u);
    }
    free(u);
    return code;
}

int
onym_https_begin(const struct onym_cli *cli, const char *place,
                 const struct onym_cli_identity *identity, struct onym_https *h)
{
    struct onym_server_name name = {.host = ""};
    int code;

    h->timeout_ms = cli->timeout_s > 0 ? (uint32_t)(cli->timeout_s * 1000) : TIMEOUT_MS;
    if (place == NULL && onym_server_road(cli->server) == ONYM_ROAD_LOCAL) {
        (void)snprintf(h->host, sizeof h->host, "localhost");
        (void)snprintf(h->port, sizeof h->port, "80");
        return identity->as == NULL && identity->key == NULL && identity->secret_file == NULL &&
                       identity->cert == NULL && identity->token_file == NULL
                   ? onym_server_socket(h->what, cli->server, &h->socket)
                   : onym_usage_error(h->what,
                                      "--server %s: who may use the socket is the node's "
                                      "local operator; leave the identity out",
                                      cli->server);
    }
    if (place != NULL) {
        code = onym_host_port(place, "8000", h->host, h->port)
                   ? ONYM_EXIT_DONE
                   : onym_usage_error(h->what, "--connect %s: give HOST or HOST:PORT", place);
    } else {
        code = onym_server_name_read(h->what, cli->server, &name);
        (void)snprintf(h->host, sizeof h->host, "%s", name.host);
        (void)snprintf(h->port, sizeof h->port, "%s", name.port);
    }
    if (code == ONYM_EXIT_DONE) {
        code = onym_server_authorities(h->what, identity->authorities, &h->authorities);
    }
    return code == ONYM_EXIT_DONE ? onym_https_login(identity, h) : code;
}
