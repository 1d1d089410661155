#include "tools/id_change.h"

#include "tools/command_options.h"
#include "tools/id_change_print.h"
#include "tools/id_change_values.h"

#include <stdlib.h>

enum option_code { OPT_VALUE = 256, OPT_VALUES, OPT_TTL, OPT_PERMISSIONS, OPT_OVERWRITE, OPT_MINT };

/* Which options a verb takes; the identity's are everybody's. */
enum option_group { GROUP_NONE = 0, GROUP_VALUES = 1, GROUP_OVERWRITE = 2, GROUP_MINT = 4 };

struct kind {
    const char *what;
    const char *done;
    enum onym_action action;
    unsigned groups;
};

struct words {
    const struct kind *kind;
    struct onym_cli_identity identity;
    struct onym_value_words *values;
    bool overwrite;
    bool mint;
    uint32_t indexes[ONYM_VALUES_MAX];
    size_t index_count;
};

static unsigned
group_of(int code)
{
    switch (code) {
    case OPT_VALUE:
    case OPT_VALUES:
    case OPT_TTL:
    case OPT_PERMISSIONS:
        return GROUP_VALUES;
    case OPT_OVERWRITE:
        return GROUP_OVERWRITE;
    case OPT_MINT:
        return GROUP_MINT;
    default:
        return GROUP_NONE;
    }
}

static int
take_option(void *of, int code, const char *argument)
{
    struct words *w = of;

    if ((group_of(code) & ~w->kind->groups) != 0) {
        return ONYM_OPTION_UNKNOWN;
    }
    switch (code) {
    case OPT_VALUE:
        return onym_value_words_add(w->values, argument);
    case OPT_VALUES:
        return onym_value_words_file(w->values, argument);
    case OPT_TTL:
        return onym_value_words_ttl(w->values, argument);
    case OPT_PERMISSIONS:
        return onym_value_words_permissions(w->values, argument);
    case OPT_OVERWRITE:
        w->overwrite = true;
        break;
    case OPT_MINT:
        w->mint = true;
        break;
    default:
        (void)onym_cli_identity_option(&w->identity, code, argument);
        break;
    }
    return ONYM_EXIT_DONE;
}

static int
read_options(struct words *w, const struct kind *kind, int argc, char **argv)
{
    static const struct option options[] = {
        {"value", required_argument, NULL, OPT_VALUE},
        {"values", required_argument, NULL, OPT_VALUES},
        {"ttl", required_argument, NULL, OPT_TTL},
        {"permissions", required_argument, NULL, OPT_PERMISSIONS},
        {"overwrite", no_argument, NULL, OPT_OVERWRITE},
        {"mint", no_argument, NULL, OPT_MINT},
        ONYM_IDENTITY_OPTIONS,
        {NULL, 0, NULL, 0}};
    const struct onym_command_options how = {
        .what = kind->what, .options = options, .take = take_option, .of = w};

    w->kind = kind;
    return onym_command_options_read(&how, argc, argv);
}

static int
read_indexes(struct words *w, const struct kind *kind, int count, char **arguments)
{
    if (count == 0) {
        return onym_usage_error(kind->what, "name the indexes to remove, for example: onymctl id "
                                            "rm-value 88.300.15907/part-1 2 3");
    }
    if ((size_t)count > ONYM_VALUES_MAX) {
        return onym_usage_error(kind->what, "at most %u indexes at once", ONYM_VALUES_MAX);
    }
    for (int i = 0; i < count; i++) {
        if (!onym_value_words_number(arguments[i], INT32_MAX, &w->indexes[i])) {
            return onym_usage_error(kind->what, "%s: an index is a number from 1 to %d",
                                    arguments[i], INT32_MAX);
        }
    }
    w->index_count = (size_t)count;
    return ONYM_EXIT_DONE;
}

/* The identifier, and for rm-value what stands behind it. */
static int
read_arguments(struct words *w, const struct kind *kind, int count, char **arguments)
{
    size_t len = count > 0 ? strlen(arguments[0]) : 0;

    if (count == 0) {
        return onym_usage_error(kind->what, "name an identifier, for example 88.300.15907/part-1");
    }
    if (len == 0 || len > ONYM_NAME_LEN_MAX) {
        return onym_usage_error(kind->what, "an identifier has 1 to %u bytes, this one %zu",
                                ONYM_NAME_LEN_MAX, len);
    }
    if (kind->action == ONYM_ACTION_REMOVE) {
        return read_indexes(w, kind, count - 1, arguments + 1);
    }
    return count == 1 ? ONYM_EXIT_DONE
                      : onym_usage_error(kind->what, "one identifier at a time; '%s' is too much",
                                         arguments[1]);
}

static int
carry_out(const struct onym_cli *cli, const struct kind *kind, struct words *w, const char *name)
{
    struct onym_client_change change = {.action = kind->action,
                                        .name = onym_span_text(name),
                                        .indexes = w->indexes,
                                        .index_count = w->index_count,
                                        .overwrite = w->overwrite,
                                        .mint = w->mint};
    struct onym_told_change told = {.what = kind->what,
                                    .done = kind->done,
                                    .name = change.name,
                                    .action = kind->action,
                                    .mint = w->mint};
    struct onym_client_result result;
    struct onym_cli_client c;
    int code = onym_value_words_finish(w->values, change.name, &change.values, &change.value_count);

    if (code != ONYM_EXIT_DONE) {
        return code;
    }
    if (change.value_count == 0 &&
        (kind->action == ONYM_ACTION_ADD || kind->action == ONYM_ACTION_MODIFY)) {
        return onym_usage_error(kind->what, "no values: give --value INDEX:TYPE=DATA or --values "
                                            "FILE");
    }
    code = onym_cli_client_open(cli, &w->identity, kind->what, &c);
    if (code == ONYM_EXIT_DONE) {
        onym_cli_client_change(&c, &change, &result);
        code = onym_told_change_print(cli, &told, &c, &result);
        onym_cli_client_close(&c);
    }
    return code;
}

static int
run(const struct onym_cli *cli, const struct kind *kind, int argc, char **argv)
{
    struct words *w = calloc(1, sizeof *w);
    int code = ONYM_EXIT_SERVER;

    if (w != NULL) {
        w->values = onym_value_words_new(kind->what);
    }
    if (w == NULL || w->values == NULL) {
        (void)fprintf(stderr, "onymctl %s: out of memory\n", kind->what);
    } else {
        code = read_options(w, kind, argc, argv);
        if (code == ONYM_EXIT_DONE) {
            code = read_arguments(w, kind, argc - optind, argv + optind);
        }
        if (code == ONYM_EXIT_DONE) {
            code = carry_out(cli, kind, w, argv[optind]);
        }
        onym_value_words_free(w->values);
    }
    free(w);
    return code;
}

int
onym_id_create(const struct onym_cli *cli, int argc, char **argv)
{
    static const struct kind kind = {"id create", "created", ONYM_ACTION_CREATE,
                                     GROUP_VALUES | GROUP_OVERWRITE | GROUP_MINT};

    return run(cli, &kind, argc, argv);
}

int
onym_id_set(const struct onym_cli *cli, int argc, char **argv)
{
    static const struct kind kind = {"id set", "changed", ONYM_ACTION_MODIFY, GROUP_VALUES};

    return run(cli, &kind, argc, argv);
}

int
onym_id_add(const struct onym_cli *cli, int argc, char **argv)
{
    static const struct kind kind = {"id add-value", "added to", ONYM_ACTION_ADD,
                                     GROUP_VALUES | GROUP_OVERWRITE};

    return run(cli, &kind, argc, argv);
}

int
onym_id_remove(const struct onym_cli *cli, int argc, char **argv)
{
    static const struct kind kind = {"id rm-value", "removed from", ONYM_ACTION_REMOVE, GROUP_NONE};

    return run(cli, &kind, argc, argv);
}

int
onym_id_delete(const struct onym_cli *cli, int argc, char **argv)
{
    static const struct kind kind = {"id delete", "deleted", ONYM_ACTION_DELETE, GROUP_NONE};

    return run(cli, &kind, argc, argv);
}
