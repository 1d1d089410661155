/* An HTTPS connection that stays, for requests that are written and answered at the same time.
 * Making it waits and proves who asks (tools/https_login.h); then its descriptor does not block. */
#ifndef ONYM_TOOLS_HTTPS_LINK_H
#define ONYM_TOOLS_HTTPS_LINK_H

#include "net/tls_dial.h"
#include "tools/https_login.h"

struct onym_https_target {
    const char *what; /* "batch run", for messages */
    const char *url;  /* https://HOST[:PORT] */
    struct onym_cli_identity identity;
};

struct onym_https_link; /* opaque */

/* Reads the authorities; asks nobody. ONYM_EXIT_DONE and *out, or another exit code after saying on
 * stderr what is wrong. What target points to must stay. */
int onym_https_link_new(const struct onym_https_target *target, struct onym_https_link **out);
void onym_https_link_free(struct onym_https_link *link); /* NULL is fine; wipes */

/* Connects, anew if it was, and proves who asks. Waits for at most some ten seconds.
 * ONYM_EXIT_DONE; ONYM_EXIT_UNREACHABLE with *fault: it may work later; what onym_https_login
 * gives, with *fault too, unless it said on stderr what is wrong with words or files of ours. */
int onym_https_link_up(struct onym_https_link *link, struct onym_fault *fault);
void onym_https_link_down(struct onym_https_link *link);

/* While it is up. */
int onym_https_link_fd(const struct onym_https_link *link);
struct onym_tls_dial *onym_https_link_dial(struct onym_https_link *link);
/* Whether it ended because of our certificate, or the lack of one, and why in words: nothing that
 * was sent was taken. */
bool onym_https_link_is_refused(const struct onym_https_link *link, char *why, size_t cap);
/* Where it leads, and the value of Authorization; empty: nobody. */
const struct onym_https *onym_https_link_to(const struct onym_https_link *link);

#endif
