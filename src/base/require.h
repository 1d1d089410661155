/* ONYM_REQUIRE is for our own mistakes and stays on in release. It never judges input. */
#ifndef ONYM_BASE_REQUIRE_H
#define ONYM_BASE_REQUIRE_H

#define ONYM_REQUIRE(x)                                                                            \
    do {                                                                                           \
        if (__builtin_expect(!(x), 0)) {                                                           \
            onym_require_failed(#x, __FILE__, __LINE__);                                           \
        }                                                                                          \
    } while (0)

__attribute__((noreturn, cold)) void onym_require_failed(const char *what, const char *file,
                                                         int line);

#endif
