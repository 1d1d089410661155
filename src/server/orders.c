#include "server/orders.h"

#include "config/schema.h"
#include "net/wake.h"
#include "server/secure.h"

#include <stdlib.h>

struct onym_orders {
    const struct onym_node *node;
    const struct onym_config_source *source;
    const struct onym_settings *configured; /* before counts and ports were filled in */
    struct onym_wake *wake;
    enum onym_log_level level; /* to stay; another may be in force for a while */
    uv_timer_t level_over;
};

/* An order on its way to the main thread, on the stack of who waits. */
struct letter {
    struct onym_wake_block wake; /* first */
    const struct onym_http_order *order;
    enum onym_status status;
    uv_sem_t done;
};

static void
arrived(void *of, struct onym_wake_block *block)
{
    struct letter *letter = (struct letter *)(void *)block;

    letter->status = onym_orders_do(of, letter->order);
    uv_sem_post(&letter->done);
}

enum onym_status
onym_orders_open(uv_loop_t *loop, const struct onym_node *node,
                 const struct onym_config_source *source, const struct onym_settings *configured,
                 struct onym_orders **out, struct onym_fault *fault)
{
    struct onym_orders *o = calloc(1, sizeof *o);
    enum onym_status status = ONYM_NO_MEMORY;

    if (o != NULL) {
        o->node = node;
        o->source = source;
        o->configured = configured;
        o->level = configured->log_level;
        status = onym_wake_open(loop, arrived, o, &o->wake);
    }
    if (status != ONYM_OK) {
        free(o);
        return onym_fault_set(fault, status, "the main loop takes no orders");
    }
    (void)uv_timer_init(loop, &o->level_over);
    o->level_over.data = o;
    *out = o;
    return ONYM_OK;
}

void
onym_orders_close(struct onym_orders *o)
{
    if (o != NULL && !uv_is_closing((uv_handle_t *)&o->level_over)) {
        uv_close((uv_handle_t *)&o->level_over, NULL);
        onym_wake_close(o->wake);
    }
}

void
onym_orders_free(struct onym_orders *o)
{
    if (o != NULL) {
        onym_wake_free(o->wake);
        free(o);
    }
}

enum onym_status
onym_orders_ask(struct onym_orders *o, const struct onym_http_order *order)
{
    struct letter letter = {.order = order, .status = ONYM_BUSY};

    if (uv_sem_init(&letter.done, 0) != 0) {
        return ONYM_NO_MEMORY;
    }
    if (onym_wake_post(o->wake, &letter.wake)) {
        uv_sem_wait(&letter.done);
    }
    uv_sem_destroy(&letter.done);
    return letter.status;
}

static void
tell(const struct onym_http_order *order, bool restart, const char *text)
{
    if (order->tell != NULL) {
        order->tell(order->of, restart, text);
    }
}

/* ---- reload ---- */

static void
refuse(struct onym_orders *o, const struct onym_http_order *order, const char *why)
{
    ONYM_LOG(o->node->log, ONYM_LOG_ERROR, "config", "reload_error",
             "the configuration is not taken over", onym_log_text("err", why));
    tell(order, false, why);
}

static void
refuse_errors(struct onym_orders *o, const struct onym_http_order *order,
              const struct onym_config_report *report, enum onym_status status)
{
    char line[ONYM_CONFIG_LINE_MAX];

    if (report->error_count == 0) {
        refuse(o, order, onym_status_text(status));
    }
    for (size_t i = 0; i < report->error_count && i < ONYM_CONFIG_ERRORS_MAX; i++) {
        onym_config_error_line(report, i, line);
        refuse(o, order, line);
    }
}

static void
needs_restart(struct onym_orders *o, const struct onym_http_order *order, const char *key,
              const char *text)
{
    ONYM_LOG(o->node->log, ONYM_LOG_WARNING, "config", "restart_needed", text,
             onym_log_text("key", key));
    tell(order, true, key);
}

static void
apply(struct onym_orders *o, const struct onym_http_order *order, const struct onym_settings *fresh)
{
    for (size_t i = 0; i < onym_config_key_count(); i++) {
        const struct onym_config_key *key = onym_config_key_at(i);

        if (!key->reloadable && onym_config_differs(key, o->configured, fresh)) {
            needs_restart(o, order, key->name, "a changed key takes effect at the next start only");
        }
    }
    if (onym_secure_needs_restart(o->node->secure, fresh)) {
        needs_restart(o, order, "tls.certificate_file",
                      "TLS is switched on or off at the next start only");
    }
    o->level = fresh->log_level;
    (void)uv_timer_stop(&o->level_over);
    onym_log_set_level(o->node->log, fresh->log_level);
    ONYM_LOG(o->node->log, ONYM_LOG_NOTICE, "config", "reloaded",
             "the configuration was read again");
}

/* The files may have changed without any key. Needs to come before anything else takes effect. */
static enum onym_status
reload_certificate(struct onym_orders *o, const struct onym_http_order *order,
                   const struct onym_settings *fresh)
{
    struct onym_fault fault = {0};

    if (o->node->secure == NULL || onym_secure_needs_restart(o->node->secure, fresh) ||
        onym_secure_reload(o->node->secure, fresh, &fault) == ONYM_OK) {
        return ONYM_OK;
    }
    refuse(o, order, fault.text);
    return ONYM_INVALID;
}

static enum onym_status
reload(struct onym_orders *o, const struct onym_http_order *order)
{
    struct onym_config_report *report = calloc(1, sizeof *report);
    struct onym_settings *fresh = calloc(1, sizeof *fresh);
    enum onym_status status = ONYM_NO_MEMORY;

    if (report == NULL || fresh == NULL) {
        refuse(o, order, "no memory to read the configuration again");
    } else if ((status = onym_config_load(o->source, fresh, report)) != ONYM_OK) {
        refuse_errors(o, order, report, status);
        status = ONYM_INVALID;
    } else {
        status = reload_certificate(o, order, fresh);
        if (status == ONYM_OK) {
            apply(o, order, fresh);
        }
    }
    free(report);
    free(fresh);
    return status;
}

/* The files that the configuration of the start names. */
static enum onym_status
reload_tls(struct onym_orders *o, const struct onym_http_order *order)
{
    enum onym_status status = ONYM_INVALID;

    if (o->node->secure == NULL) {
        refuse(o, order, "the node runs without TLS: set tls.certificate_file and restart it");
        return status;
    }
    status = reload_certificate(o, order, o->configured);
    if (status == ONYM_OK) {
        ONYM_LOG(o->node->log, ONYM_LOG_NOTICE, "tls", "tls_reloaded",
                 "the certificate was read again");
    }
    return status;
}

/* ---- the log ---- */

static void
use_level(struct onym_orders *o, enum onym_log_level level, uint32_t seconds)
{
    onym_log_set_level(o->node->log, level);
    ONYM_LOG(o->node->log, ONYM_LOG_NOTICE, "log", "level_changed", "the log has another level",
             onym_log_text("set_to", onym_log_level_name(level)), onym_log_u64("seconds", seconds));
}

static void
on_level_over(uv_timer_t *timer)
{
    struct onym_orders *o = timer->data;

    use_level(o, o->level, 0);
}

static void
set_level(struct onym_orders *o, enum onym_log_level level, uint32_t seconds)
{
    (void)uv_timer_stop(&o->level_over);
    if (seconds == 0) {
        o->level = level;
    } else {
        (void)uv_timer_start(&o->level_over, on_level_over, (uint64_t)seconds * 1000, 0);
    }
    use_level(o, level, seconds);
}

enum onym_status
onym_orders_do(struct onym_orders *o, const struct onym_http_order *order)
{
    switch (order->kind) {
    case ONYM_HTTP_LOG_LEVEL:
        set_level(o, order->level, order->seconds);
        return ONYM_OK;
    case ONYM_HTTP_RELOAD_TLS:
        return reload_tls(o, order);
    case ONYM_HTTP_RELOAD:
    default:
        return reload(o, order);
    }
}
