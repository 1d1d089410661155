/* What the worker asks of its HTTP listeners besides serving. */
#include "net/address.h"
#include "server/stats.h"
#include "server/web.h"

void
onym_web_ports(const struct onym_web *web, struct onym_settings *settings)
{
    for (size_t i = 0; web->secure.tls != NULL && i < settings->https.count; i++) {
        onym_address_set_port((struct sockaddr *)&settings->https.item[i].at,
                              onym_tls_port(web->secure.tls, i));
    }
    for (size_t i = 0; web->tcp != NULL && i < settings->http.count; i++) {
        onym_address_set_port((struct sockaddr *)&settings->http.item[i].at,
                              onym_tcp_port(web->tcp, i));
    }
}

void
onym_web_tick(struct onym_web *web, struct onym_log *log)
{
    onym_secure_door_tick(&web->secure, web->counters, log);
    if (web->tcp != NULL) {
        onym_stats_copy(onym_tcp_stats(web->tcp), web->counters, ONYM_LISTENER_HTTP);
    }
    if (web->local != NULL) {
        onym_stats_copy(onym_tcp_stats(web->local), web->counters, ONYM_LISTENER_CONTROL);
    }
}

static void
stop_listener(struct onym_tcp *tcp, bool now)
{
    if (tcp != NULL && now) {
        onym_tcp_abort(tcp);
    } else if (tcp != NULL) {
        onym_tcp_stop(tcp);
    }
}

void
onym_web_stop(struct onym_web *web, bool now)
{
    if (!now) {
        onym_http_post_stop_rows(&web->post);
    }
    onym_secure_door_stop(&web->secure, now);
    stop_listener(web->tcp, now);
    stop_listener(web->local, now);
}
