#include "config/check.h"

#include "config/report.h"
#include "config/units.h"

/* Listeners of one transport cannot share an address. */
static const struct {
    const char *key;
    bool tcp;
} listeners[] = {{"listen.handle_udp", false}, {"listen.handle_tcp", true},
                 {"listen.handle_tls", true},  {"listen.https", true},
                 {"listen.http", true},        {"listen.ops", true}};

#define LISTENERS (sizeof listeners / sizeof listeners[0])

static const struct onym_address_list *
list_of(const struct onym_config_work *work, size_t key)
{
    const char *at = (const char *)work->settings + onym_config_key_at(key)->offset;

    return (const struct onym_address_list *)(const void *)at;
}

static bool
collide_v4(const struct onym_address *a, const struct onym_address *b)
{
    struct sockaddr_in x;
    struct sockaddr_in y;

    memcpy(&x, &a->at, sizeof x);
    memcpy(&y, &b->at, sizeof y);
    return x.sin_port == y.sin_port && x.sin_port != 0 &&
           (x.sin_addr.s_addr == y.sin_addr.s_addr || x.sin_addr.s_addr == htonl(INADDR_ANY) ||
            y.sin_addr.s_addr == htonl(INADDR_ANY));
}

static bool
collide_v6(const struct onym_address *a, const struct onym_address *b)
{
    struct sockaddr_in6 x;
    struct sockaddr_in6 y;

    memcpy(&x, &a->at, sizeof x);
    memcpy(&y, &b->at, sizeof y);
    return x.sin6_port == y.sin6_port && x.sin6_port != 0 &&
           (memcmp(&x.sin6_addr, &y.sin6_addr, sizeof x.sin6_addr) == 0 ||
            IN6_IS_ADDR_UNSPECIFIED(&x.sin6_addr) || IN6_IS_ADDR_UNSPECIFIED(&y.sin6_addr));
}

static bool
collide(const struct onym_address *a, const struct onym_address *b)
{
    if (a->at.ss_family != b->at.ss_family) {
        return false;
    }
    return a->at.ss_family == AF_INET ? collide_v4(a, b) : collide_v6(a, b);
}

/* The error belongs where somebody wrote something: to the other key if this one is a default. */
static void
complain(const struct onym_config_work *work, size_t key, size_t other,
         const struct onym_address *address, const struct onym_address *taken)
{
    char mine[ONYM_UNIT_TEXT_MAX];
    char theirs[ONYM_UNIT_TEXT_MAX];

    if (work->report->origin[key].kind == ONYM_CONFIG_DEFAULT) {
        const struct onym_address *swap = address;
        size_t swap_key = key;
        address = taken;
        taken = swap;
        key = other;
        other = swap_key;
    }
    onym_address_format(address, mine);
    onym_address_format(taken, theirs);
    onym_config_report_add(work->report, work->report->origin[key], onym_config_key_at(key)->name,
                           "%s collides with %s of %s; expected another address or port", mine,
                           theirs, onym_config_key_at(other)->name);
}

/* Every two addresses of the lists, or of the one list when both are the same. */
static void
check_lists(const struct onym_config_work *work, size_t key, size_t other)
{
    const struct onym_address_list *list = list_of(work, key);
    const struct onym_address_list *earlier = list_of(work, other);

    for (size_t a = 0; a < list->count; a++) {
        for (size_t b = 0; b < (key == other ? a : earlier->count); b++) {
            if (collide(&list->item[a], &earlier->item[b])) {
                complain(work, key, other, &list->item[a], &earlier->item[b]);
            }
        }
    }
}

void
onym_config_check_listeners(const struct onym_config_work *work)
{
    for (size_t i = 0; i < LISTENERS; i++) {
        for (size_t j = 0; j <= i; j++) {
            if (listeners[i].tcp == listeners[j].tcp) {
                check_lists(work, onym_config_key_find(onym_span_text(listeners[i].key)),
                            onym_config_key_find(onym_span_text(listeners[j].key)));
            }
        }
    }
}

/* A key that is needed because of another one: the error stands where the other was written. */
static void
need(const struct onym_config_work *work, const char *key, const char *because, const char *text)
{
    size_t origin = onym_config_key_find(onym_span_text(because));

    onym_config_report_add(work->report, work->report->origin[origin], key, "%s", text);
}

void
onym_config_check_tls(const struct onym_config_work *work)
{
    const struct onym_settings *s = work->settings;

    if (s->tls_certificate[0] != 0 && s->tls_key[0] == 0) {
        need(work, "tls.key_file", "tls.certificate_file",
             "is not set; expected the file with the key of tls.certificate_file");
    }
    if (s->tls_key[0] != 0 && s->tls_certificate[0] == 0) {
        need(work, "tls.certificate_file", "tls.key_file",
             "is not set; expected the file with the certificate of tls.key_file");
    }
    if (s->tls_clients == ONYM_CLIENT_CERTIFICATES_REQUIRED && s->tls_client_ca[0] == 0) {
        need(work, "tls.client_ca_file", "tls.client_certificates",
             "is not set; expected the file with the authorities of required certificates");
    }
}

void
onym_config_check_control(const struct onym_config_work *work)
{
    const char *control = work->settings->control;

    if (control[0] != 0 && (strncmp(control, "unix:", 5) != 0 || control[5] == 0)) {
        need(work, "listen.control", "listen.control",
             "is no Unix socket; expected unix:PATH, or nothing");
    }
}
