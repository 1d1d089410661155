#include "tools/csv_in.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* cmocka.h needs setjmp.h, stdarg.h and size_t */
#include <cmocka.h>

/* Writes bytes into a file of its own and opens it. */
static struct onym_csv_in *
open_bytes(const void *bytes, size_t len, const char *encoding)
{
    char path[] = "/tmp/onym-csv-XXXXXX";
    int fd = mkstemp(path);
    struct onym_csv_in *in = NULL;
    struct onym_fault fault = {.status = ONYM_OK};

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), (ssize_t)len);
    assert_int_equal(close(fd), 0);
    assert_int_equal(onym_csv_in_open(path, encoding, &in, &fault), ONYM_OK);
    assert_int_equal(unlink(path), 0);
    return in;
}

/* All records as text: fields between brackets, one record a line, faults as "!LINE:COLUMN". */
static void
tell(const void *bytes, size_t len, const char *encoding, char *out, size_t cap)
{
    struct onym_csv_in *in = open_bytes(bytes, len, encoding);
    struct onym_csv_record record;
    struct onym_fault fault = {.status = ONYM_OK};
    enum onym_status status;
    size_t used = 0;

    out[0] = '\0';
    while ((status = onym_csv_in_next(in, &record, &fault)) != ONYM_NOT_FOUND) {
        used += (size_t)snprintf(out + used, cap - used, "%u@%u", (unsigned)record.number,
                                 (unsigned)record.line);
        if (status != ONYM_OK) {
            char where[32] = "";

            (void)snprintf(where, sizeof where, "%.*s", (int)strcspn(fault.text, " ") - 1,
                           fault.text);
            used += (size_t)snprintf(out + used, cap - used, "%s%s",
                                     status == ONYM_MALFORMED ? "!" : "!!", where);
        }
        for (size_t i = 0; i < record.count; i++) {
            used += (size_t)snprintf(out + used, cap - used, "[%.*s]", (int)record.fields[i].len,
                                     (const char *)record.fields[i].at);
        }
        used += (size_t)snprintf(out + used, cap - used, ";");
        assert_true(used < cap);
    }
    onym_csv_in_close(in);
}

static void
csv_oddities(void **state)
{
    static const struct {
        const char *text;
        const char *told;
    } table[] = {
        {"", ""},
        {"\n\n", ""},
        {"a", "1@1[a];"},
        {"a,b\n", "1@1[a][b];"},
        {"a,b\r\nc,d\r\n", "1@1[a][b];2@2[c][d];"},
        {"a,b\r", "1@1[a][b];"},
        {",\n", "1@1[][];"},
        {"a,\n,b", "1@1[a][];2@2[][b];"},
        {"\"a,b\",c", "1@1[a,b][c];"},
        {"\"a\"\"b\"", "1@1[a\"b];"},
        {"\"\",x", "1@1[][x];"},
        {"\"a\nb\",c\nd\n", "1@1[a\nb][c];2@3[d];"},
        {"\"a\r\nb\"\r\nd", "1@1[a\r\nb];2@3[d];"},
        {"a\n\nb\n", "1@1[a];3@3[b];"},
        {" a , b ", "1@1[ a ][ b ];"},
        {"ab\"c,d\nx\n", "1@1!1:3;2@2[x];"},
        {"\"ab\"c,d\nx\n", "1@1!1:5;2@2[x];"},
        {"a\rb\nx\n", "1@1!1:2;2@2[x];"},
        {"x\na,\"b\nc", "1@1[x];2@2!!2:3;"},
        {"部件,\"坏\"x\nok\n", "1@1!1:7;2@2[ok];"},
        {"a\n\xFF,b\nc\n", "1@1[a];2@2!2;3@3[c];"},
    };
    char told[512];

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        tell(table[i].text, strlen(table[i].text), "UTF-8", told, sizeof told);
        assert_string_equal(told, table[i].told);
    }
}

static void
csv_finds_the_encoding(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *encoding;
    } table[] = {
        {"\xE9\x83\xA8\xE4\xBB\xB6,x\n", 9, "UTF-8"},
        {"\xEF\xBB\xBF\xE9\x83\xA8\xE4\xBB\xB6,x\n", 12, "UTF-8"},
        {"\xB2\xBF\xBC\xFE,x\n", 7, "GB18030"},
        {"\xFF\xFE\xE8\x90\xF6\x4E,\0x\0\n\0", 12, "UTF-16"},
        {"\xFE\xFF\x90\xE8\x4E\xF6\0,\0x\0\n", 12, "UTF-16"},
    };
    char told[512];

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct onym_csv_in *in = open_bytes(table[i].bytes, table[i].len, NULL);

        assert_string_equal(onym_csv_in_encoding(in), table[i].encoding);
        onym_csv_in_close(in);
        tell(table[i].bytes, table[i].len, NULL, told, sizeof told);
        assert_string_equal(told, "1@1[部件][x];");
    }
    /* four bytes outside the basic plane, and bytes that are no GB18030 */
    tell("\x95\x32\x82\x36,x\n", 7, "GB18030", told, sizeof told);
    assert_string_equal(told, "1@1[𠀀][x];");
    tell("a\n\xFF,x\nb\n", 8, "GB18030", told, sizeof told);
    assert_string_equal(told, "1@1[a];2@2!2;3@3[b];");
}

static void
csv_refuses_an_encoding_nobody_knows(void **state)
{
    struct onym_csv_in *in = NULL;
    struct onym_fault fault = {.status = ONYM_OK};

    (void)state;
    assert_int_equal(onym_csv_in_open("/dev/null", "KLINGON-8", &in, &fault), ONYM_INVALID);
    assert_non_null(strstr(fault.text, "KLINGON-8"));
    assert_int_equal(onym_csv_in_open("/nonexistent/x", NULL, &in, &fault), ONYM_IO);
    assert_null(in);
}

/* Characters and line ends that lie across the blocks the file is read in. */
static void
csv_reads_across_blocks(void **state)
{
    static const size_t rows = 40000;
    char *text = malloc(rows * 16);
    size_t len = 0;
    struct onym_csv_in *in;
    struct onym_csv_record record;
    struct onym_fault fault = {.status = ONYM_OK};
    size_t row = 0;

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < rows; i++) {
        len += (size_t)snprintf(text + len, rows * 16 - len, "%zu,\xB2\xBF\xBC\xFE\r\n", i);
    }
    in = open_bytes(text, len, NULL);
    while (onym_csv_in_next(in, &record, &fault) == ONYM_OK) {
        assert_int_equal(record.count, 2);
        assert_true(onym_span_equal(record.fields[1], onym_span_text("部件")));
        row++;
        assert_int_equal(record.line, row);
    }
    assert_int_equal(row, rows);
    assert_int_equal(onym_csv_in_done(in), len);
    onym_csv_in_close(in);
    free(text);
}

static void
csv_counts_fields_to_the_limit(void **state)
{
    char text[2 * ONYM_CSV_FIELDS_MAX + 4];
    char told[64];
    struct onym_csv_in *in;
    struct onym_csv_record record;
    struct onym_fault fault = {.status = ONYM_OK};

    (void)state;
    memset(text, ',', ONYM_CSV_FIELDS_MAX - 1);
    in = open_bytes(text, ONYM_CSV_FIELDS_MAX - 1, NULL);
    assert_int_equal(onym_csv_in_next(in, &record, &fault), ONYM_OK);
    assert_int_equal(record.count, ONYM_CSV_FIELDS_MAX);
    onym_csv_in_close(in);
    memset(text, ',', ONYM_CSV_FIELDS_MAX);
    tell(text, ONYM_CSV_FIELDS_MAX, NULL, told, sizeof told);
    assert_string_equal(told, "1@1!1:1025;");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_oddities),
        cmocka_unit_test(csv_finds_the_encoding),
        cmocka_unit_test(csv_refuses_an_encoding_nobody_knows),
        cmocka_unit_test(csv_reads_across_blocks),
        cmocka_unit_test(csv_counts_fields_to_the_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
