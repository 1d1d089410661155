/* LMDB believes its pages: a bit that flipped in one may lead a reader outside the map, which ends
 * the process by a signal. Commands that look whether a store is whole read it in a process of
 * their own, so that this is a finding like any other. */
#ifndef ONYM_TOOLS_STORE_GUARD_H
#define ONYM_TOOLS_STORE_GUARD_H

#include "tools/command.h"

/* Goes on with the command in a child, before it has opened or printed anything; the parent waits
 * and ends as the child did, also with ONYM_EXIT_NEGATIVE, said on stderr, when that was by a
 * signal of its memory and is_data says that standard output, which may have begun, is a stream of
 * data. ONYM_EXIT_DONE: go on. Otherwise, in the parent alone, ONYM_EXIT_NEGATIVE: such a signal
 * without is_data; ONYM_EXIT_SERVER: no process; both said on stderr. */
int onym_store_guard(const char *verb, const char *data, bool is_data);

#endif
