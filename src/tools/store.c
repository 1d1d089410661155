#include "tools/store.h"

#include <stddef.h>

const struct onym_command onym_commands_store[] = {
    {.noun = "store",
     .verb = "load",
     .top_level = true,
     .usage = "--data DIR [options] FILE|-",
     .summary = "Register the records of a file in bulk, all or none",
     .help = onym_store_load_help,
     .run = onym_store_load},
    {.noun = "store",
     .verb = "dump",
     .top_level = true,
     .usage = "--data DIR [options] [FILE|-]",
     .summary = "Write all records as a file that load takes",
     .help = onym_store_dump_help,
     .run = onym_store_dump},
    {.noun = "store",
     .verb = "check",
     .top_level = true,
     .usage = "--data DIR [options]",
     .summary = "Read the whole store and name what is damaged",
     .help = onym_store_check_help,
     .run = onym_store_check_command},
    {.noun = "store",
     .verb = "reindex",
     .usage = "--data DIR [options]",
     .summary = "Make derived tables of a store again",
     .help = onym_store_reindex_help,
     .run = onym_store_reindex_command},
    {.noun = NULL},
};
