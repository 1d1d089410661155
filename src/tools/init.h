/* `onymctl init`: what is asked, and what is made of it. */
#ifndef ONYM_TOOLS_INIT_H
#define ONYM_TOOLS_INIT_H

#include "base/fault.h"
#include "config/settings.h"
#include "net/tls_make.h"
#include "tools/command.h"

#define ONYM_INIT_DAYS     825U /* of a server certificate; clients of some makes take no more */
#define ONYM_INIT_HOSTS    61U  /* besides the three of loopback */
#define ONYM_INIT_LINE_MAX 1024U

struct onym_init_answers {
    char dir[ONYM_PATH_MAX];
    char name[64];
    char host[ONYM_INIT_HOSTS][ONYM_TLS_HOST_LEN_MAX + 1];
    size_t hosts;
    uint32_t days;
    bool yes;                         /* ask nothing */
    bool renew;                       /* a new server certificate, whatever is there */
    bool has_dir, has_name, has_days; /* were given, not only the default */
};

/* Sets one answer by its name (dir, name, host, days). ONYM_OK, or ONYM_INVALID with *fault saying
 * what is expected. */
ONYM_MUST_USE enum onym_status onym_init_answer(struct onym_init_answers *answers, const char *name,
                                                const char *value, struct onym_fault *fault);

/* Reads "name = value" lines; empty ones and those that begin with # are left out. Answers given
 * before stay; hosts are added. ONYM_OK, or ONYM_INVALID with *fault naming file and line. */
ONYM_MUST_USE enum onym_status onym_init_read(struct onym_init_answers *answers, const char *path,
                                              struct onym_fault *fault);

/* Asks on the terminal what was not given, and whether to go on. False: no, or the input ended. */
bool onym_init_ask(struct onym_init_answers *answers);

enum onym_init_state { ONYM_INIT_KEPT, ONYM_INIT_MADE, ONYM_INIT_RENEWED, ONYM_INIT_ABSENT };

struct onym_init_file {
    const char *role; /* "authority", static */
    char path[ONYM_PATH_MAX];
    enum onym_init_state state;
};
enum {
    ONYM_INIT_CA,
    ONYM_INIT_CA_KEY,
    ONYM_INIT_CERTIFICATE,
    ONYM_INIT_KEY,
    ONYM_INIT_CONFIG,
    ONYM_INIT_FILES
};

struct onym_init_result {
    struct onym_init_file file[ONYM_INIT_FILES];
    char data_dir[ONYM_PATH_MAX];
    const char *uncovered;   /* a host the kept certificate is not for, of answers; NULL = none */
    bool config_without_tls; /* the kept configuration names another certificate or none */
};

/* Makes what is not there, in the order in which a stop in between does no harm. ONYM_OK and
 * *result; ONYM_IN_USE when a file stands without the one it belongs to; ONYM_IO, ONYM_INVALID,
 * ONYM_ERROR; all with *fault. */
ONYM_MUST_USE enum onym_status onym_init_make(const struct onym_init_answers *answers,
                                              struct onym_init_result *result,
                                              struct onym_fault *fault);

#endif
