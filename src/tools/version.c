#include "tools/dispatch.h"

#include "version.h"

#include <jansson.h>
#include <stdio.h>
#include <uv.h>

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

void
onym_version_print(const char *program, bool details)
{
    (void)printf("%s %s (%s)\n", program, ONYM_BUILD_VERSION, ONYM_REVISION);
    if (!details) {
        return;
    }
    (void)printf("build: %s, %s\n", ONYM_BUILD_TYPE, COMPILER);
    /* the versions built against, from pkg-config; this layer may not look into every library */
    (void)printf("libraries: OpenSSL %s, LMDB %s, libyaml %s, xxHash %s\n", ONYM_BUILT_CRYPTO,
                 ONYM_BUILT_LMDB, ONYM_BUILT_YAML, ONYM_BUILT_XXHASH);
    (void)printf("in use: libuv %s, jansson %s\n", uv_version_string(), jansson_version_str());
}
