#include "store/gathered.h"

#include <string.h>

void
onym_gathered_start(struct onym_gathered *gathered, struct onym_digester *digester,
                    enum onym_digest algorithm)
{
    gathered->digester = digester;
    gathered->used = 0;
    onym_digest_start(digester, algorithm);
}

static void
flush(struct onym_gathered *gathered)
{
    onym_digest_add(gathered->digester, onym_span_of(gathered->bytes, gathered->used));
    gathered->used = 0;
}

void
onym_gathered_add(struct onym_gathered *gathered, onym_span piece)
{
    if (piece.len > sizeof gathered->bytes - gathered->used) {
        flush(gathered);
    }
    if (piece.len > sizeof gathered->bytes) {
        onym_digest_add(gathered->digester, piece);
    } else if (piece.len > 0) {
        memcpy(gathered->bytes + gathered->used, piece.at, piece.len);
        gathered->used += piece.len;
    }
}

void
onym_gathered_finish(struct onym_gathered *gathered, uint8_t out[ONYM_DIGEST_BYTES_MAX])
{
    flush(gathered);
    (void)onym_digest_finish(gathered->digester, out);
}
