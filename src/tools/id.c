#include "tools/id_resolve.h"

#include <stddef.h>

const struct onym_command onym_commands_id[] = {
    {.noun = "id",
     .verb = "resolve",
     .top_level = true,
     .usage = "[options] ID...",
     .summary = "Look identifiers up and show their values",
     .help = onym_id_resolve_help,
     .run = onym_id_resolve},
    {.noun = NULL},
};
