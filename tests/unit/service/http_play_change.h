/* Changes over HTTP as somebody who may, and what is expected of their answers. */
#ifndef ONYM_TESTS_UNIT_SERVICE_HTTP_PLAY_CHANGE_H
#define ONYM_TESTS_UNIT_SERVICE_HTTP_PLAY_CHANGE_H

#include "unit/service/http_play.h"

#define HOST "Host: node.example\r\n"
#define ONE  "[{\"index\":1,\"type\":\"URL\",\"data\":\"u\"}]"

/* Sends a request with credentials and a JSON body. */
static inline void
send_json(struct play *p, const char *line, const char *fields, const char *body)
{
    char login[512];
    char text[8192];

    (void)snprintf(text, sizeof text,
                   "%s HTTP/1.1\r\n" HOST "%sContent-Type: application/json\r\n%s"
                   "Content-Length: %zu\r\n\r\n%s",
                   line, play_basic(GOOD_LOGIN, login), fields, strlen(body), body);
    play_say(p, text);
    assert_int_equal(p->answers + p->pending, 1);
}

static inline void
expect(struct play *p, int status, int code, const char *field)
{
    bool v1 = play_number(p, "code") != -1;

    if (play_status(p) != status || play_number(p, v1 ? "code" : "responseCode") != code) {
        fail_msg("wanted %d/%d: %.*s", status, code, (int)p->out_len, (const char *)p->out);
    }
    if (v1 && field != NULL) {
        play_expect_text(p, "field", field);
    }
}

/* Who may what is core/authz.h's, and the recorded exchanges go through it. */
static inline int
setup_admin(void **state)
{
    int failed = play_setup(state);

    ((struct play *)*state)->server_admin = true;
    return failed;
}

#endif
