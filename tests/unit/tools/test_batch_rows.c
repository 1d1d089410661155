#include "tools/batch_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* cmocka.h needs setjmp.h, stdarg.h and size_t */
#include <cmocka.h>

static void
put_file(char path[32], const char *text)
{
    int fd;

    (void)snprintf(path, 32, "/tmp/onym-rows-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(close(fd), 0);
}

static void
tell_row(const struct onym_batch_row *row, FILE *out)
{
    (void)fprintf(out, "%u ", (unsigned)row->number);
    if (row->kind == ONYM_BATCH_BROKEN) {
        (void)fprintf(out, "broken %s;", onym_status_name(row->status));
        return;
    }
    (void)fprintf(out, "%c%d %.*s", row->kind == ONYM_BATCH_IDENTITY ? 'i' : 'a', (int)row->action,
                  (int)row->name.len, (const char *)row->name.at);
    for (size_t i = 0; i < row->index_count; i++) {
        (void)fprintf(out, " #%u", (unsigned)row->indexes[i]);
    }
    for (size_t i = 0; i < row->value_count; i++) {
        (void)fprintf(out, " %u:%.*s=%zu", (unsigned)row->values[i].index,
                      (int)row->values[i].type.len, (const char *)row->values[i].type.at,
                      row->values[i].data.len);
    }
    (void)fputc(';', out);
}

/* All rows of text as words, and behind a bar the file of failed rows as if each had failed. */
static char *
tell(const char *text, enum onym_batch_format format, enum onym_batch_mode mode)
{
    char path[32];
    struct onym_batch_input input = {.path = path, .format = format, .mode = mode};
    struct onym_batch_rows *rows = NULL;
    struct onym_batch_row *row;
    struct onym_fault fault = {.status = ONYM_OK};
    char *told = NULL;
    char *failed = NULL;
    char *both = NULL;
    size_t len;
    FILE *out = open_memstream(&told, &len);
    FILE *again = open_memstream(&failed, &len);

    put_file(path, text);
    assert_non_null(out);
    assert_non_null(again);
    assert_int_equal(onym_batch_rows_open(&input, &rows, &fault), ONYM_OK);
    onym_batch_rows_put_head(rows, again);
    while (onym_batch_rows_next(rows, &row, &fault) == ONYM_OK) {
        tell_row(row, out);
        onym_batch_row_put_failed(again, onym_batch_rows_format(rows), row, 7,
                                  onym_span_text("a \"b\", c"));
        onym_batch_row_free(row);
    }
    onym_batch_rows_close(rows);
    (void)unlink(path);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(fclose(again), 0);
    assert_true(asprintf(&both, "%s|%s", told, failed) > 0);
    free(told);
    free(failed);
    return both;
}

/* The rows of text are as told; and so are those of its own file of failed rows. */
static void
check_twice(const char *text, enum onym_batch_format format, const char *expected)
{
    char *first = tell(text, format, ONYM_BATCH_CREATE);
    char *failed = strchr(first, '|');
    char *second;

    assert_non_null(failed);
    *failed++ = '\0';
    assert_string_equal(first, expected);
    second = tell(failed, format, ONYM_BATCH_CREATE);
    assert_string_equal(strchr(second, '|') + 1, failed);
    free(second);
    free(first);
}

static void
rows_of_ndjson(void **state)
{
    (void)state;
    check_twice("{\"handle\":\"1/a\",\"values\":[{\"index\":1,\"type\":\"T\",\"data\":\"xy\"}]}\n"
                "{\"handle\":\"1/b\",\"values\":[]}\n",
                ONYM_BATCH_NDJSON, "1 a2 1/a 1:T=2;2 a2 1/b;");
}

static void
rows_of_ndjson_that_are_broken(void **state)
{
    static const struct {
        const char *line;
        const char *told;
    } table[] = {
        {"{", "1 broken MALFORMED;|{\n"},
        {"[]", "1 broken MALFORMED;|[]\n"},
        {"{\"handle\":\"1/a\"}", "1 broken MALFORMED;|"},
        {"{\"handle\":\"a\",\"values\":[]}", "1 broken NAME_INVALID;|"},
        {"{\"handle\":\"1/a\",\"values\":[],\"row\":1}", "1 broken MALFORMED;|"},
        {"{\"handle\":\"1/a\",\"values\":[],\"row\":1,\"code\":2,\"reason\":\"x\\\"\"}",
         "1 a2 1/a;|"},
        /* written again by a program that likes spaces */
        {"{\"handle\": \"1/a\", \"values\": [], \"row\": 1, \"code\": 2, \"reason\": \"x\"}\r\n",
         "1 a2 1/a;|{\"handle\": \"1/a\", \"values\": [],\"row\":1,"},
        {"{\"handle\":\"1/a\",\"values\":[] , \"row\" :1 , \"code\": 2,\"reason\" : \"\" } ",
         "1 a2 1/a;|"},
        {"{\"handle\":\"1/a\",\"values\":[],\"row\":,\"code\":2,\"reason\":\"\"}",
         "1 broken MALFORMED;|"},
        {"{\"handle\":\"1/a\",\"values\":[],\"row\":1,\"code\":2,\"reason\":\"x\",\"a\":\"\"}",
         "1 broken MALFORMED;|"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char *told = tell(table[i].line, ONYM_BATCH_NDJSON, ONYM_BATCH_CREATE);

        assert_memory_equal(told, table[i].told, strlen(table[i].told));
        free(told);
    }
}

static void
rows_to_delete_need_only_a_name(void **state)
{
    char *told = tell(
        "{\"handle\":\"1/a\"}\n{\"handle\":\"1/b\",\"values\":[1]}\n{\"values\":[]}\n",
        ONYM_BATCH_NDJSON, ONYM_BATCH_DELETE);

    (void)state;
    *strchr(told, '|') = '\0';
    assert_string_equal(told, "1 a3 1/a;2 a3 1/b;3 broken MALFORMED;");
    free(told);
}

static void
rows_of_csv(void **state)
{
    (void)state;
    check_twice("1:T,id,2:U\r\nxy,1/a,\r\n\"p,\"\"q\",1/b,z\r\n", ONYM_BATCH_CSV,
                "2 a2 1/a 1:T=2;3 a2 1/b 1:T=4 2:U=1;");
}

static void
a_column_of_csv_names_administrators(void **state)
{
    (void)state;
    check_twice("id,100:HS_ADMIN,101:hs_admin,1:T\n"
                "1/a,300:111111111111:0.NA/1,0:000000000001:0.NA/12,x\n"
                "1/b,,,y\n1/c,300:1:0.NA/1,,z\n",
                ONYM_BATCH_CSV,
                "2 a2 1/a 100:HS_ADMIN=16 101:hs_admin=17 1:T=1;3 a2 1/b 1:T=1;"
                "4 broken MALFORMED;");
}

/* The rows of failed: first as told, and again of its own file of failed rows, which is as it was.
 */
static void
check_failed(const char *failed, const char *expected)
{
    char *told = tell(failed, ONYM_BATCH_CSV, ONYM_BATCH_CREATE);
    char *again = strchr(told, '|');
    char *last;

    assert_non_null(again);
    *again++ = '\0';
    assert_string_equal(told, expected);
    last = tell(again, ONYM_BATCH_CSV, ONYM_BATCH_CREATE);
    assert_string_equal(strchr(last, '|') + 1, again);
    *strchr(last, '|') = '\0';
    assert_string_equal(last, expected);
    free(last);
    free(told);
}

static void
rows_of_csv_with_other_fields_than_the_header_stay_broken(void **state)
{
    (void)state;
    check_failed("id,1:T,2:U,3:V\n1/a,x\n1/b,x,y\n1/c,x,y,z,more\n1/d,x,5,6,\n",
                 "2 broken MALFORMED;3 broken MALFORMED;4 broken MALFORMED;5 broken MALFORMED;");
    /* what was added stands in front of the field that was missing */
    check_failed("id,1:T,2:U,row,code,reason\n1/a,x,2,4,why,y\n1/b,x,2,,y,\n",
                 "2 broken MALFORMED;3 broken MALFORMED;");
    check_twice("id,1:T,row,code,reason\n1/a,x,,,\n1/b,y,2,4,\"why, so\"\n", ONYM_BATCH_CSV,
                "2 a2 1/a 1:T=1;3 a2 1/b 1:T=1;");
    /* columns of the file itself that happen to be called so */
    check_twice("id,code,1:T\n1/a,x-1,y\n", ONYM_BATCH_CSV, "2 a2 1/a 1:T=1;");
    check_twice("id,row,code,reason,1:T\n1/a,,x-1,,y\n", ONYM_BATCH_CSV, "2 a2 1/a 1:T=1;");
}

static void
rows_of_csv_that_cannot_be_cut_stay_as_they_stand(void **state)
{
    static const char text[] = "id,1:T\r\n1/a,\"x\"y\r\n1/b,\"p,\nq\"r,1,2,z\n1/c,x\"\n"
                               "1/d,x\ry\n";
    char *told = tell(text, ONYM_BATCH_CSV, ONYM_BATCH_CREATE);

    (void)state;
    assert_string_equal(told, "2 broken MALFORMED;3 broken MALFORMED;4 broken MALFORMED;"
                              "5 broken MALFORMED;|id,1:T,row,code,reason\n"
                              "1/a,\"x\"y,2,7,\"a \"\"b\"\", c\"\n"
                              "1/b,\"p,\nq\"r,1,2,z,3,7,\"a \"\"b\"\", c\"\n"
                              "1/c,x\",4,7,\"a \"\"b\"\", c\"\n"
                              "1/d,x\ry,5,7,\"a \"\"b\"\", c\"\n");
    check_failed(strchr(told, '|') + 1,
                 "2 broken MALFORMED;3 broken MALFORMED;4 broken MALFORMED;5 broken MALFORMED;");
    free(told);
    /* bytes that are no text would be something else when they are read again */
    check_failed("id,1:T\n1/a,\"x\"\xFF\n1/b,\xFF\n1/c,\"x\n\"\xFF,z\n",
                 "2 broken MALFORMED;3 broken MALFORMED;4 broken MALFORMED;");
}

/* Of spreadsheets: what is not plain UTF-8 has its failed rows with the mark of UTF-8, and they are
 * read as UTF-8 also when the command still names the encoding of the file. */
static void
failed_rows_of_other_encodings_bear_a_mark(void **state)
{
    char path[32];
    struct onym_batch_input input = {.path = path, .encoding = "GB18030"};
    struct onym_batch_rows *rows = NULL;
    struct onym_batch_row *row;
    struct onym_fault fault = {.status = ONYM_OK};
    char *told = tell("\xEF\xBB\xBFid,1:T\n1/a,\xE5\x89\x8D\n", ONYM_BATCH_CSV, ONYM_BATCH_CREATE);

    (void)state;
    assert_string_equal(told, "2 a2 1/a 1:T=3;|\xEF\xBB\xBFid,1:T,row,code,reason\n"
                              "1/a,\xE5\x89\x8D,2,7,\"a \"\"b\"\", c\"\n");
    put_file(path, strchr(told, '|') + 1);
    assert_int_equal(onym_batch_rows_open(&input, &rows, &fault), ONYM_OK);
    assert_string_equal(onym_batch_rows_encoding(rows), "UTF-8");
    assert_int_equal(onym_batch_rows_next(rows, &row, &fault), ONYM_OK);
    assert_int_equal(row->values[0].data.len, 3);
    onym_batch_row_free(row);
    onym_batch_rows_close(rows);
    (void)unlink(path);
    free(told);
    told = tell("id,1:T\n1/a,\xBC\xF5\n", ONYM_BATCH_CSV, ONYM_BATCH_CREATE);
    assert_string_equal(told, "2 a2 1/a 1:T=3;|\xEF\xBB\xBFid,1:T,row,code,reason\n"
                              "1/a,\xE5\x87\x8F,2,7,\"a \"\"b\"\", c\"\n");
    free(told);
}

static void
rows_of_handle_batches(void **state)
{
    static const struct {
        const char *text;
        const char *told;
    } table[] = {
        {"CREATE 1/a\n1 URL 60 1110 UTF8 x y\n\nDELETE 1/b\n", "1 a2 1/a 1:URL=3;4 a3 1/b;"},
        {"create 1/a \r\n\r\n", "1 a2 1/a;"},
        {"DELETE 1/a\nDELETE 1/b", "1 a3 1/a;2 a3 1/b;"},
        {"# c\n\nADD 1/a\n# c\n100 HS_ADMIN 1 1110 ADMIN 300:111111111111:0.NA/1\n",
         "3 a4 1/a 100:HS_ADMIN=16;"},
        {"MODIFY 1/a\n1 T 1 1110 UTF8 \n", "1 a6 1/a 1:T=0;"},
        {"MODIFY 1/a\n", "1 broken VALUE_INVALID;"},
        {"REMOVE 1,22:1/a\n", "1 a5 1/a #1 #22;"},
        {"REMOVE 1,x:1/a\n", "1 broken MALFORMED;"},
        {"REMOVE 1/a\n", "1 broken MALFORMED;"},
        {"HOME 10.0.0.1:2641:TCP\n0.NA/1\n0.NA/2\n\nUNHOME 0.NA/1\n",
         "2 a7 0.NA/1;3 a7 0.NA/2;5 a8 0.NA/1;"},
        {"HOME 88.1\nUNHOME 88.2\n", "1 a7 0.NA/88.1;2 a8 0.NA/88.2;"},
        {"HOME 10.0.0.1:2641:TCP\n88.1\n", "2 a7 0.NA/88.1;"},
        {"HOME 10.0.0.1:2641:TCP\n\n0.NA/1\n", "1 broken MALFORMED;3 broken MALFORMED;"},
        {"UNHOME\n", "1 broken MALFORMED;"},
        {"HOME\nDELETE 1/a\n", "1 broken MALFORMED;2 a3 1/a;"},
        {"AUTHENTICATE PUBKEY:300:0.NA/1\n/k.pem|\n\nDELETE 1/a\n", "1 i2 0.NA/1 #300;4 a3 1/a;"},
        {"AUTHENTICATE PUBKEY:300:0.NA/1\n/k.pem|pass\n", "1 broken MALFORMED;"},
        {"AUTHENTICATE 300:0.NA/1\n/k.pem\n", "1 broken MALFORMED;"},
        {"CREATE 1/a\n1 URL 60 111 UTF8 x\n\nDELETE 1/b\n", "1 broken MALFORMED;4 a3 1/b;"},
        {"CREATE 1/a\n1 URL 60 1110 FILE /x\n", "1 broken MALFORMED;"},
        {"CREATE 1/a\n100 HS_ADMIN 1 1110 ADMIN 300:1:0.NA/1\n", "1 broken MALFORMED;"},
        {"1 URL\n", "1 broken MALFORMED;"},
        /* GB18030 is no UTF8, whatever the line says */
        {"CREATE 1/a\n1 URL 60 1110 UTF8 \xC7\xB0\xBC\xF5\n", "1 broken MALFORMED;"},
        {"CREATE 1/\xBC\xF5\n", "1 broken NAME_INVALID;"},
        {"CREATE 1/a\n1 \xBC\xF5 60 1110 UTF8 x\n", "1 broken MALFORMED;"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char *told = tell(table[i].text, ONYM_BATCH_HANDLE, ONYM_BATCH_CREATE);

        *strchr(told, '|') = '\0';
        assert_string_equal(told, table[i].told);
        free(told);
    }
}

static void
formats_are_found_by_content(void **state)
{
    static const struct {
        const char *text;
        enum onym_batch_format format;
    } table[] = {{"id,1:T\n", ONYM_BATCH_CSV},
                 {"\n{\"handle\":1}\n", ONYM_BATCH_NDJSON},
                 {"# x\n\nDELETE 1/a\n", ONYM_BATCH_HANDLE}};

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char path[32];
        struct onym_batch_input input = {.path = path};
        struct onym_batch_rows *rows = NULL;
        struct onym_fault fault = {.status = ONYM_OK};

        put_file(path, table[i].text);
        assert_int_equal(onym_batch_rows_open(&input, &rows, &fault), ONYM_OK);
        assert_int_equal(onym_batch_rows_format(rows), table[i].format);
        onym_batch_rows_close(rows);
        (void)unlink(path);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_ndjson),
        cmocka_unit_test(rows_of_ndjson_that_are_broken),
        cmocka_unit_test(rows_to_delete_need_only_a_name),
        cmocka_unit_test(rows_of_csv),
        cmocka_unit_test(a_column_of_csv_names_administrators),
        cmocka_unit_test(rows_of_csv_with_other_fields_than_the_header_stay_broken),
        cmocka_unit_test(rows_of_csv_that_cannot_be_cut_stay_as_they_stand),
        cmocka_unit_test(failed_rows_of_other_encodings_bear_a_mark),
        cmocka_unit_test(rows_of_handle_batches),
        cmocka_unit_test(formats_are_found_by_content),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
