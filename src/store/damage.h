/* LMDB believes its pages and reads them through a map: a flipped bit may lead it outside the map,
 * and a page that cannot be read, of a failing disk or of a file that was cut short, ends the
 * process by a signal. Here the process says what that means on its way out. A signal that somebody
 * sent is no finding, and a broken invariant of ours (SIGABRT) stays one. */
#ifndef ONYM_STORE_DAMAGE_H
#define ONYM_STORE_DAMAGE_H

#include "onym/span.h"

#include <stdbool.h>

/* A command's last words, made beforehand: nothing can be formatted when they are needed. */
struct onym_damage_words {
    onym_span said;      /* to standard error */
    onym_span object;    /* to standard output, unless *printed */
    const bool *printed; /* whether something was written there; NULL: no object is wanted */
    int code;            /* the exit status */
};

/* From now on SIGBUS, which still ends the process, says on standard error what it means for a
 * store. For the main of the node, before there are threads. */
void onym_damage_explain(void);

/* From now on SIGBUS, SIGSEGV and a failed assertion of LMDB end the process with words, whose
 * texts are borrowed until then. For commands that read a store; the last call counts. */
void onym_damage_end_with(struct onym_damage_words words);

/* What LMDB calls when it finds its pages impossible (mdb_env_set_assert); comes back when no words
 * were given, and LMDB then aborts. */
void onym_damage_asserted(void);

#endif
