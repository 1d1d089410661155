/* Writes of LMDB that have room for a part only: the reason is told, not a failing disk. */
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
        cmocka_unit_test(a_page_that_does_not_fit_says_why),
        cmocka_unit_test(pages_that_do_not_fit_say_why),
    };

    (void)signal(SIGXFSZ, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
