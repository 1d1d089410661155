/* Writes of LMDB that stop short: the rest follows in its place, and where there is no room for it
 * the reason is told, not a failing disk. */
#include "store/lmdb_io.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#define ROOM 6000U

static uint8_t bytes[8192];
static size_t taken_at_once = SIZE_MAX; /* by writev */

/* Instead of the system's: stops short where the test says. */
ssize_t
writev(int fd, const struct iovec *parts, int count)
{
    size_t left = taken_at_once;
    ssize_t done = 0;

    for (int i = 0; i < count && left > 0; i++) {
        size_t len = parts[i].iov_len < left ? parts[i].iov_len : left;
        ssize_t one = write(fd, parts[i].iov_base, len);

        if (one < 0) {
            return done > 0 ? done : one;
        }
        done += one;
        left -= len;
        if ((size_t)one < len) {
            break;
        }
    }
    return done;
}

static void
the_rest_follows_in_its_place(void **state)
{
    static const size_t lens[3] = {1000, 3000, 2000};
    static const size_t stops[] = {0, 1, 999, 1000, 1001, 3999, 4000, 4001, 5999, 6000};
    uint8_t wanted[6000];
    uint8_t found[7000];
    struct iovec parts[3];
    size_t at = 0;

    (void)state;
    for (size_t i = 0; i < sizeof wanted; i++) {
        wanted[i] = (uint8_t)(i % 251);
    }
    for (size_t i = 0; i < 3; i++) {
        parts[i] = (struct iovec){.iov_base = wanted + at, .iov_len = lens[i]};
        at += lens[i];
    }
    for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++) {
        char path[] = "/tmp/onym-lmdb-io-XXXXXX";
        int fd = mkstemp(path);

        assert_true(fd >= 0);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(lseek(fd, 500, SEEK_SET), 500);
        taken_at_once = stops[i];
        assert_int_equal(onym_lmdb_writev(fd, parts, 3), sizeof wanted);
        taken_at_once = SIZE_MAX;
        assert_int_equal(pread(fd, found, sizeof found, 500), sizeof wanted);
        assert_memory_equal(found, wanted, sizeof wanted);
        assert_int_equal(close(fd), 0);
    }
}

/* An unlinked file that grows to ROOM bytes; the limit ends with the program. */
static int
narrow_file(void)
{
    char path[] = "/tmp/onym-lmdb-io-XXXXXX";
    int fd = mkstemp(path);
    struct rlimit limit;

    assert_true(fd >= 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = ROOM;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    return fd;
}

static void
a_page_that_does_not_fit_says_why(void **state)
{
    int fd = narrow_file();

    (void)state;
    assert_int_equal(onym_lmdb_pwrite(fd, bytes, 4096, 0), 4096);
    errno = 0;
    assert_int_equal(onym_lmdb_pwrite(fd, bytes, 4096, 4096), -1);
    assert_int_equal(errno, EFBIG);
    assert_int_equal(close(fd), 0);
}

static void
pages_that_do_not_fit_say_why(void **state)
{
    const struct iovec parts[3] = {{.iov_base = bytes, .iov_len = 4096},
                                   {.iov_base = bytes, .iov_len = 4096},
                                   {.iov_base = bytes, .iov_len = 8192}};
    int fd = narrow_file();

    (void)state;
    assert_int_equal(onym_lmdb_writev(fd, parts, 1), 4096);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    errno = 0;
    assert_int_equal(onym_lmdb_writev(fd, parts, 3), -1);
    assert_int_equal(errno, EFBIG);
    assert_int_equal(close(fd), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rest_follows_in_its_place), /* before the limit */
        cmocka_unit_test(a_page_that_does_not_fit_says_why),
        cmocka_unit_test(pages_that_do_not_fit_say_why),
    };

    (void)signal(SIGXFSZ, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
