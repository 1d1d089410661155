#include "config/schema.h"

#include <ctype.h>
#include <stdio.h>

#define FIELD(name) offsetof(struct onym_settings, name)
#define ROOM(name)  (sizeof((struct onym_settings *)NULL)->name - 1)

#define KIB UINT64_C(1024)
#define MIB (KIB * KIB)
#define TIB (MIB * MIB)

static const char *const level_words[] = {"error", "warning", "notice", "info", "debug", NULL};
static const char *const client_words[] = {"off", "optional", "required", NULL};
static const char *const switch_words[] = {"no", "yes", NULL};
static const char *const hash_words[] = {"sha256", "sm3", NULL};
static const char *const format_words[] = {"auto", "text", "json", NULL};

/* The words are places in these enums. */
_Static_assert(ONYM_LOG_ERROR == 0 && ONYM_LOG_DEBUG == 4, "order of level_words");
_Static_assert(ONYM_CLIENT_CERTIFICATES_OFF == 0 && ONYM_CLIENT_CERTIFICATES_REQUIRED == 2,
               "order of client_words");
_Static_assert(ONYM_LOG_AUTO == 0 && ONYM_LOG_JSON == 2, "order of format_words");
_Static_assert(ONYM_LOG_HASH_SHA256 == 0 && ONYM_LOG_HASH_SM3 == 1, "order of hash_words");

static const struct onym_config_key table[] = {
    {.name = "node.id",
     .type = ONYM_CONFIG_NAME,
     .offset = FIELD(node_id),
     .min = 1,
     .max = ROOM(node_id),
     .value = "node-a",
     .help = "Name of this node in logs, metrics and operations. Unique among the nodes of a "
             "cluster; not changed after the first start."},
    {.name = "node.workers",
     .type = ONYM_CONFIG_NUMBER,
     .offset = FIELD(workers),
     .min = 0,
     .max = 64,
     .value = "0",
     .help = "Threads that answer requests. 0 means one per processor core, at most 64."},
    {.name = "node.pin_workers",
     .type = ONYM_CONFIG_WORD,
     .offset = FIELD(pin_workers),
     .max = 1,
     .words = switch_words,
     .value = "no",
     .help =
         "Whether each of these threads stays on a processor of its own, in turn those that the "
         "node may use, and threads of registration, proofs and lists keep off them where some "
         "are left over. For a machine that the node has to itself: look-ups wait less while "
         "parts are registered."},
    {.name = "node.registration_nice",
     .type = ONYM_CONFIG_NUMBER,
     .offset = FIELD(registration_nice),
     .min = 0,
     .max = 19,
     .value = "10",
     .help = "How far registration stands behind resolution where both want a processor: steps of "
             "nice of the threads that store changes and check proofs. 0 means not at all."},
    {.name = "node.shutdown_timeout",
     .type = ONYM_CONFIG_DURATION,
     .offset = FIELD(shutdown_ms),
     .min = 0,
     .max = 600000,
     .unit_ms = 1,
     .value = "5s",
     .help = "How long a stopping node waits for connections to finish what they have begun."},
    {.name = "listen.handle_udp",
     .type = ONYM_CONFIG_ADDRESSES,
     .offset = FIELD(handle_udp),
     .max = ONYM_LISTEN_MAX,
     .value = "127.0.0.1:2641",
     .help = "UDP addresses of the Handle protocol. Empty means none."},
    {.name = "listen.handle_tcp",
     .type = ONYM_CONFIG_ADDRESSES,
     .offset = FIELD(handle_tcp),
     .max = ONYM_LISTEN_MAX,
     .value = "127.0.0.1:2641",
     .help = "TCP addresses of the Handle protocol. Empty means none."},
    {.name = "listen.handle_tls",
     .type = ONYM_CONFIG_ADDRESSES,
     .offset = FIELD(handle_tls),
     .max = ONYM_LISTEN_MAX,
     .value = "127.0.0.1:2642",
     .help = "TCP addresses of the Handle protocol inside TLS. Open only when tls.certificate_file "
             "and tls.key_file are set. Empty means none."},
    {.name = "listen.https",
     .type = ONYM_CONFIG_ADDRESSES,
     .offset = FIELD(https),
     .max = ONYM_LISTEN_MAX,
     .value = "127.0.0.1:8000",
     .help = "Addresses of the HTTP API over TLS. Open only when tls.certificate_file and "
             "tls.key_file are set. Empty means none."},
    {.name = "listen.http",
     .type = ONYM_CONFIG_ADDRESSES,
     .offset = FIELD(http),
     .max = ONYM_LISTEN_MAX,
     .value = "",
     .help = "Addresses of the HTTP API without TLS: public values and the message tunnel. Nobody "
             "can prove who they are there, so nothing is changed. Empty means none."},
    {.name = "listen.ops",
     .type = ONYM_CONFIG_ADDRESSES,
     .offset = FIELD(ops),
     .max = ONYM_LISTEN_MAX,
     .value = "127.0.0.1:9641",
     .help = "Addresses of metrics and health over plain HTTP without authentication: keep them on "
             "loopback or a management network. Empty means off."},
    {.name = "listen.control",
     .type = ONYM_CONFIG_PATH,
     .offset = FIELD(control),
     .max = ROOM(control),
     .value = "unix:control.sock",
     .help = "Unix socket, as unix:PATH, where root, the daemon's account and the group onym give "
             "orders. A relative path starts in storage.dir. Empty means none."},
    {.name = "site.handle_tcp",
     .type = ONYM_CONFIG_ADDRESSES,
     .offset = FIELD(site_tcp),
     .max = 1,
     .value = "",
     .help = "TCP address that HS_SITE tells clients, when it is not the one listened on: behind a "
             "translated or a wildcard address. Empty means the first of listen.handle_tcp."},
    {.name = "site.handle_udp",
     .type = ONYM_CONFIG_ADDRESSES,
     .offset = FIELD(site_udp),
     .max = 1,
     .value = "",
     .help = "UDP address that HS_SITE tells clients, likewise. Empty means the first of "
             "listen.handle_udp."},
    {.name = "site.key_file",
     .type = ONYM_CONFIG_PATH,
     .offset = FIELD(site_key),
     .min = 0,
     .max = ROOM(site_key),
     .value = "",
     .help = "PEM file with the RSA key, 2048 bits or more, that signs replies where clients ask "
             "for it; HS_SITE tells its public half. Only its owner may have access to it. Empty "
             "means replies are not signed: the reference client then opens no sessions."},
    {.name = "storage.dir",
     .type = ONYM_CONFIG_PATH,
     .offset = FIELD(data_dir),
     .min = 1,
     .max = ROOM(data_dir),
     .value = "onym-data",
     .help =
         "Folder of the records. A relative path starts at the working directory of the daemon."},
    {.name = "storage.map_size",
     .type = ONYM_CONFIG_SIZE,
     .offset = FIELD(map_size),
     .min = MIB,
     .max = 64 * TIB,
     .value = "256GiB",
     .help = "Address space reserved for the records: the most they can grow to. Disk space is "
             "taken only as they do grow."},
    {.name = "storage.log_hash",
     .type = ONYM_CONFIG_WORD,
     .offset = FIELD(log_hash),
     .max = 1,
     .words = hash_words,
     .value = "sha256",
     .help =
         "Hash of the log of changes, its chain and the digests of records in it, when the node "
         "makes the store. A store that is there keeps its own."},
    {.name = "cache.size",
     .type = ONYM_CONFIG_SIZE,
     .offset = FIELD(cache_size),
     .min = 0,
     .max = TIB,
     .value = "512MiB",
     .help =
         "Memory for the records asked for most, of all workers together: what is there is "
         "answered without reading the store, and a change is seen at once. Taken only as it "
         "fills. A record takes its name, its public values and some 51 bytes. 0KiB means off."},
    {.name = "tls.certificate_file",
     .type = ONYM_CONFIG_PATH,
     .reloadable = true,
     .offset = FIELD(tls_certificate),
     .min = 0,
     .max = ROOM(tls_certificate),
     .value = "",
     .help = "PEM file with the certificate of the node, then any intermediate certificates. Empty "
             "means no TLS; onymctl init makes one."},
    {.name = "tls.key_file",
     .type = ONYM_CONFIG_PATH,
     .reloadable = true,
     .offset = FIELD(tls_key),
     .min = 0,
     .max = ROOM(tls_key),
     .value = "",
     .help = "PEM file with the private key of the certificate. Only its owner may have access to "
             "it."},
    {.name = "tls.client_ca_file",
     .type = ONYM_CONFIG_PATH,
     .reloadable = true,
     .offset = FIELD(tls_client_ca),
     .min = 0,
     .max = ROOM(tls_client_ca),
     .value = "",
     .help = "PEM file with the authorities whose client certificates are trusted. Empty means "
             "none."},
    {.name = "tls.client_certificates",
     .type = ONYM_CONFIG_WORD,
     .reloadable = true,
     .offset = FIELD(tls_clients),
     .max = 2,
     .words = client_words,
     .value = "optional",
     .help = "Whether clients are asked for a certificate. optional takes any, and trusts those "
             "that tls.client_ca_file leads to; required refuses all others."},
    {.name = "limits.udp_per_client",
     .type = ONYM_CONFIG_RATE,
     .offset = FIELD(udp_per_client),
     .min = 1,
     .max = 10000000,
     .value = "20000/s",
     .help = "UDP answer packets per second to one source network. Sources beyond it are told that "
             "the server is too busy, at most once a second."},
    {.name = "limits.udp_reply_packets",
     .type = ONYM_CONFIG_NUMBER,
     .offset = FIELD(udp_reply_packets),
     .min = 1,
     .max = 64,
     .value = "16",
     .help = "Packets of 512 bytes one UDP answer may take. Larger answers have to be asked for "
             "over TCP."},
    {.name = "limits.exempt",
     .type = ONYM_CONFIG_NETWORKS,
     .offset = FIELD(exempt),
     .max = ONYM_NETWORKS_MAX,
     .value = "127.0.0.0/8, ::1/128",
     .help = "Networks whose requests are never limited. Loopback by default, so that a load test "
             "on the machine measures the node and not its limiter."},
    {.name = "limits.tcp_connections",
     .type = ONYM_CONFIG_NUMBER,
     .offset = FIELD(tcp_connections),
     .min = 1,
     .max = 1000000,
     .value = "50000",
     .help = "Open TCP connections of all workers together."},
    {.name = "limits.tls_connections",
     .type = ONYM_CONFIG_NUMBER,
     .offset = FIELD(tls_connections),
     .min = 1,
     .max = 1000000,
     .value = "10000",
     .help = "Open TLS connections of all workers together. Each takes some 20 KiB of memory, more "
             "during its handshake."},
    {.name = "limits.http_connections",
     .type = ONYM_CONFIG_NUMBER,
     .offset = FIELD(http_connections),
     .min = 1,
     .max = 1000000,
     .value = "10000",
     .help = "Open connections of listen.https, and as many of listen.http, of all workers "
             "together. Each takes some 20 KiB of memory with TLS, and as much again while a "
             "request comes."},
    {.name = "limits.tcp_idle",
     .type = ONYM_CONFIG_DURATION,
     .offset = FIELD(tcp_idle_s),
     .min = 1,
     .max = 86400,
     .unit_ms = 1000,
     .value = "10m",
     .help = "How long a TCP connection may stay silent. Connection pools of deployed clients "
             "expect 10m or more."},
    {.name = "auth.server_admins",
     .type = ONYM_CONFIG_WHO,
     .offset = FIELD(server_admins),
     .max = ROOM(server_admins),
     .value = "",
     .help = "Who may home and unhome prefixes here and has every right on every record, such as "
             "300:0.NA/88.9420. Their keys must be registered here."},
    {.name = "auth.allow_sha1",
     .type = ONYM_CONFIG_WORD,
     .offset = FIELD(allow_sha1),
     .max = 1,
     .words = switch_words,
     .value = "yes",
     .help = "Whether proofs over SHA-1 are accepted. One deployed client library knows nothing "
             "else."},
    {.name = "auth.allow_md5",
     .type = ONYM_CONFIG_WORD,
     .offset = FIELD(allow_md5),
     .max = 1,
     .words = switch_words,
     .value = "no",
     .help = "Whether proofs over MD5 are accepted, those of clients before version 2.1 included."},
    {.name = "auth.http_failures",
     .type = ONYM_CONFIG_NUMBER,
     .offset = FIELD(http_failures),
     .min = 1,
     .max = 100000,
     .value = "30",
     .help = "Failed logins in a minute from one address for one user, ten times that for all "
             "users; wrong answers to challenges count too. Beyond it no credentials are looked "
             "at: 429, or code 3. limits.exempt does not count."},
    {.name = "auth.http_session_idle",
     .type = ONYM_CONFIG_DURATION,
     .offset = FIELD(http_session_idle_s),
     .min = 60,
     .max = 86400,
     .unit_ms = 1000,
     .value = "30m",
     .help = "How long a login session of the HTTP API lives without a request. After 12h it "
             "ends in any case."},
    {.name = "auth.dh_bits_min",
     .type = ONYM_CONFIG_NUMBER,
     .offset = FIELD(dh_bits_min),
     .min = 1024,
     .max = 4096,
     .value = "1024",
     .help = "Bits of the smallest Diffie-Hellman group a client may open a session with. The "
             "reference client brings one of 1024; 2048 is safer where no such client is left."},
    {.name = "http.jsonp",
     .type = ONYM_CONFIG_WORD,
     .offset = FIELD(http_jsonp),
     .max = 1,
     .words = switch_words,
     .value = "no",
     .help = "Whether ?callback=NAME makes an answer of /api/handles or /api/site a call of NAME "
             "(JSONP). Then pages of any site can read, through the browsers of your staff, "
             "whatever anyone may read here."},
    {.name = "log.level",
     .type = ONYM_CONFIG_WORD,
     .reloadable = true,
     .offset = FIELD(log_level),
     .max = 4,
     .words = level_words,
     .value = "info",
     .help = "The least important lines that are written."},
    {.name = "log.format",
     .type = ONYM_CONFIG_WORD,
     .offset = FIELD(log_format),
     .max = 2,
     .words = format_words,
     .value = "auto",
     .help = "Form of the lines. auto is text on a terminal and JSON otherwise."},
};

_Static_assert(sizeof table / sizeof table[0] <= 64, "ONYM_CONFIG_KEYS_MAX of config/load.h");

size_t
onym_config_key_count(void)
{
    return sizeof table / sizeof table[0];
}

const struct onym_config_key *
onym_config_key_at(size_t index)
{
    return &table[index];
}

size_t
onym_config_key_find(onym_span name)
{
    size_t i = 0;

    while (i < onym_config_key_count() && !onym_span_equal(onym_span_text(table[i].name), name)) {
        i++;
    }
    return i;
}

void
onym_config_variable(const struct onym_config_key *key, char out[ONYM_CONFIG_VARIABLE_MAX])
{
    size_t len = (size_t)snprintf(out, ONYM_CONFIG_VARIABLE_MAX, "ONYM_");

    for (const char *at = key->name; *at != 0 && len + 2 < ONYM_CONFIG_VARIABLE_MAX; at++) {
        if (*at == '.') {
            out[len++] = '_';
            out[len++] = '_';
        } else {
            out[len++] = (char)toupper((unsigned char)*at);
        }
    }
    out[len] = 0;
}
