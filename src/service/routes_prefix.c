/* Homing a prefix here and letting it go, both mouths: opcodes 300 and 301. Who may is decided by
 * the writer. */
#include "service/routes_priv.h"
#include "wire/json_write.h"

enum onym_http_when
onym_routes_prefix(struct onym_http_call *c, const struct onym_routed *r)
{
    struct onym_operation op = {.action = r->method == ONYM_METHOD_DELETE ? ONYM_ACTION_UNHOME
                                                                          : ONYM_ACTION_HOME};
    struct onym_op_fault fault = {.why = NULL};
    struct onym_identity identity;
    enum onym_status status;
    enum onym_routes_step step = onym_routes_login(c, &identity);

    if (step == ONYM_ROUTES_ON) {
        step = onym_routes_name(c, r->name, &op.name);
    }
    if (step == ONYM_ROUTES_ON) {
        step = onym_routes_no_conditions(c, op.name);
    }
    if (step != ONYM_ROUTES_ON) {
        return step == ONYM_ROUTES_LATER ? ONYM_HTTP_LATER : ONYM_HTTP_NOW;
    }
    if (identity.handle.len == 0) {
        onym_routes_need_login(c, op.name);
        return ONYM_HTTP_NOW;
    }
    status = onym_op_form(&op, &fault);
    if (status != ONYM_OK) {
        onym_http_fail(c, &(struct onym_http_error){
                              .status = status,
                              .detail = onym_span_text(fault.why != NULL ? fault.why : ""),
                              .handle = op.name});
        return ONYM_HTTP_NOW;
    }
    return onym_routes_submit(c, &op, &identity, op.name);
}

void
onym_routes_prefix_done(struct onym_http_call *c, const struct onym_http_result *result,
                        onym_span name)
{
    bool unhomed = c->request->method.at[0] == 'D';
    struct onym_writer *w = &c->body;

    if (c->mouth == ONYM_HTTP_FACADE) {
        onym_http_json(c, 200, ONYM_OK);
        onym_json_put(w, "{\"responseCode\":1,\"handle\":");
        onym_json_put_string(w, name);
        onym_json_put(w, "}");
        return;
    }
    onym_http_json(c, unhomed || result->unchanged ? 200 : 201, ONYM_OK);
    onym_json_put(w, "{\"prefix\":");
    onym_json_put_string(w, result->name.len > 5 ? onym_span_from(result->name, 5) : name);
    onym_json_put(w, unhomed             ? ",\"status\":\"unhomed\""
                     : result->unchanged ? ",\"status\":\"unchanged\""
                                         : ",\"status\":\"homed\"");
    if (result->sequence > 0) {
        onym_json_put(w, ",\"sequence\":");
        onym_json_put_u64(w, result->sequence);
    }
    onym_json_put(w, "}");
}
