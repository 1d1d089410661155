/* onymctl: what a person does with a node. Every noun is a table in a file of its own. */
#include "tools/dispatch.h"

#include <stddef.h>

int
main(int argc, char **argv)
{
    static const struct onym_command *const nouns[] = {onym_commands_id,
                                                       onym_commands_prefix,
                                                       onym_commands_batch,
                                                       onym_commands_auth,
                                                       onym_commands_store,
                                                       onym_commands_conf,
                                                       onym_commands_node,
                                                       onym_commands_tls,
                                                       onym_commands_audit,
                                                       onym_commands_log,
                                                       NULL};

    return onym_dispatch(nouns, argc, argv);
}
