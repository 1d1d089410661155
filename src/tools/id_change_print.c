#include "tools/id_change_print.h"

#include "tools/id_print.h"
#include "tools/text.h"
#include "wire/json_write.h"

int
onym_told_exit_code(const struct onym_client_result *r)
{
    static const struct {
        enum onym_status status;
        enum onym_exit code;
    } table[] = {
        {ONYM_UNCERTAIN, ONYM_EXIT_UNKNOWN},        {ONYM_EXISTS, ONYM_EXIT_NEGATIVE},
        {ONYM_VALUE_EXISTS, ONYM_EXIT_NEGATIVE},    {ONYM_VALUE_INVALID, ONYM_EXIT_NEGATIVE},
        {ONYM_CANNOT_AUTHENTICATE, ONYM_EXIT_AUTH}, /* without a code when this machine says it */
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].status == r->status) {
            return (int)table[i].code;
        }
    }
    return onym_id_exit_code(r);
}

/* ---- the next step ---- */

static const char look_first[] =
    "it may have happened or not: look before you repeat it, with onymctl resolve +tcp";

static const struct {
    enum onym_status status;
    const char *next;
} steps[] = {
    {ONYM_AUTH_NEEDED, "say who you are: --as INDEX:HANDLE and --key FILE or --secret-file FILE"},
    {ONYM_AUTH_FAILED, "the key or secret is not that of the value named with --as, or with --cert "
                       "of the handle in the subject"},
    {ONYM_CREDENTIAL_INVALID,
     "the server has no key value as named with --as, or not of that kind; look at it with "
     "onymctl resolve"},
    {ONYM_CANNOT_AUTHENTICATE, "act as a handle whose prefix this server serves itself"},
    {ONYM_NO_PERMISSION,
     "the proof was right, but no HS_ADMIN value gives this identity the right: to create, in the "
     "record of the prefix; to change, in the record itself (registered without one, it can only "
     "be "
     "deleted and created anew)"},
    {ONYM_VALUE_FORBIDS, "a value without the admin-read or admin-write permission is in the way"},
    {ONYM_CHALLENGE_TIMEOUT, "nothing was changed; try again"},
    {ONYM_SESSION_UNKNOWN, "nothing was changed; try again"},
    {ONYM_NOT_RESPONSIBLE, "ask the node that is home to the prefix; onymctl prefix list tells "
                           "whose prefixes this one serves"},
    {ONYM_BUSY, "nothing was changed; try again later"},
    {ONYM_READ_ONLY, "nothing was changed; try again later"},
    {ONYM_UNREACHABLE, "nothing was changed; is the node running, and does --server name it?"},
    {ONYM_NAME_INVALID, "an identifier is PREFIX/SUFFIX, without spaces"},
};

static const struct {
    enum onym_action action;
    enum onym_status status;
    const char *next;
} action_steps[] = {
    {ONYM_ACTION_CREATE, ONYM_EXISTS, "--overwrite replaces it; id set changes single values"},
    {ONYM_ACTION_ADD, ONYM_NOT_FOUND, "register it first, with onymctl id create"},
    {ONYM_ACTION_ADD, ONYM_VALUE_EXISTS, "--overwrite replaces it, as does onymctl id set"},
    {ONYM_ACTION_MODIFY, ONYM_NOT_FOUND, "register it first, with onymctl id create"},
    {ONYM_ACTION_MODIFY, ONYM_VALUE_NOT_FOUND,
     "id set changes values that are there; onymctl id add-value adds others"},
    {ONYM_ACTION_REMOVE, ONYM_VALUE_NOT_FOUND,
     "nothing was removed: one of the indexes is not there; see onymctl resolve"},
    {ONYM_ACTION_DELETE, ONYM_NOT_FOUND, "there is nothing to delete"},
    {ONYM_ACTION_HOME, ONYM_NO_PERMISSION,
     "only an administrator of the server may: the setting auth.server_admins names them"},
    {ONYM_ACTION_UNHOME, ONYM_NO_PERMISSION,
     "only an administrator of the server may: the setting auth.server_admins names them"},
    {ONYM_ACTION_HOME, ONYM_UNCERTAIN,
     "it may have happened or not: look before you repeat it, with onymctl prefix list"},
    {ONYM_ACTION_UNHOME, ONYM_UNCERTAIN,
     "it may have happened or not: look before you repeat it, with onymctl prefix list"},
};

/* NULL when there is nothing to advise. */
static const char *
next_step(const struct onym_told_change *told, const struct onym_client_result *r)
{
    for (size_t i = 0; i < sizeof action_steps / sizeof action_steps[0]; i++) {
        if (action_steps[i].action == told->action && action_steps[i].status == r->status) {
            return action_steps[i].next;
        }
    }
    if (r->status == ONYM_UNCERTAIN) {
        return told->mint ? "it may have happened under a name nobody was told: look before you "
                            "repeat it, with onymctl id list"
                          : look_first;
    }
    if (told->action == 0 && r->status == ONYM_UNREACHABLE) {
        return "is the node running, and does --server name it?";
    }
    if (told->action == 0 && r->status == ONYM_NO_PERMISSION) {
        return told->name.len > 0
                   ? "the record 0.NA/PREFIX must name this identity in an HS_ADMIN value that may "
                     "list handles"
                   : "only an administrator of the server may: the setting auth.server_admins "
                     "names "
                     "them";
    }
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (steps[i].status == r->status) {
            return steps[i].next;
        }
    }
    return NULL;
}

/* ---- text ---- */

/* The server's words when it has some that say more than the code. */
static onym_span
words_of(const struct onym_client_result *r)
{
    return r->text.len > 0 && !onym_span_equal(r->text, onym_span_text(r->detail))
               ? r->text
               : onym_span_of(NULL, 0);
}

/* Whether a text names the host of place already, as those of a way that failed do. */
static bool
names_host(const char *text, const char *place)
{
    const char *host = place[0] == '[' ? place + 1 : place;
    const char *end = strpbrk(place, place[0] == '[' ? "]" : ":");

    return end != NULL && memmem(text, strlen(text), host, (size_t)(end - host)) != NULL;
}

void
onym_told_failure(const struct onym_told_change *told, const struct onym_cli_client *c,
                  const struct onym_client_result *r)
{
    const char *next = next_step(told, r);
    onym_span words = words_of(r);
    char place[ONYM_CLI_PLACE_MAX];

    (void)fprintf(stderr, "onymctl %s: ", told->what);
    onym_text_print(stderr, told->name);
    (void)fprintf(stderr, "%s%s%s", told->name.len > 0 ? ": " : "",
                  r->outcome == ONYM_OUTCOME_UNKNOWN && r->status == ONYM_UNCERTAIN
                      ? "outcome unknown: "
                      : "",
                  r->detail);
    if (r->outcome == ONYM_OUTCOME_DONE) {
        (void)fprintf(stderr, " (%u)", (unsigned)r->code);
    } else if (r->transport != ONYM_TRANSPORT_ANY) {
        (void)onym_cli_client_place(c, r, place);
        if (!names_host(r->detail, place)) {
            (void)fprintf(stderr, " (%s)", place);
        }
    }
    if (words.len > 0) {
        (void)fputs("\n  server says: ", stderr);
        onym_text_print(stderr, words);
    }
    if (next != NULL) {
        (void)fprintf(stderr, "\n  next: %s", next);
        if (next == look_first) {
            (void)fputc(' ', stderr);
            onym_text_print(stderr, told->name);
        }
    }
    (void)fputc('\n', stderr);
}

/* ---- JSON ---- */

void
onym_told_json_string(FILE *out, onym_span text)
{
    static const size_t len_max = ONYM_NAME_LEN_MAX + 16U;
    uint8_t room[6U * (ONYM_NAME_LEN_MAX + 16U) + 2U];
    struct onym_writer w = onym_writer_over(room, sizeof room);

    onym_json_put_string(&w, onym_span_front(text, len_max));
    (void)fwrite(w.at, 1, w.len, out);
}

void
onym_told_json_end(FILE *out, const struct onym_told_change *told,
                   const struct onym_client_result *r)
{
    static const char *const outcomes[] = {[ONYM_OUTCOME_DONE] = "done",
                                           [ONYM_OUTCOME_FAILED] = "failed",
                                           [ONYM_OUTCOME_UNKNOWN] = "unknown"};
    const char *next = next_step(told, r);

    (void)fprintf(out, "\"outcome\":\"%s\",\"responseCode\":", outcomes[r->outcome]);
    if (r->code != 0) {
        (void)fprintf(out, "%u", (unsigned)r->code);
    } else {
        (void)fputs("null", out);
    }
    if (r->status == ONYM_OK) {
        return;
    }
    (void)fprintf(out, ",\"status\":\"%s\",\"message\":", onym_status_name(r->status));
    onym_told_json_string(out, words_of(r).len > 0 ? r->text : onym_span_text(r->detail));
    if (next != NULL) {
        (void)fputs(",\"next\":", out);
        onym_told_json_string(out, onym_span_text(next));
    }
}

/* ---- all together ---- */

static void
print_done(const struct onym_cli *cli, const struct onym_told_change *told, onym_span name,
           bool replaced)
{
    if (cli->quiet && !told->mint) {
        return;
    }
    if (!cli->quiet) {
        (void)printf("%s ", replaced ? "replaced" : told->done);
    }
    onym_text_print(stdout, name);
    (void)putchar('\n');
}

int
onym_told_change_print(const struct onym_cli *cli, const struct onym_told_change *told,
                       const struct onym_cli_client *c, const struct onym_client_result *r)
{
    onym_span name = r->status == ONYM_OK && r->name.len > 0 ? r->name : told->name;

    if (cli->json) {
        (void)fputs("{\"handle\":", stdout);
        onym_told_json_string(stdout, name);
        (void)fputc(',', stdout);
        onym_told_json_end(stdout, told, r);
        if (r->status == ONYM_OK && told->action != ONYM_ACTION_DELETE) {
            (void)printf(",\"replaced\":%s", r->replaced ? "true" : "false");
        }
        (void)puts("}");
    } else if (r->status == ONYM_OK) {
        print_done(cli, told, name, r->replaced && told->action == ONYM_ACTION_CREATE);
    } else {
        onym_told_failure(told, c, r);
    }
    return onym_told_exit_code(r);
}
