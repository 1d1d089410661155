#include "tools/id_history_online.h"

#include "onym/model/limits.h"
#include "tools/id_history_print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_MAX   1000U
#define CURSOR_MAX 64U
#define TARGET_MAX (3U * ONYM_NAME_LEN_MAX + 256U)

struct pages {
    const struct onym_cli *cli;
    const struct onym_https *https;
    uint32_t left;
    onym_span name;
    bool begun; /* the object of --json */
    bool first; /* no entry was printed yet */
    char cursor[CURSOR_MAX];
    char base[TARGET_MAX];
};

static void
write_base(struct pages *p, onym_span name)
{
    size_t len = (size_t)snprintf(p->base, sizeof p->base, "/api/v1/identifiers/");

    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.at[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                     c == '.' || c == '-' || c == '_';

        len += (size_t)snprintf(p->base + len, sizeof p->base - len, plain ? "%c" : "%%%02X", c);
    }
    (void)snprintf(p->base + len, sizeof p->base - len, "/history");
}

/* What a problem (RFC 9457) comes to. */
static int
say_problem(const struct pages *p, int status, const json_t *problem)
{
    const char *title = json_string_value(json_object_get(problem, "title"));
    const char *detail = json_string_value(json_object_get(problem, "detail"));

    title = title != NULL ? title : "refused";
    if (detail == NULL || strncmp(detail, title, strlen(title)) == 0) { /* it says that itself */
        title = detail != NULL ? detail : title;
        detail = "";
    }
    (void)fprintf(stderr, "onymctl %s: %s%s%s (HTTP %d)\n", p->https->what, title,
                  detail[0] != '\0' ? ": " : "", detail, status);
    return status == 401 || status == 403 || status == 429 ? ONYM_EXIT_AUTH
           : status == 404 || status == 421                ? ONYM_EXIT_NEGATIVE
           : status == 400                                 ? ONYM_EXIT_USAGE
                                                           : ONYM_EXIT_SERVER;
}

/* Not before there is something to tell: an answer that never comes is told in another way. */
static void
begin_json(struct pages *p)
{
    json_t *handle = json_stringn((const char *)p->name.at, p->name.len);

    (void)fputs("{\"handle\":", stdout);
    (void)json_dumpf(handle, stdout, JSON_ENCODE_ANY);
    (void)fputs(",\"items\":[", stdout);
    json_decref(handle);
    p->begun = true;
}

static int
print_page(struct pages *p, const json_t *page)
{
    const json_t *items = json_object_get(page, "items");
    const char *next = json_string_value(json_object_get(page, "next"));
    const json_t *item;
    size_t i;

    if (!json_is_array(items) || (next != NULL && strlen(next) >= sizeof p->cursor) ||
        json_array_size(items) > p->left) {
        (void)fprintf(stderr, "onymctl %s: the answer is no page of a history\n", p->https->what);
        return ONYM_EXIT_SERVER;
    }
    if (p->cli->json && !p->begun) {
        begin_json(p);
    }
    json_array_foreach(items, i, item)
    {
        if (p->cli->json) {
            (void)fputs(p->first ? "" : ",", stdout);
            (void)json_dumpf(item, stdout, JSON_COMPACT);
        } else {
            onym_history_print(item);
        }
        p->first = false;
    }
    p->left -= (uint32_t)json_array_size(items);
    (void)snprintf(p->cursor, sizeof p->cursor, "%s", next != NULL ? next : "");
    return ONYM_EXIT_DONE;
}

static int
next_page(struct pages *p)
{
    char target[TARGET_MAX + CURSOR_MAX + 64];
    struct onym_https_reply reply;
    json_t *json;
    int code;

    (void)snprintf(target, sizeof target, "%s?limit=%u%s%s", p->base,
                   p->left < PAGE_MAX ? (unsigned)p->left : PAGE_MAX,
                   p->cursor[0] != '\0' ? "&cursor=" : "", p->cursor);
    code = onym_https_ask(p->https, "GET", target, &reply);
    if (code != ONYM_EXIT_DONE) {
        return code;
    }
    json = json_loadb(reply.body, reply.len, 0, NULL);
    code = reply.status == 200 ? print_page(p, json) : say_problem(p, reply.status, json);
    json_decref(json);
    free(reply.memory);
    return code;
}

int
onym_history_online(const struct onym_cli *cli, const struct onym_https *https, onym_span name,
                    uint32_t limit)
{
    struct pages p = {.cli = cli, .https = https, .name = name, .left = limit, .first = true};
    int code;

    write_base(&p, name);
    do {
        code = next_page(&p);
    } while (code == ONYM_EXIT_DONE && p.cursor[0] != '\0' && p.left > 0);
    if (p.begun) {
        (void)printf("],\"complete\":%s}\n",
                     code == ONYM_EXIT_DONE && p.cursor[0] == '\0' ? "true" : "false");
    } else if (code == ONYM_EXIT_DONE && p.first && !cli->quiet && !cli->json) {
        (void)fprintf(stderr, "onymctl %s: not changed as far as the log goes back\n", https->what);
    }
    if (fflush(stdout) != 0) {
        (void)fprintf(stderr, "onymctl %s: standard output cannot be written\n", https->what);
        return ONYM_EXIT_SERVER;
    }
    return code;
}
