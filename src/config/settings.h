/* The running settings, filled from defaults, file, conf.d, environment and command line.
 * One table in config/schema.c is the only source of keys, types, ranges, defaults and help. */
#ifndef ONYM_CONFIG_SETTINGS_H
#define ONYM_CONFIG_SETTINGS_H

#include "base/log.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ONYM_LISTEN_MAX   16 /* addresses of one listener */
#define ONYM_NETWORKS_MAX 64
#define ONYM_PATH_MAX     1024

struct onym_address {
    struct sockaddr_storage at;
    socklen_t len;
};

struct onym_address_list {
    struct onym_address item[ONYM_LISTEN_MAX];
    size_t count;
};

/* An IPv4 or IPv6 network; IPv4 is kept as itself, not mapped. */
struct onym_network {
    uint8_t address[16]; /* network order; 4 or 16 bytes used */
    bool is_v6;
    uint8_t bits; /* prefix length */
};

struct onym_network_list {
    struct onym_network item[ONYM_NETWORKS_MAX];
    size_t count;
};

/* tls.client_certificates; the same order as enum onym_tls_clients. */
enum onym_client_certificates {
    ONYM_CLIENT_CERTIFICATES_OFF,
    ONYM_CLIENT_CERTIFICATES_OPTIONAL,
    ONYM_CLIENT_CERTIFICATES_REQUIRED
};

/* storage.log_hash; in the order of enum onym_record_digest, which begins with 1. */
enum onym_log_hash { ONYM_LOG_HASH_SHA256, ONYM_LOG_HASH_SM3 };

struct onym_settings {
    char node_id[64];           /* node.id                    "node-a" */
    uint32_t workers;           /* node.workers               0 = one per core, at most 64 */
    uint32_t pin_workers;       /* node.pin_workers           0 */
    uint32_t registration_nice; /* node.registration_nice  10; steps of nice, 0 to 19 */
    struct onym_address_list handle_udp; /* listen.handle_udp  ["127.0.0.1:2641"] */
    struct onym_address_list handle_tcp; /* listen.handle_tcp  ["127.0.0.1:2641"] */
    struct onym_address_list handle_tls; /* listen.handle_tls  ["127.0.0.1:2642"], needs tls.* */
    struct onym_address_list https;      /* listen.https       ["127.0.0.1:8000"], needs tls.* */
    struct onym_address_list http;       /* listen.http        []; public reads only */
    struct onym_address_list ops;        /* listen.ops         ["127.0.0.1:9641"]; empty = off */
    char control[ONYM_PATH_MAX];         /* listen.control      "unix:control.sock"; "" = none */
    struct onym_address_list site_tcp;   /* site.handle_tcp    [] = the first of handle_tcp */
    struct onym_address_list site_udp;   /* site.handle_udp    [] = the first of handle_udp */
    char site_key[ONYM_PATH_MAX];        /* site.key_file      "" = replies are not signed */
    char data_dir[ONYM_PATH_MAX];        /* storage.dir               "onym-data" */
    uint64_t map_size;                   /* storage.map_size           256GiB */
    enum onym_log_hash log_hash;         /* storage.log_hash           sha256; of a new store */
    uint64_t cache_size;        /* cache.size                 512MiB of all workers; 0 = off */
    uint32_t udp_per_client;    /* limits.udp_per_client      20000/s answers per source network */
    uint32_t udp_reply_packets; /* limits.udp_reply_packets   16; 1..64 packets of one reply */
    struct onym_network_list exempt;     /* limits.exempt          [127.0.0.0/8, "::1/128"] */
    uint32_t tcp_connections;            /* limits.tcp_connections     50000 over all workers */
    uint32_t tls_connections;            /* limits.tls_connections     10000 over all workers */
    uint32_t http_connections;           /* limits.http_connections    10000 over all workers */
    uint32_t tcp_idle_s;                 /* limits.tcp_idle            10m, in seconds */
    char tls_certificate[ONYM_PATH_MAX]; /* tls.certificate_file   "" = no TLS */
    char tls_key[ONYM_PATH_MAX];         /* tls.key_file           "" = no TLS */
    char tls_client_ca[ONYM_PATH_MAX];   /* tls.client_ca_file     "" = no client is trusted */
    enum onym_client_certificates tls_clients; /* tls.client_certificates  optional */
    uint32_t shutdown_ms;                      /* node.shutdown_timeout      5s, in milliseconds */
    char server_admins[1024];                  /* auth.server_admins     "index:handle ..." */
    uint32_t allow_sha1;                       /* auth.allow_sha1        1 */
    uint32_t allow_md5;                        /* auth.allow_md5         0 */
    uint32_t dh_bits_min;                      /* auth.dh_bits_min       1024 */
    uint32_t http_failures;                    /* auth.http_failures     30 a minute */
    uint32_t http_session_idle_s;              /* auth.http_session_idle 30m, in seconds */
    uint32_t http_jsonp;                       /* http.jsonp             0 */
    enum onym_log_level log_level;             /* log.level              info */
    enum onym_log_format log_format;           /* log.format             auto */
};

#endif
