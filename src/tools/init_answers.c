#include "tools/init.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum onym_status
set_dir(struct onym_init_answers *a, const char *value, struct onym_fault *fault)
{
    /* room for the names of the files below it */
    if (value[0] == '\0' || strlen(value) > ONYM_PATH_MAX / 2) {
        return onym_fault_set(fault, ONYM_INVALID, "dir: give a path of 1 to %u bytes",
                              ONYM_PATH_MAX / 2U);
    }
    for (const char *at = value; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7F) {
            return onym_fault_set(fault, ONYM_INVALID, "dir: a path without control characters");
        }
    }
    (void)snprintf(a->dir, sizeof a->dir, "%s", value);
    a->has_dir = true;
    return ONYM_OK;
}

static enum onym_status
set_name(struct onym_init_answers *a, const char *value, struct onym_fault *fault)
{
    size_t len = strlen(value);
    bool good = len >= 1 && len < sizeof a->name;

    for (const char *at = value; good && *at != '\0'; at++) {
        good = isalnum((unsigned char)*at) || strchr("._-", *at) != NULL;
    }
    if (!good) {
        return onym_fault_set(fault, ONYM_INVALID,
                              "name: \"%.80s\" is not 1 to %zu letters, digits, \".\", \"_\" or "
                              "\"-\"",
                              value, sizeof a->name - 1);
    }
    (void)snprintf(a->name, sizeof a->name, "%s", value);
    a->has_name = true;
    return ONYM_OK;
}

static enum onym_status
add_host(struct onym_init_answers *a, const char *value, struct onym_fault *fault)
{
    if (!onym_tls_host_valid(value)) {
        return onym_fault_set(fault, ONYM_INVALID,
                              "host: \"%.260s\" is neither a host name (letters, digits, \"-\", "
                              "\".\") nor an IP address",
                              value);
    }
    for (size_t i = 0; i < a->hosts; i++) {
        if (strcasecmp(a->host[i], value) == 0) {
            return ONYM_OK;
        }
    }
    if (a->hosts == ONYM_INIT_HOSTS) {
        return onym_fault_set(fault, ONYM_INVALID, "host: at most %u besides those of loopback",
                              ONYM_INIT_HOSTS);
    }
    (void)snprintf(a->host[a->hosts++], sizeof a->host[0], "%s", value);
    return ONYM_OK;
}

static enum onym_status
set_days(struct onym_init_answers *a, const char *value, struct onym_fault *fault)
{
    char *end = NULL;
    long days;

    errno = 0;
    days = strtol(value, &end, 10);
    if (end == value || *end != '\0' || errno != 0 || days < 1 || days > (long)ONYM_TLS_DAYS_MAX) {
        return onym_fault_set(fault, ONYM_INVALID, "days: \"%.40s\" is not a number from 1 to %u",
                              value, ONYM_TLS_DAYS_MAX);
    }
    a->days = (uint32_t)days;
    a->has_days = true;
    return ONYM_OK;
}

enum onym_status
onym_init_answer(struct onym_init_answers *answers, const char *name, const char *value,
                 struct onym_fault *fault)
{
    static const struct {
        const char *name;
        enum onym_status (*set)(struct onym_init_answers *a, const char *value,
                                struct onym_fault *fault);
    } table[] = {{"dir", set_dir}, {"name", set_name}, {"host", add_host}, {"days", set_days}};

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i].name, name) == 0) {
            return table[i].set(answers, value, fault);
        }
    }
    return onym_fault_set(fault, ONYM_INVALID,
                          "\"%.40s\" is no answer; expected dir, name, host or "
                          "days",
                          name);
}

static char *
trim(char *text)
{
    char *end = text + strlen(text);

    while (end > text && isspace((unsigned char)end[-1])) {
        *--end = '\0';
    }
    while (isspace((unsigned char)*text)) {
        text++;
    }
    return text;
}

/* What was given before, on the command line, wins over the file. */
static bool
is_given(const struct onym_init_answers *before, const char *name)
{
    return (before->has_dir && strcmp(name, "dir") == 0) ||
           (before->has_name && strcmp(name, "name") == 0) ||
           (before->has_days && strcmp(name, "days") == 0);
}

enum onym_status
onym_init_read(struct onym_init_answers *answers, const char *path, struct onym_fault *fault)
{
    struct onym_init_answers scratch; /* given answers are checked all the same */
    FILE *file = fopen(path, "re");
    char line[ONYM_INIT_LINE_MAX];
    enum onym_status status = ONYM_OK;
    const struct onym_init_answers before = *answers;

    if (file == NULL) {
        return onym_fault_set(fault, ONYM_INVALID, "%s cannot be read: %s", path, strerror(errno));
    }
    scratch = before;
    for (unsigned n = 1; status == ONYM_OK && fgets(line, sizeof line, file) != NULL; n++) {
        struct onym_fault inner = {0};
        char *text = trim(line);
        char *sign = strchr(text, '=');

        if (strlen(line) == sizeof line - 1) {
            status = onym_fault_set(fault, ONYM_INVALID, "%s:%u: longer than %u bytes", path, n,
                                    ONYM_INIT_LINE_MAX - 2U);
        } else if (text[0] != '\0' && text[0] != '#') {
            if (sign == NULL) {
                (void)onym_fault_set(&inner, ONYM_INVALID, "expected name = value");
            } else {
                *sign = '\0';
                text = trim(text);
                (void)!onym_init_answer(is_given(&before, text) ? &scratch : answers, text,
                                        trim(sign + 1), &inner);
            }
            status = inner.status;
            if (status != ONYM_OK) {
                (void)onym_fault_set(fault, status, "%s:%u: %s", path, n, inner.text);
            }
        }
    }
    (void)fclose(file);
    return status;
}

/* One line from the terminal, trimmed; NULL when the input ended. */
static char *
prompt(const char *question, const char *preset, char line[ONYM_INIT_LINE_MAX])
{
    (void)fprintf(stderr, "%s%s%s%s: ", question, preset[0] != '\0' ? " [" : "", preset,
                  preset[0] != '\0' ? "]" : "");
    if (fgets(line, (int)ONYM_INIT_LINE_MAX, stdin) == NULL) {
        (void)fputc('\n', stderr);
        return NULL;
    }
    return trim(line);
}

/* Asks until the answer is right. An empty line is what stands in brackets. */
static bool
ask_for(struct onym_init_answers *answers, const char *name, const char *question,
        const char *preset)
{
    char line[ONYM_INIT_LINE_MAX];
    struct onym_fault fault = {0};
    char *text;

    while ((text = prompt(question, preset, line)) != NULL) {
        if (onym_init_answer(answers, name, text[0] != '\0' ? text : preset, &fault) == ONYM_OK) {
            return true;
        }
        (void)fprintf(stderr, "%s\n", fault.text);
    }
    return false;
}

bool
onym_init_ask(struct onym_init_answers *answers)
{
    char line[ONYM_INIT_LINE_MAX];
    struct onym_fault fault = {0};
    const char *text;

    if ((!answers->has_dir && !ask_for(answers, "dir", "Folder of the node", answers->dir)) ||
        (!answers->has_name && !ask_for(answers, "name", "Name of the node", answers->name))) {
        return false;
    }
    while (answers->hosts == 0) {
        text = prompt("A name or address by which clients reach it (empty: this machine only)", "",
                      line);
        if (text == NULL) {
            return false;
        }
        if (text[0] == '\0') {
            break;
        }
        if (onym_init_answer(answers, "host", text, &fault) != ONYM_OK) {
            (void)fprintf(stderr, "%s\n", fault.text);
        }
    }
    text = prompt("Make keys, certificates and configuration there", "yes", line);
    return text != NULL && (text[0] == '\0' || text[0] == 'y' || text[0] == 'Y');
}
