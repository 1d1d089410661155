#include "net/tls_dial.h"

#include "net/tls_pem.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>

#define HOST_MAX 256U

struct onym_tls_dialer {
    SSL_CTX *context;
    char host[HOST_MAX];
    bool is_address;
};

struct onym_tls_dial {
    SSL *ssl;
    const char *reason;
    bool ready, refused;
};

enum onym_status
onym_tls_dialer_new(const char *host, const char *authorities, struct onym_tls_dialer **out,
                    struct onym_fault *fault)
{
    struct onym_tls_dialer *dialer = calloc(1, sizeof *dialer);

    if (dialer == NULL || (dialer->context = SSL_CTX_new(TLS_client_method())) == NULL) {
        onym_tls_dialer_free(dialer);
        return onym_fault_set(fault, ONYM_NO_MEMORY, "OpenSSL makes no TLS context");
    }
    (void)snprintf(dialer->host, sizeof dialer->host, "%s", host);
    dialer->is_address = strchr(host, ':') != NULL || strspn(host, "0123456789.") == strlen(host);
    SSL_CTX_set_mode(dialer->context, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                          SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                          SSL_MODE_RELEASE_BUFFERS);
    if (authorities != NULL) {
        ERR_clear_error();
        SSL_CTX_set_verify(dialer->context, SSL_VERIFY_PEER, NULL);
        if (SSL_CTX_load_verify_file(dialer->context, authorities) != 1) {
            enum onym_status status = onym_fault_set(fault, ONYM_INVALID,
                                                     "%s cannot be read as authorities: %s",
                                                     authorities, onym_tls_pem_reason());

            onym_tls_dialer_free(dialer);
            return status;
        }
    }
    *out = dialer;
    return ONYM_OK;
}

enum onym_status
onym_tls_dialer_certify(struct onym_tls_dialer *dialer, const char *certificate, const char *key,
                        struct onym_fault *fault)
{
    return onym_tls_pem_pair(dialer->context, "--cert", certificate, "--key", key, fault);
}

void
onym_tls_dialer_free(struct onym_tls_dialer *dialer)
{
    if (dialer != NULL) {
        SSL_CTX_free(dialer->context);
        free(dialer);
    }
}

struct onym_tls_dial *
onym_tls_dial_new(struct onym_tls_dialer *dialer, int fd)
{
    struct onym_tls_dial *dial = calloc(1, sizeof *dial);

    if (dial == NULL) {
        return NULL;
    }
    dial->reason = "";
    dial->ssl = SSL_new(dialer->context);
    if (dial->ssl == NULL || SSL_set_fd(dial->ssl, fd) != 1 ||
        SSL_set1_host(dial->ssl, dialer->host) != 1) {
        onym_tls_dial_free(dial);
        return NULL;
    }
    if (!dialer->is_address) { /* a server name is never an address, RFC 6066 section 3 */
        (void)SSL_set_tlsext_host_name(dial->ssl, dialer->host);
    }
    SSL_set_connect_state(dial->ssl);
    return dial;
}

void
onym_tls_dial_free(struct onym_tls_dial *dial)
{
    if (dial == NULL) {
        return;
    }
    if (dial->ready) {
        ERR_clear_error();
        (void)SSL_shutdown(dial->ssl);
    }
    SSL_free(dial->ssl);
    free(dial);
}

/* What a server says of its client's certificate, or of the lack of one. It says so at the end of
 * its side of the handshake, which in TLS 1.3 comes after the client's. NULL: something else. */
static const char *
refusal_of(unsigned long error)
{
    switch (ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0) {
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
        return "it takes only clients that show a certificate";
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
        return "it does not know the authority of the client's certificate";
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
        return "it does not accept the client's certificate";
    default:
        return NULL;
    }
}

static enum onym_tls_dial_state
state_of(struct onym_tls_dial *dial, int code)
{
    const char *refusal;

    switch (SSL_get_error(dial->ssl, code)) {
    case SSL_ERROR_NONE:
        return ONYM_TLS_DIAL_DONE;
    case SSL_ERROR_WANT_READ:
        return ONYM_TLS_DIAL_READ;
    case SSL_ERROR_WANT_WRITE:
        return ONYM_TLS_DIAL_WRITE;
    default:
        refusal = refusal_of(ERR_peek_last_error());
        dial->refused = refusal != NULL;
        dial->reason = refusal != NULL ? refusal : "";
        dial->ready = false;
        return ONYM_TLS_DIAL_ENDED;
    }
}

enum onym_tls_dial_state
onym_tls_dial_handshake(struct onym_tls_dial *dial)
{
    ERR_clear_error();
    int code = SSL_do_handshake(dial->ssl);
    enum onym_tls_dial_state state = state_of(dial, code);

    dial->ready = state == ONYM_TLS_DIAL_DONE;
    if (state == ONYM_TLS_DIAL_ENDED && !dial->refused) {
        long verdict = SSL_get_verify_result(dial->ssl);
        const char *reason = ERR_reason_error_string(ERR_peek_last_error());

        dial->reason = verdict != X509_V_OK ? X509_verify_cert_error_string(verdict)
                       : reason != NULL     ? reason
                                            : "";
    }
    return state;
}

enum onym_tls_dial_state
onym_tls_dial_read(struct onym_tls_dial *dial, void *out, size_t len, size_t *done)
{
    *done = 0;
    ERR_clear_error();
    return state_of(dial, SSL_read_ex(dial->ssl, out, len, done));
}

enum onym_tls_dial_state
onym_tls_dial_write(struct onym_tls_dial *dial, const void *bytes, size_t len, size_t *done)
{
    *done = 0;
    ERR_clear_error();
    return state_of(dial, SSL_write_ex(dial->ssl, bytes, len, done));
}

bool
onym_tls_dial_is_refused(const struct onym_tls_dial *dial)
{
    return dial->refused;
}

const char *
onym_tls_dial_reason(const struct onym_tls_dial *dial)
{
    return dial->reason;
}
