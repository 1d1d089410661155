#include "net/tls_probe.h"

#include "net/tls_ctx.h"
#include "net/tls_pem.h"

#include <errno.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static enum onym_status
first_of(const char *path, X509 **out, struct onym_fault *fault)
{
    STACK_OF(X509) *chain = NULL;
    enum onym_status status = onym_tls_pem_certificates("certificate", path, ONYM_TLS_CHAIN_MAX,
                                                        &chain, fault);

    if (status == ONYM_OK) {
        *out = sk_X509_shift(chain);
        sk_X509_pop_free(chain, X509_free);
    }
    return status;
}

enum onym_status
onym_tls_probe_file(const char *path, struct onym_tls_certificate *out, struct onym_fault *fault)
{
    X509 *certificate = NULL;
    enum onym_status status = first_of(path, &certificate, fault);

    if (status == ONYM_OK) {
        onym_tls_certificate_describe(certificate, out);
        X509_free(certificate);
    }
    return status;
}

bool
onym_tls_probe_covers(const char *path, const char *host)
{
    X509 *certificate = NULL;
    bool covers = first_of(path, &certificate, NULL) == ONYM_OK &&
                  (X509_check_ip_asc(certificate, host, 0) == 1 ||
                   X509_check_host(certificate, host, 0, 0, NULL) == 1);

    X509_free(certificate);
    ERR_clear_error();
    return covers;
}

bool
onym_tls_probe_issued_by(const char *path, const char *authority)
{
    X509 *certificate = NULL;
    X509 *issuer = NULL;
    bool issued = first_of(path, &certificate, NULL) == ONYM_OK &&
                  first_of(authority, &issuer, NULL) == ONYM_OK &&
                  X509_check_issued(issuer, certificate) == X509_V_OK &&
                  X509_verify(certificate, X509_get0_pubkey(issuer)) == 1;

    X509_free(certificate);
    X509_free(issuer);
    ERR_clear_error();
    return issued;
}

static int
dial(const struct addrinfo *to, uint32_t timeout_ms)
{
    struct timeval limit = {.tv_sec = (time_t)(timeout_ms / 1000U),
                            .tv_usec = (suseconds_t)(timeout_ms % 1000U) * 1000};
    int fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    /* on Linux the time limit of sending is that of connecting too */
    if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0 ||
                    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0 ||
                    connect(fd, to->ai_addr, to->ai_addrlen) != 0)) {
        int why = errno == EINPROGRESS ? ETIMEDOUT : errno;

        (void)close(fd);
        errno = why;
        fd = -1;
    }
    return fd;
}

enum onym_status
onym_tls_probe_reach(const char *host, const char *port, uint32_t timeout_ms, int *out,
                     struct onym_fault *fault)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int code = getaddrinfo(host, port, &hints, &found);
    int fd = -1;

    if (code != 0) {
        return onym_fault_set(fault, ONYM_UNREACHABLE, "%s is not found: %s", host,
                              gai_strerror(code));
    }
    for (const struct addrinfo *to = found; to != NULL && fd < 0; to = to->ai_next) {
        fd = dial(to, timeout_ms);
    }
    code = errno;
    freeaddrinfo(found);
    if (fd < 0) {
        return onym_fault_set(fault, ONYM_UNREACHABLE, "nothing answers at %s port %s: %s", host,
                              port, strerror(code));
    }
    *out = fd;
    return ONYM_OK;
}

static void
describe_session(SSL *ssl, struct onym_tls_session_found *out)
{
    long verdict = SSL_get_verify_result(ssl);
    int group = (int)SSL_get_negotiated_group(ssl);
    const char *name = group != NID_undef ? OBJ_nid2sn(group) : NULL;

    onym_tls_certificate_describe(SSL_get0_peer_certificate(ssl), &out->certificate);
    (void)snprintf(out->version, sizeof out->version, "%s", SSL_get_version(ssl));
    (void)snprintf(out->cipher, sizeof out->cipher, "%s", SSL_get_cipher_name(ssl));
    (void)snprintf(out->group, sizeof out->group, "%s", name != NULL ? name : "");
    out->verified = out->checked && verdict == X509_V_OK;
    out->complaint = verdict != X509_V_OK ? X509_verify_cert_error_string(verdict) : "";
}

static bool
is_address(const char *host)
{
    return strchr(host, ':') != NULL || strspn(host, "0123456789.") == strlen(host);
}

static enum onym_status
shake_hands(SSL_CTX *client, int fd, const char *host, struct onym_tls_session_found *out,
            struct onym_fault *fault)
{
    SSL *ssl = SSL_new(client);
    enum onym_status status = ONYM_OK;

    ERR_clear_error();
    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1 || SSL_set1_host(ssl, host) != 1) {
        status = onym_fault_set(fault, ONYM_NO_MEMORY, "OpenSSL makes no connection: %s",
                                onym_tls_pem_reason());
    } else {
        if (!is_address(host)) { /* a server name is never an address, RFC 6066 section 3 */
            (void)SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                           (void *)(uintptr_t)host);
        }
        if (SSL_connect(ssl) != 1) {
            const char *reason = ERR_reason_error_string(ERR_peek_last_error());

            status = onym_fault_set(fault, ONYM_ERROR, "%s does not complete a TLS handshake: %s",
                                    host, reason != NULL ? reason : "it ended or did not answer");
        } else {
            describe_session(ssl, out);
            (void)SSL_shutdown(ssl);
        }
    }
    SSL_free(ssl);
    ERR_clear_error();
    return status;
}

enum onym_status
onym_tls_probe_connect(const char *host, const char *port, const char *authorities,
                       uint32_t timeout_ms, struct onym_tls_session_found *out,
                       struct onym_fault *fault)
{
    SSL_CTX *client = SSL_CTX_new(TLS_client_method());
    enum onym_status status = ONYM_OK;
    int fd = -1;

    memset(out, 0, sizeof *out);
    ERR_clear_error();
    if (client == NULL) {
        return onym_fault_set(fault, ONYM_NO_MEMORY, "OpenSSL makes no TLS context");
    }
    out->checked = authorities != NULL;
    if (out->checked && SSL_CTX_load_verify_file(client, authorities) != 1) {
        status = onym_fault_set(fault, ONYM_INVALID, "%s cannot be read as authorities: %s",
                                authorities, onym_tls_pem_reason());
    }
    if (status == ONYM_OK) {
        status = onym_tls_probe_reach(host, port, timeout_ms, &fd, fault);
    }
    if (status == ONYM_OK) {
        status = shake_hands(client, fd, host, out, fault);
        (void)close(fd);
    }
    SSL_CTX_free(client);
    return status;
}
