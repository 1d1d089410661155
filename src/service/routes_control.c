/* What an operator tells the running node: POST /api/v1/config:reload, tls:reload and log:level.
 * For server administrators, tokens with the scope operate and the local operator. Each waits for
 * the main thread, so it is a job. */
#include "service/http_job.h"
#include "service/http_query.h"
#include "service/routes_priv.h"
#include "wire/json_write.h"

#include <stdlib.h>

#define BODY_MAX    1024U
#define SECONDS_MAX 86400
#define TEXT_MAX    ((size_t)64 * 1024)

struct command {
    struct onym_http_job job; /* first */
    struct onym_http_order order;
    const struct onym_http_backend *backend;
    enum onym_status outcome;
    bool restarts;           /* whether `text` is of keys, else of errors */
    size_t first_len;        /* of the first error, as it is */
    uint8_t first[1024];     /* the same, cut */
    struct onym_writer text; /* what was told, as JSON strings separated by commas */
    uint8_t memory[TEXT_MAX];
};

static void
release(struct onym_http_job *job)
{
    free(job);
}

/* Errors too many to tell all are left out; the log has them. */
static void
tell(void *of, bool restart, const char *text)
{
    struct command *cmd = of;
    struct onym_writer w = cmd->text;

    cmd->restarts = restart;
    if (w.len == 0) {
        onym_span front = onym_span_front(onym_span_text(text), sizeof cmd->first);

        memcpy(cmd->first, front.at, front.len);
        cmd->first_len = front.len;
    }
    onym_json_put(&w, w.len > 0 ? "," : "");
    onym_json_put_string(&w, onym_span_text(text));
    if (w.status == ONYM_OK) {
        cmd->text = w;
    }
}

static bool
step(struct onym_http_job *job, const struct onym_view *view)
{
    struct command *cmd = (struct command *)(void *)job;

    (void)view;
    cmd->outcome = cmd->backend->carry_out(cmd->backend->of, &cmd->order);
    return false;
}

static void
answer(struct onym_http_call *c, struct onym_http_job *job)
{
    struct command *cmd = (struct command *)(void *)job;

    if (cmd->outcome != ONYM_OK) {
        onym_http_fail(c,
                       &(struct onym_http_error){.status = cmd->outcome,
                                                 .http = cmd->outcome == ONYM_INVALID ? 422 : 0,
                                                 .detail = onym_span_of(cmd->first, cmd->first_len),
                                                 .errors = onym_writer_written(&cmd->text)});
        return;
    }
    onym_http_json(c, 200, ONYM_OK);
    onym_json_put(&c->body, "{\"applied\":true,\"restart_needed\":[");
    onym_writer_bytes(&c->body, onym_writer_written(&cmd->text));
    onym_json_put(&c->body, "]}");
}

/* ---- what is asked ---- */

static bool
find_level(onym_span word, enum onym_log_level *out)
{
    for (enum onym_log_level level = ONYM_LOG_ERROR; level <= ONYM_LOG_DEBUG; level++) {
        if (onym_span_equal(word, onym_span_text(onym_log_level_name(level)))) {
            *out = level;
            return true;
        }
    }
    return false;
}

enum { MEMBER_LEVEL, MEMBER_SECONDS };

static bool
read_level(struct onym_json *json, struct onym_http_order *order)
{
    static const struct onym_json_name names[] = {
        [MEMBER_LEVEL] = ONYM_JSON_NAME("level"), [MEMBER_SECONDS] = ONYM_JSON_NAME("seconds")};
    uint32_t seen = 0;
    int64_t seconds = 0;
    onym_span word = {0};
    int member;
    bool good = onym_json_object(json);

    while (good && (member = onym_json_member(json, names, 2, &seen)) >= 0) {
        good = member == MEMBER_LEVEL ? onym_json_string(json, &word)
                                      : onym_json_integer(json, 1, SECONDS_MAX, &seconds);
    }
    order->seconds = (uint32_t)seconds;
    good = good && !json->failed && onym_json_end(json);
    return good && (find_level(word, &order->level) ||
                    onym_json_fail(json, "no level; expected {\"level\": \"error\", \"warning\", "
                                         "\"notice\", \"info\" or \"debug\"}"));
}

static enum onym_routes_step
read_order(struct onym_http_call *c, struct onym_http_order *order)
{
    struct onym_json_error error = {.offset = 0};
    uint8_t *scratch = onym_arena_take(c->service->arena, ONYM_JSON_SCRATCH_LEN(BODY_MAX));
    struct onym_json json;

    order->kind = onym_span_equal(c->request->path, onym_span_text("/api/v1/tls:reload"))
                      ? ONYM_HTTP_RELOAD_TLS
                      : ONYM_HTTP_RELOAD;
    if (!onym_span_equal(c->request->path, onym_span_text("/api/v1/log:level"))) {
        return ONYM_ROUTES_ON;
    }
    order->kind = ONYM_HTTP_LOG_LEVEL;
    if (scratch == NULL || c->content.len > BODY_MAX) {
        onym_http_fail_text(c, ONYM_MALFORMED, 413, "a level is told in 1 KiB");
        return ONYM_ROUTES_ANSWERED;
    }
    if (!onym_routes_has_type(c->request, "application/json")) {
        onym_http_fail_text(c, ONYM_MALFORMED, 415, ONYM_ROUTES_NOT_JSON);
        return ONYM_ROUTES_ANSWERED;
    }
    onym_json_open(&json, c->content, scratch, ONYM_JSON_SCRATCH_LEN(BODY_MAX), &error);
    return read_level(&json, order) ? ONYM_ROUTES_ON
                                    : onym_routes_json_error(c, ONYM_MALFORMED, &error);
}

static enum onym_http_when
start(struct onym_http_call *c, const struct onym_http_order *order)
{
    struct command *cmd = malloc(sizeof *cmd);

    if (cmd == NULL || c->service->backend->carry_out == NULL) {
        free(cmd);
        onym_http_fail_text(c, cmd == NULL ? ONYM_NO_MEMORY : ONYM_UNSUPPORTED, 0, "");
        return ONYM_HTTP_NOW;
    }
    *cmd = (struct command){.job = {.step = step, .answer = answer, .release = release},
                            .order = *order,
                            .backend = c->service->backend};
    cmd->text = onym_writer_over(cmd->memory, sizeof cmd->memory);
    cmd->order.tell = tell;
    cmd->order.of = cmd;
    return onym_http_work(c, &cmd->job);
}

enum onym_http_when
onym_routes_control(struct onym_http_call *c)
{
    struct onym_identity identity;
    struct onym_http_order order = {.tell = NULL};
    enum onym_routes_step step_of = onym_routes_login(c, &identity);

    if (step_of == ONYM_ROUTES_ON && identity.handle.len == 0) {
        onym_routes_need_login(c, onym_span_of(NULL, 0));
        return ONYM_HTTP_NOW;
    }
    if (step_of == ONYM_ROUTES_ON && !identity.is_server_admin) {
        onym_http_fail_text(c, ONYM_NO_PERMISSION, 0,
                            "for server administrators and the operator of this machine");
        return ONYM_HTTP_NOW;
    }
    if (step_of == ONYM_ROUTES_ON) {
        step_of = onym_routes_bare(c, "is not for orders to the node: give them again");
    }
    if (step_of == ONYM_ROUTES_ON) {
        step_of = read_order(c, &order);
    }
    if (step_of != ONYM_ROUTES_ON) {
        return step_of == ONYM_ROUTES_LATER ? ONYM_HTTP_LATER : ONYM_HTTP_NOW;
    }
    return start(c, &order);
}
