#include "keyring/keyring.h"

#include "config/report.h"
#include "config/schema.h"
#include "net/tls_pem.h"

_Static_assert((int)ONYM_TLS_CLIENTS_OFF == (int)ONYM_CLIENT_CERTIFICATES_OFF &&
                   (int)ONYM_TLS_CLIENTS_OPTIONAL == (int)ONYM_CLIENT_CERTIFICATES_OPTIONAL &&
                   (int)ONYM_TLS_CLIENTS_REQUIRED == (int)ONYM_CLIENT_CERTIFICATES_REQUIRED,
               "the same words in the same order");

bool
onym_keyring_tls(const struct onym_settings *settings, struct onym_tls_files *out)
{
    *out = (struct onym_tls_files){.certificate = settings->tls_certificate,
                                   .key = settings->tls_key,
                                   .client_ca = settings->tls_client_ca,
                                   .clients = (enum onym_tls_clients)settings->tls_clients};
    return settings->tls_certificate[0] != '\0';
}

enum onym_status
onym_keyring_site(const struct onym_settings *settings, struct onym_key **out,
                  struct onym_fault *fault)
{
    const char *path = settings->site_key;
    struct onym_key *key = NULL;
    const char *why = NULL;
    uint8_t *file = NULL;
    size_t len = 0;
    enum onym_status status;

    *out = NULL;
    if (path[0] == '\0') {
        return ONYM_OK;
    }
    status = onym_tls_pem_read("site.key_file", path, true, &file, &len, fault);
    if (status != ONYM_OK) {
        return status;
    }
    status = onym_key_from_private_pem(onym_span_of(file, len), &key, &why);
    onym_tls_pem_drop(file, len);
    if (status != ONYM_OK) {
        return onym_fault_set(fault, status, "site.key_file: %s: %s", path,
                              why != NULL ? why : onym_status_text(status));
    }
    if (onym_key_family(key) != ONYM_FAMILY_RSA ||
        onym_key_bits(key) < ONYM_KEYRING_SITE_BITS_MIN) {
        status = onym_fault_set(fault, ONYM_INVALID,
                                "site.key_file: %s: a key of type %s with %u bits; clients of the "
                                "Handle protocol need RSA with %u bits or more",
                                path, onym_key_family_name(onym_key_family(key)),
                                onym_key_bits(key), ONYM_KEYRING_SITE_BITS_MIN);
        onym_key_free(key);
        return status;
    }
    *out = key;
    return ONYM_OK;
}

/* Faults begin with the key they are about: "tls.key_file: server.key cannot be read: ..." */
static enum onym_status
add(struct onym_config_report *report, const struct onym_fault *fault)
{
    struct onym_config_origin origin = {.kind = ONYM_CONFIG_DEFAULT};
    size_t len = strcspn(fault->text, ":");
    size_t key = onym_config_key_find(onym_span_of((const uint8_t *)fault->text, len));

    if (fault->status == ONYM_NO_MEMORY) {
        return ONYM_NO_MEMORY;
    }
    if (key == onym_config_key_count()) {
        onym_config_report_add(report, origin, "", "%s", fault->text);
    } else {
        onym_config_report_add(report, report->origin[key], onym_config_key_at(key)->name, "%s",
                               fault->text + len + strlen(": "));
    }
    return ONYM_INVALID;
}

enum onym_status
onym_keyring_check(const struct onym_settings *settings, struct onym_config_report *report)
{
    struct onym_fault faults[ONYM_TLS_FAULTS_MAX + 1];
    struct onym_tls_files files;
    struct onym_key *key = NULL;
    enum onym_status status = ONYM_OK;
    size_t count = 0;

    if (onym_keyring_site(settings, &key, &faults[0]) != ONYM_OK) {
        count++;
    }
    onym_key_free(key);
    if (onym_keyring_tls(settings, &files)) {
        count += onym_tls_files_check(&files, faults + count);
    }
    for (size_t i = 0; i < count && status != ONYM_NO_MEMORY; i++) {
        status = add(report, &faults[i]);
    }
    return status;
}
