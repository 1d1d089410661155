#include "net/tls_pem.h"

#include "net/tls_ctx.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

const char *
onym_tls_pem_reason(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());

    ERR_clear_error();
    return reason != NULL ? reason : "no reason given";
}

void
onym_tls_pem_drop(uint8_t *bytes, size_t len)
{
    OPENSSL_clear_free(bytes, len);
}

static enum onym_status
check_file(const char *what, const char *path, bool secret, const struct stat *stat,
           struct onym_fault *fault)
{
    if (!S_ISREG(stat->st_mode)) {
        return onym_fault_set(fault, ONYM_INVALID, "%s: %s is not a file", what, path);
    }
    if (secret && (stat->st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return onym_fault_set(fault, ONYM_INVALID,
                              "%s: %s is open to other users (mode %04o); run chmod 600 on it",
                              what, path, (unsigned)stat->st_mode & 07777U);
    }
    if (stat->st_size <= 0 || stat->st_size > (off_t)ONYM_TLS_FILE_MAX) {
        return onym_fault_set(fault, ONYM_INVALID,
                              "%s: %s has %lld bytes; expected PEM of 1 to %u bytes", what, path,
                              (long long)stat->st_size, ONYM_TLS_FILE_MAX);
    }
    return ONYM_OK;
}

static enum onym_status
unreadable(const char *what, const char *path, int error, struct onym_fault *fault)
{
    if (error == EACCES) {
        return onym_fault_set(fault, ONYM_INVALID,
                              "%s: %s cannot be read: %s for uid %u; run this as the account that "
                              "the file is for, or change the file's owner",
                              what, path, strerror(error), (unsigned)geteuid());
    }
    return onym_fault_set(fault, ONYM_INVALID, "%s: %s cannot be read: %s", what, path,
                          strerror(error));
}

enum onym_status
onym_tls_pem_read(const char *what, const char *path, bool secret, uint8_t **out, size_t *len,
                  struct onym_fault *fault)
{
    /* O_NONBLOCK: opening a named pipe must not stop a start or a reload */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    enum onym_status status;
    struct stat stat;
    uint8_t *bytes = NULL;
    ssize_t n = 0;
    size_t got = 0;

    if (fd < 0 || fstat(fd, &stat) != 0) {
        status = unreadable(what, path, errno, fault);
        goto out;
    }
    status = check_file(what, path, secret, &stat, fault);
    if (status != ONYM_OK) {
        goto out;
    }
    bytes = OPENSSL_malloc((size_t)stat.st_size);
    if (bytes == NULL) {
        status = onym_fault_set(fault, ONYM_NO_MEMORY, "%s: no memory for %s", what, path);
        goto out;
    }
    while (got < (size_t)stat.st_size &&
           (n = read(fd, bytes + got, (size_t)stat.st_size - got)) > 0) {
        got += (size_t)n;
    }
    if (got < (size_t)stat.st_size) {
        status = onym_fault_set(fault, ONYM_INVALID, "%s: %s cannot be read: %s", what, path,
                                n < 0 ? strerror(errno) : "it became shorter");
        goto out;
    }
    *out = bytes;
    *len = got;
    bytes = NULL;
out:
    onym_tls_pem_drop(bytes, bytes != NULL ? (size_t)stat.st_size : 0);
    if (fd >= 0) {
        (void)close(fd);
    }
    return status;
}

/* Why reading stopped: nothing further in the file, or something that is not right. */
static bool
ended_well(void)
{
    unsigned long error = ERR_peek_last_error();
    bool well = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;

    if (well) {
        ERR_clear_error();
    }
    return well;
}

enum onym_status
onym_tls_pem_certificates(const char *what, const char *path, unsigned max,
                          struct stack_st_X509 **out, struct onym_fault *fault)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    enum onym_status status = onym_tls_pem_read(what, path, false, &bytes, &len, fault);
    STACK_OF(X509) *found = sk_X509_new_null();
    BIO *bio = NULL;
    X509 *one;

    if (status != ONYM_OK) {
        goto out;
    }
    bio = BIO_new_mem_buf(bytes, (int)len);
    if (bio == NULL || found == NULL) {
        status = onym_fault_set(fault, ONYM_NO_MEMORY, "%s: no memory for %s", what, path);
        goto out;
    }
    ERR_clear_error();
    while ((one = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
        if ((unsigned)sk_X509_num(found) == max) {
            X509_free(one);
            status = onym_fault_set(fault, ONYM_INVALID, "%s: %s has more than %u certificates",
                                    what, path, max);
            goto out;
        }
        if (sk_X509_push(found, one) == 0) {
            X509_free(one);
            status = onym_fault_set(fault, ONYM_NO_MEMORY, "%s: no memory for %s", what, path);
            goto out;
        }
    }
    if (!ended_well()) {
        status = onym_fault_set(fault, ONYM_INVALID, "%s: %s is damaged: %s", what, path,
                                onym_tls_pem_reason());
    } else if (sk_X509_num(found) == 0) {
        status = onym_fault_set(fault, ONYM_INVALID,
                                "%s: %s holds no certificate; expected PEM with BEGIN CERTIFICATE",
                                what, path);
    } else {
        *out = found;
        found = NULL;
    }
out:
    sk_X509_pop_free(found, X509_free);
    BIO_free(bio);
    onym_tls_pem_drop(bytes, len);
    return status;
}

/* A passphrase that nobody can be asked for. */
static int
no_passphrase(char *buffer, int size, int writing, void *asked)
{
    (void)buffer;
    (void)size;
    (void)writing;
    *(bool *)asked = true;
    return -1;
}

enum onym_status
onym_tls_pem_key(const char *what, const char *path, struct evp_pkey_st **out,
                 struct onym_fault *fault)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    enum onym_status status = onym_tls_pem_read(what, path, true, &bytes, &len, fault);
    bool encrypted = false;
    BIO *bio;

    if (status != ONYM_OK) {
        return status;
    }
    bio = BIO_new_mem_buf(bytes, (int)len);
    ERR_clear_error();
    *out = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &encrypted) : NULL;
    if (bio == NULL) {
        status = onym_fault_set(fault, ONYM_NO_MEMORY, "%s: no memory for %s", what, path);
    } else if (*out == NULL && encrypted) {
        status = onym_fault_set(fault, ONYM_INVALID,
                                "%s: %s is encrypted and nobody can be asked for the passphrase; "
                                "store it with openssl pkey -in %s -out NEW",
                                what, path, path);
    } else if (*out == NULL) {
        status = onym_fault_set(fault, ONYM_INVALID,
                                "%s: %s holds no usable private key: %s; expected PEM with BEGIN "
                                "PRIVATE KEY",
                                what, path, onym_tls_pem_reason());
    }
    ERR_clear_error();
    BIO_free(bio);
    onym_tls_pem_drop(bytes, len);
    return status;
}

enum onym_status
onym_tls_pem_pair(SSL_CTX *context, const char *certificate_what, const char *certificate,
                  const char *key_what, const char *key_path, struct onym_fault *fault)
{
    STACK_OF(X509) *chain = NULL;
    EVP_PKEY *key = NULL;
    enum onym_status status = onym_tls_pem_certificates(certificate_what, certificate,
                                                        ONYM_TLS_CHAIN_MAX, &chain, fault);

    if (status == ONYM_OK) {
        status = onym_tls_pem_key(key_what, key_path, &key, fault);
    }
    if (status == ONYM_OK && X509_check_private_key(sk_X509_value(chain, 0), key) != 1) {
        status = onym_fault_set(fault, ONYM_INVALID,
                                "%s: %s is not the key of the first certificate of %s; install the "
                                "two together",
                                key_what, key_path, certificate);
    }
    if (status == ONYM_OK && (SSL_CTX_use_certificate(context, sk_X509_value(chain, 0)) != 1 ||
                              SSL_CTX_use_PrivateKey(context, key) != 1)) {
        status = onym_fault_set(fault, ONYM_INVALID, "%s: %s cannot be used: %s", certificate_what,
                                certificate, onym_tls_pem_reason());
    }
    for (int i = 1; i < sk_X509_num(chain) && status == ONYM_OK; i++) {
        if (SSL_CTX_add1_chain_cert(context, sk_X509_value(chain, i)) != 1) {
            status = onym_fault_set(fault, ONYM_INVALID,
                                    "%s: certificate %d of %s cannot be used: %s", certificate_what,
                                    i + 1, certificate, onym_tls_pem_reason());
        }
    }
    ERR_clear_error();
    EVP_PKEY_free(key);
    sk_X509_pop_free(chain, X509_free);
    return status;
}
