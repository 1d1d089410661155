/* Lists of both mouths, homing, and the jobs that carry them. */
#include "unit/service/http_play.h"

#include "onym/model/ident.h"
#include "store/scan.h"

/* Many records in one transaction: PREFIX "/item-NNNNN", filled up with x to len bytes. */
static void
put_many(struct play *p, unsigned count, size_t len)
{
    static char name[ONYM_NAME_LEN_MAX + 1];
    struct onym_change *change;
    struct onym_fault fault = {0};

    assert_int_equal(onym_change_begin(p->store.env, &change, &fault), ONYM_OK);
    for (unsigned i = 0; i < count; i++) {
        uint8_t folded[ONYM_NAME_LEN_MAX];
        uint8_t key[ONYM_CHANGE_KEY_LEN_MAX];
        /* some with what a Link must not have as it stands */
        size_t at = (size_t)snprintf(name, sizeof name, PREFIX "/item%c%05u",
                                     i / 10 == 249 ? '>' : '-', i);
        struct onym_record record = {.name = onym_span_of(name, at < len ? len : at),
                                     .state = ONYM_STATE_ACTIVE,
                                     .revision = 3,
                                     .created_ms = 1000000,
                                     .modified_ms = 2000000};

        memset(name + at, 'x', sizeof name - at);
        onym_ident_upper(record.name, folded);
        assert_int_equal(
            onym_change_put(change,
                            onym_change_key(change, ONYM_KIND_HANDLE,
                                            onym_span_of(folded, record.name.len), key),
                            &record),
            ONYM_OK);
    }
    assert_int_equal(onym_change_commit(change, &fault), ONYM_OK);
}

static void
get(struct play *p, const char *target)
{
    char login[512];

    play_get(p, target, play_basic(GOOD_LOGIN, login));
}

static void
expect_list(struct play *p, const char *total, const char *first, size_t count)
{
    json_t *json = play_json(p);
    json_t *handles = json_object_get(json, "handles");

    assert_int_equal(play_status(p), 200);
    assert_string_equal(json_string_value(json_object_get(json, "totalCount")), total);
    assert_int_equal(json_array_size(handles), count);
    if (first != NULL) {
        assert_string_equal(json_string_value(json_array_get(handles, 0)), first);
    }
    json_decref(json);
}

static void
facade_lists_in_pages(void **state)
{
    struct play *p = *state;
    json_t *json;

    put_many(p, 5, 0);
    get(p, "/api/handles?prefix=" PREFIX);
    expect_list(p, "6", PREFIX "/A", 6);
    json = play_json(p);
    assert_null(json_object_get(json, "page"));
    assert_string_equal(json_string_value(json_object_get(json, "prefix")), PREFIX);
    json_decref(json);
    get(p, "/api/handles/?prefix=" PREFIX "&page=1&pageSize=2");
    expect_list(p, "6", PREFIX "/item-00001", 2);
    assert_int_equal(play_number(p, "page"), 1);
    assert_int_equal(play_number(p, "pageSize"), 2);
    get(p, "/api/handles?prefix=" PREFIX "&pageSize=0");
    expect_list(p, "6", NULL, 0);
    get(p, "/api/handles?prefix=" PREFIX "&page=2&pageSize=4");
    expect_list(p, "6", NULL, 0);
    get(p, "/api/handles?prefix=" PREFIX "&page=1&pageSize=4");
    expect_list(p, "6", PREFIX "/item-00003", 2);
    get(p, "/api/handles?prefix=" PREFIX "&page=1000000000&pageSize=1000000000");
    expect_list(p, "6", NULL, 0);
    get(p, "/api/handles?prefix=" PREFIX ".1&pretty"); /* derived, and not homed here */
    assert_int_equal(play_number(p, "responseCode"), 301);
}

static void
facade_refuses_what_is_no_page(void **state)
{
    struct play *p = *state;
    static const char *const bad[] = {"&page=x", "&page=1", "&pageSize=-1",
                                      "&page=1&pageSize=", "&page=9999999999999999999&pageSize=9"};
    char target[ONYM_SCAN_STEM_MAX + 64];

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)snprintf(target, sizeof target, "/api/handles?prefix=" PREFIX "%s", bad[i]);
        get(p, target);
        assert_int_equal(play_status(p), 400);
        assert_int_equal(play_number(p, "responseCode"), 4);
    }
    get(p, "/api/handles");
    assert_int_equal(play_status(p), 400);
    get(p, "/api/handles?prefix=%zz");
    assert_int_equal(play_status(p), 400);
    /* the longest prefix a key can be compared with, and one byte more */
    for (size_t over = 0; over < 2; over++) {
        size_t at = (size_t)snprintf(target, sizeof target, "/api/handles?prefix=");

        memset(target + at, '9', ONYM_SCAN_STEM_MAX - 1 + over);
        target[at + ONYM_SCAN_STEM_MAX - 1 + over] = '\0';
        get(p, target);
        assert_int_equal(play_number(p, "responseCode"), over == 0 ? 301 : 4);
    }
}

static void
only_who_may_list_does(void **state)
{
    struct play *p = *state;
    uint8_t bytes[1024];
    struct onym_value_list none = {0};
    struct onym_value_list closed = {0};
    char login[512];

    play_get(p, "/api/handles?prefix=" PREFIX, "");
    assert_int_equal(play_status(p), 401);
    assert_int_equal(play_number(p, "responseCode"), 402);
    play_expect_text(p, "handle", PREFIX);
    play_get(p, "/api/v1/identifiers?prefix=" PREFIX, "");
    assert_int_equal(play_status(p), 401);
    play_add(&closed, bytes, 1, "HS_SECKEY", onym_span_text("mine"),
             ONYM_PERM_ADMIN_READ | ONYM_PERM_ADMIN_WRITE);
    temp_store_put(&p->store, PREFIX "/user", none, closed);
    (void)play_basic("1%3A" PREFIX "/user:mine", login);
    play_get(p, "/api/handles?prefix=" PREFIX, login);
    assert_int_equal(play_status(p), 403);
    assert_int_equal(play_number(p, "responseCode"), 400);
    /* what is not under one prefix is for administrators of the server */
    static const char *const all[] = {"/api/v1/identifiers", "/api/v1/prefixes", "/api/prefixes"};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        get(p, all[i]);
        assert_int_equal(play_status(p), 403);
        p->server_admin = true;
        get(p, all[i]);
        assert_int_equal(play_status(p), 200);
        p->server_admin = false;
    }
    play_connect(p, false);
    play_get(p, "/api/handles?prefix=" PREFIX, login);
    assert_int_equal(play_status(p), 403);
    assert_int_equal(play_number(p, "responseCode"), 402);
}

/* Follows Link until there is none; returns how many names came, each greater than the last. */
static unsigned
walk(struct play *p, const char *target, unsigned *pages)
{
    char link[4096];
    char last[128] = "";
    unsigned names = 0;
    size_t i;
    json_t *item;

    (void)snprintf(link, sizeof link, "%s", target);
    for (*pages = 1;; ++*pages) {
        get(p, link);
        assert_int_equal(play_status(p), 200);
        json_t *json = play_json(p);
        const char *next = json_string_value(json_object_get(json, "next"));

        json_array_foreach(json_object_get(json, "items"), i, item)
        {
            const char *name = json_string_value(json_object_get(item, "handle"));

            assert_true(strcmp(name, last) > 0);
            (void)snprintf(last, sizeof last, "%s", name);
            names++;
        }
        if (next == NULL) {
            assert_true(json_is_null(json_object_get(json, "next")));
            assert_string_equal(play_header(p, "Link", link, sizeof link), "");
            json_decref(json);
            return names;
        }
        (void)play_header(p, "Link", link, sizeof link);
        assert_non_null(strstr(link, next));
        assert_non_null(strstr(link, ">; rel=\"next\""));
        *strchr(link, '>') = '\0';
        memmove(link, link + 1, strlen(link));
        json_decref(json);
    }
}

static void
v1_walks_with_cursors(void **state)
{
    struct play *p = *state;
    unsigned pages;

    put_many(p, 2499, 0);
    assert_int_equal(walk(p, "/api/v1/identifiers?prefix=" PREFIX "&limit=1000", &pages), 2500);
    assert_int_equal(pages, 3);
    assert_int_equal(walk(p, "/api/v1/identifiers?prefix=" PREFIX "&limit=500&pretty", &pages),
                     2500);
    assert_int_equal(pages, 5); /* exactly full pages: the last one says so */
    assert_int_equal(walk(p, "/api/v1/identifiers?prefix=" PREFIX "/item-02", &pages), 490);
    assert_int_equal(pages, 5);
    assert_int_equal(walk(p, "/api/v1/identifiers?prefix=" PREFIX "/item>&limit=4", &pages), 9);
    assert_int_equal(walk(p, "/api/v1/identifiers?prefix=" PREFIX "/item%3E&limit=4", &pages), 9);
    assert_int_equal(pages, 3);
    assert_int_equal(walk(p, "/api/v1/identifiers?prefix=" PREFIX "%2FITEM-0248", &pages), 10);
    get(p, "/api/v1/identifiers?prefix=" PREFIX "&limit=1&count");
    assert_int_equal(play_number(p, "total"), 2500);
    get(p, "/api/v1/identifiers?prefix=" PREFIX "&limit=1");
    json_t *json = play_json(p);
    char target[512];

    assert_null(json_object_get(json, "total"));
    (void)snprintf(target, sizeof target,
                   "/api/v1/identifiers?prefix=" PREFIX "&limit=2&count=true&cursor=%s",
                   json_string_value(json_object_get(json, "next")));
    json_decref(json);
    get(p, target);
    assert_int_equal(play_number(p, "total"), 2500); /* of the whole list, not of the rest */
    json = play_json(p);
    json_t *first = json_array_get(json_object_get(json, "items"), 0);
    assert_string_equal(json_string_value(json_object_get(first, "handle")), PREFIX "/item-00000");
    assert_int_equal(json_integer_value(json_object_get(first, "revision")), 3);
    assert_string_equal(json_string_value(json_object_get(first, "modified")),
                        "1970-01-01T00:33:20Z");
    json_decref(json);
}

static void
v1_refuses_bad_limits_and_cursors(void **state)
{
    struct play *p = *state;
    static const struct {
        const char *query;
        const char *field;
    } bad[] = {{"limit=0", "limit"},     {"limit=1001", "limit"},  {"limit=ten", "limit"},
               {"cursor=", "cursor"},    {"cursor=%21", "cursor"}, {"cursor=aA", "cursor"},
               {"cursor=cDg4", "cursor"} /* "p88" */};
    char target[2048];

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)snprintf(target, sizeof target, "/api/v1/identifiers?prefix=" PREFIX "&%s",
                       bad[i].query);
        get(p, target);
        assert_int_equal(play_status(p), 400);
        play_expect_text(p, "field", bad[i].field);
    }
    size_t at = (size_t)snprintf(target, sizeof target,
                                 "/api/v1/identifiers?prefix=" PREFIX "&cursor=");

    memset(target + at, 'A', 1000);
    target[at + 1000] = '\0';
    get(p, target);
    assert_int_equal(play_status(p), 400);
    get(p, "/api/v1/identifiers?prefix=" PREFIX "&limit=1000");
    assert_int_equal(play_status(p), 200);
}

/* Long names have keys that are cut; the scan goes on behind them all the same. */
static void
names_longer_than_keys_are_listed(void **state)
{
    struct play *p = *state;
    static char name[ONYM_NAME_LEN_MAX + 1];
    struct onym_value_list none = {0};

    memset(name, 'X', sizeof name - 1);
    memcpy(name, PREFIX "/", sizeof PREFIX);
    temp_store_put(&p->store, name, none, none);
    name[700] = '\0';
    temp_store_put(&p->store, name, none, none);
    get(p, "/api/handles?prefix=" PREFIX);
    expect_list(p, "3", PREFIX "/A", 3);
    get(p, "/api/v1/identifiers?prefix=" PREFIX "&limit=2&count");
    json_t *json = play_json(p);
    char target[4096];

    (void)snprintf(target, sizeof target, "/api/v1/identifiers?prefix=" PREFIX "&cursor=%s",
                   json_string_value(json_object_get(json, "next")));
    json_decref(json);
    get(p, target);
    json = play_json(p);
    assert_int_equal(json_array_size(json_object_get(json, "items")), 1);
    assert_true(json_is_null(json_object_get(json, "next")));
    json_decref(json);
}

static void
a_long_list_is_done_in_slices(void **state)
{
    struct play *p = *state;

    put_many(p, 45000, 0);
    p->slices = 0;
    get(p, "/api/handles?prefix=" PREFIX "&page=0&pageSize=0");
    expect_list(p, "45001", NULL, 0);
    assert_true(p->slices >= 3); /* 20000 keys each at most */
    p->slices = 0;
    get(p, "/api/handles?prefix=" PREFIX "&page=43&pageSize=1000");
    expect_list(p, "45001", PREFIX "/item-43009", 1000); /* the ten with '>' come last */
    assert_true(p->slices >= 5);
    get(p, "/api/v1/identifiers?prefix=" PREFIX "&limit=1000&count");
    assert_int_equal(play_number(p, "total"), 45001);
    p->busy = true;
    get(p, "/api/v1/identifiers?prefix=" PREFIX);
    assert_int_equal(play_status(p), 503);
    get(p, "/api/handles?prefix=" PREFIX);
    assert_int_equal(play_number(p, "responseCode"), 3);
}

/* A list that does not fit an answer says so; a page of v1 ends earlier instead. */
static void
what_does_not_fit_is_told(void **state)
{
    struct play *p = *state;

    put_many(p, 3500, ONYM_NAME_LEN_MAX);
    get(p, "/api/handles?prefix=" PREFIX);
    assert_int_equal(play_status(p), 400);
    assert_int_equal(play_number(p, "responseCode"), 4);
    get(p, "/api/handles?prefix=" PREFIX "&pageSize=1000");
    expect_list(p, "3501", NULL, 1000);
}

static void
damage_is_counted_and_not_told(void **state)
{
    struct play *p = *state;
    uint8_t bytes[64] = {0};
    struct onym_value_list list = {.raw = {bytes, sizeof bytes}, .count = 5};
    struct onym_value_list none = {0};

    temp_store_put(&p->store, PREFIX "/b", list, none); /* its values are none; its form is fine */
    get(p, "/api/handles?prefix=" PREFIX);
    expect_list(p, "2", PREFIX "/A", 2);
}

/* ---- homing ---- */

static void
change(struct play *p, const char *method, const char *target)
{
    char text[1024];
    char login[512];

    (void)snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: n\r\n%s\r\n", method, target,
                   play_basic(GOOD_LOGIN, login));
    play_say(p, text);
}

static void
prefixes_are_homed_and_let_go(void **state)
{
    struct play *p = *state;
    json_t *json;

    change(p, "PUT", "/api/v1/prefixes/88.7");
    assert_int_equal(play_status(p), 403);
    p->server_admin = true;
    change(p, "PUT", "/api/v1/prefixes/88.7");
    assert_int_equal(play_status(p), 201);
    play_expect_text(p, "prefix", "88.7");
    play_expect_text(p, "status", "homed");
    change(p, "PUT", "/api/v1/prefixes/0.NA%2F88.7");
    assert_int_equal(play_status(p), 200);
    play_expect_text(p, "status", "unchanged");
    change(p, "POST", "/api/prefixes/0.NA/88.8");
    assert_int_equal(play_status(p), 200);
    play_expect_text(p, "handle", "0.NA/88.8");
    get(p, "/api/prefixes");
    json = play_json(p);
    assert_string_equal(json_string_value(json_object_get(json, "totalCount")), "3");
    assert_string_equal(json_string_value(json_array_get(json_object_get(json, "prefixes"), 0)),
                        ADMIN);
    json_decref(json);
    get(p, "/api/v1/prefixes?limit=2");
    json = play_json(p);
    assert_int_equal(json_array_size(json_object_get(json, "items")), 2);
    assert_true(json_is_string(json_object_get(json, "next")));
    json_decref(json);
    change(p, "DELETE", "/api/v1/prefixes/88.7");
    assert_int_equal(play_status(p), 200);
    play_expect_text(p, "status", "unhomed");
    change(p, "DELETE", "/api/v1/prefixes/88.7");
    assert_int_equal(play_status(p), 404);
    change(p, "DELETE", "/api/prefixes/0.NA/88.8");
    assert_int_equal(play_number(p, "responseCode"), 1);
    change(p, "PUT", "/api/v1/prefixes/88.x");
    assert_int_equal(play_status(p), 400);
    play_say(p, "PUT /api/v1/prefixes/88.9 HTTP/1.1\r\nHost: n\r\n\r\n");
    assert_int_equal(play_status(p), 401);
}

int
main(void)
{
#define LIST_TEST(name) cmocka_unit_test_setup_teardown(name, play_setup, play_teardown)
    const struct CMUnitTest tests[] = {
        LIST_TEST(facade_lists_in_pages),
        LIST_TEST(facade_refuses_what_is_no_page),
        LIST_TEST(only_who_may_list_does),
        LIST_TEST(v1_walks_with_cursors),
        LIST_TEST(v1_refuses_bad_limits_and_cursors),
        LIST_TEST(names_longer_than_keys_are_listed),
        LIST_TEST(a_long_list_is_done_in_slices),
        LIST_TEST(what_does_not_fit_is_told),
        LIST_TEST(damage_is_counted_and_not_told),
        LIST_TEST(prefixes_are_homed_and_let_go),
    };

    return cmocka_run_group_tests_name("routes_list", tests, NULL, NULL);
}
