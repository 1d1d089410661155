#include "base/require.h"

#include <stdio.h>
#include <stdlib.h>

void
onym_require_failed(const char *what, const char *file, int line)
{
    (void)fprintf(stderr, "onym: broken invariant %s at %s:%d\n", what, file, line);
    abort();
}
