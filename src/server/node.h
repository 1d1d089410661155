/* What the threads of one node share. Filled before the workers start; afterwards read-only but for
 * the fields that say otherwise. */
#ifndef ONYM_SERVER_NODE_H
#define ONYM_SERVER_NODE_H

#include "base/log.h"
#include "base/processors.h"
#include "config/settings.h"
#include "core/admit.h"
#include "store/env.h"

#define ONYM_WORKERS_MAX  64U
#define ONYM_SITE_LEN_MAX 4096U

struct onym_changes;
struct onym_admin_desk;
struct onym_http_desk;
struct onym_orders;
struct onym_proofs;
struct onym_secure;
struct onym_key;

struct onym_node {
    struct onym_settings settings;     /* as started with; the log level may change later */
    struct onym_processors processors; /* node.pin_workers; else the zero struct */
    struct onym_log *log;
    struct onym_env *env;
    struct onym_changes *changes;     /* the writer's queue; its own locks */
    struct onym_admin_desk *desk;     /* challenges; its own locks */
    struct onym_http_desk *http_desk; /* sessions and failed logins; its own locks */
    struct onym_orders *orders;       /* to the main thread; its own locks */
    struct onym_proofs *proofs;       /* threads for proofs; its own locks */
    struct onym_secure *secure; /* certificate and ticket keys; NULL = no TLS; its own locks */
    struct onym_key *site_key;  /* signs replies; NULL = none */
    uint64_t seed;              /* random, for tables that strangers must not aim at */
    uint64_t started_epoch_ms;
    uint16_t site_serial;
    size_t site_len;
    uint8_t site[ONYM_SITE_LEN_MAX]; /* this node's HS_SITE */
};

#endif
