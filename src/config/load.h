/* From defaults, a YAML file, conf.d, the environment and the command line to the settings.
 *
 * Later sources win: default < file < the *.yaml of conf.d (in name order) < environment < command
 * line. A later value replaces an earlier one whole; lists are not joined. Everything given is
 * checked, also what a later source replaces, and all errors are reported at once. There are no
 * warnings.
 *
 * A file is YAML with sections and keys of the schema (config/schema.h) and nothing else: unknown
 * and duplicate keys, anchors, aliases, tags, more than one document, more than
 * ONYM_CONFIG_DEPTH_MAX levels and more than ONYM_CONFIG_FILE_MAX bytes are errors. An empty file
 * is fine. An environment variable is ONYM_SECTION__KEY; a list is separated by commas, and the
 * empty text is the empty list. Variables that begin with ONYM_ but have no "__" belong to others
 * and are left alone, unless one only lacks the second underscore of a key. */
#ifndef ONYM_CONFIG_LOAD_H
#define ONYM_CONFIG_LOAD_H

#include "config/settings.h"
#include "onym/span.h"
#include "onym/status.h"

#define ONYM_CONFIG_ERRORS_MAX 100U     /* kept in full; further ones are counted */
#define ONYM_CONFIG_FILES_MAX  65U      /* the file and 64 of conf.d */
#define ONYM_CONFIG_FILE_MAX   1048576U /* bytes of one file */
#define ONYM_CONFIG_DEPTH_MAX  16U      /* nested collections of one file */
#define ONYM_CONFIG_KEYS_MAX   64U      /* keys of the schema */

/* Where an error was found or an effective value comes from. */
enum onym_config_origin_kind {
    ONYM_CONFIG_DEFAULT,
    ONYM_CONFIG_FILE,
    ONYM_CONFIG_ENVIRONMENT,
    ONYM_CONFIG_COMMAND_LINE
};

struct onym_config_origin {
    enum onym_config_origin_kind kind;
    uint32_t file;   /* index into the report's files; for ONYM_CONFIG_FILE */
    uint32_t line;   /* from 1; 0 = the file as a whole */
    uint32_t column; /* from 1, in characters */
};

struct onym_config_error {
    struct onym_config_origin origin;
    char key[128];  /* "listen.handle_udp", known or not; "" when it is about no key */
    char text[400]; /* "problem; expected ...; did you mean ...?", one line, printable */
};

/* About 120 KiB: take it from the heap. Needs no initialisation and no release. */
struct onym_config_report {
    size_t error_count; /* all errors; only the first ONYM_CONFIG_ERRORS_MAX are kept */
    struct onym_config_error error[ONYM_CONFIG_ERRORS_MAX];
    size_t file_count; /* files read, in the order of merging */
    char file[ONYM_CONFIG_FILES_MAX][ONYM_PATH_MAX];
    struct onym_config_origin origin[ONYM_CONFIG_KEYS_MAX]; /* by schema index */
};

struct onym_config_source {
    const char *file; /* path, or NULL: neither a file nor its conf.d is read. conf.d is looked for
                         in the folder of the file and may be missing; the file may not */
    char *const *environment; /* "NAME=value" strings ended by NULL, such as environ; or NULL */
    char *const *overrides;   /* "section.key=value" strings ended by NULL; or NULL */
};

/* Fills *out and *report. ONYM_OK; ONYM_INVALID when the report has errors (an unreadable file is
 * one of them); ONYM_NO_MEMORY. *out is changed on success only. */
ONYM_MUST_USE enum onym_status onym_config_load(const struct onym_config_source *source,
                                                struct onym_settings *out,
                                                struct onym_config_report *report);

/* The same from bytes in memory in place of a file, called name in messages; no conf.d, no
 * environment, no command line. */
ONYM_MUST_USE enum onym_status onym_config_load_bytes(const char *name, onym_span bytes,
                                                      struct onym_settings *out,
                                                      struct onym_config_report *report);

/* Room for any error line or origin text with its NUL. */
#define ONYM_CONFIG_LINE_MAX (ONYM_PATH_MAX + 640U)

/* Writes error index of the report as one line without newline, for example
 *   onymd.yaml:3:3: node.wrkers: unknown key; did you mean node.workers?
 *   environment ONYM_LOG__LEVEL: log.level: "inf" is not one of the words; expected error, ...
 *   command line: node.id: "" is empty; expected 1 to 63 letters, ...
 * index < ONYM_CONFIG_ERRORS_MAX and < error_count. */
void onym_config_error_line(const struct onym_config_report *report, size_t index,
                            char out[ONYM_CONFIG_LINE_MAX]);

/* Writes where the effective value of key (a schema index) comes from: "default",
 * "onymd.yaml:3", "environment ONYM_NODE__ID", "command line". */
void onym_config_origin_line(const struct onym_config_report *report, size_t key,
                             char out[ONYM_CONFIG_LINE_MAX]);

#endif
