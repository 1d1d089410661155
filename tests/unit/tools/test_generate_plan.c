#include "tools/generate_plan.h"

#include "base/rng.h"
#include "tools/generate_record.h"
#include "tools/generate_sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define NAME_LEN 72U

struct names {
    char (*at)[NAME_LEN];
    size_t count;
};

static struct onym_generate_plan
plan_of(uint64_t records, uint64_t seed, unsigned attributes, bool shuffle)
{
    struct onym_generate_plan plan;

    onym_generate_plan_init(
        &plan, &(struct onym_generate_options){
                   .records = records, .seed = seed, .attributes = attributes, .shuffle = shuffle});
    return plan;
}

static void
name_of(const struct onym_generate_item *item, char *out)
{
    struct onym_writer w = onym_writer_over((uint8_t *)out, NAME_LEN - 1);

    onym_generate_name(item, &w);
    assert_int_equal(w.status, ONYM_OK);
    out[w.len] = '\0';
}

static int
by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static struct names
names_new(size_t count)
{
    struct names names = {.at = calloc(count + 1, NAME_LEN), .count = count};

    assert_non_null(names.at);
    return names;
}

/* All names of a plan in order of output, the sample's in front when asked for. */
static struct names
names_of(const struct onym_generate_plan *plan, bool with_sample)
{
    size_t first = with_sample ? ONYM_SAMPLES : 0;
    struct names names = names_new(first + (size_t)plan->options.records);
    struct onym_generate_item item;

    for (unsigned i = 0; i < first; i++) {
        onym_generate_sample(i + 1, &item);
        name_of(&item, names.at[i]);
    }
    for (uint64_t n = 0; n < plan->options.records; n++) {
        onym_generate_nth(plan, n, &item);
        name_of(&item, names.at[first + n]);
    }
    return names;
}

/* Sorts, and fails on the first name that stands twice. */
static void
assert_unique(struct names names)
{
    qsort(names.at, names.count, NAME_LEN, by_text);
    for (size_t i = 1; i < names.count; i++) {
        if (strcmp(names.at[i - 1], names.at[i]) == 0) {
            fail_msg("%s stands twice", names.at[i]);
        }
    }
}

static void
names_are_unique_in_200000_records(void **state)
{
    static const unsigned modes[] = {0, 6};

    (void)state;
    for (size_t m = 0; m < sizeof modes / sizeof modes[0]; m++) {
        struct onym_generate_plan plan = plan_of(200000, ONYM_GENERATE_SEED, modes[m], false);
        struct names names = names_of(&plan, true);

        assert_unique(names);
        free(names.at);
    }
}

/* In the largest data set: the first and last blocks of every enterprise, where counters are at
 * their ends, and places taken by chance. */
static void
names_are_unique_at_the_limit(void **state)
{
    enum { ENDS = 64, BY_CHANCE = 100000 };
    struct onym_generate_plan plan = plan_of(ONYM_GENERATE_RECORDS_MAX, ONYM_GENERATE_SEED, 0,
                                             true);
    struct names names = names_new(ONYM_CHAINS * ONYM_CHAIN_COMPANIES_MAX * 2 * ENDS);
    struct onym_generate_item item;
    size_t count = 0;

    (void)state;
    for (unsigned c = 0; c < ONYM_CHAINS; c++) {
        for (unsigned e = 0; e < ONYM_CHAIN_COMPANIES_MAX; e++) {
            uint64_t records = onym_generate_company_records(&plan, (enum onym_chain)c, e);

            for (unsigned i = 0; i < ENDS; i++) {
                onym_generate_at(&plan, (enum onym_chain)c, e, i, &item);
                name_of(&item, names.at[count++]);
                onym_generate_at(&plan, (enum onym_chain)c, e, records - 1 - i, &item);
                name_of(&item, names.at[count++]);
            }
        }
    }
    assert_int_equal(count, names.count);
    assert_unique(names);
    free(names.at);

    names = names_new(BY_CHANCE);
    for (size_t i = 0; i < BY_CHANCE; i++) {
        onym_generate_nth(&plan, i, &item); /* shuffled: anywhere in the range */
        name_of(&item, names.at[i]);
    }
    assert_unique(names);
    free(names.at);
}

static void
shuffle_is_a_permutation(void **state)
{
    static const uint64_t sizes[] = {1, 2, 3, 4, 5, 8, 15, 16, 17, 63, 64, 65, 1000, 4096, 20000};

    (void)state;
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        struct onym_generate_plan plain = plan_of(sizes[s], 7, 0, false);
        struct onym_generate_plan mixed = plan_of(sizes[s], 7, 0, true);
        struct names a = names_of(&plain, false);
        struct names b = names_of(&mixed, false);
        size_t same_place = 0;

        for (size_t i = 0; i < a.count; i++) {
            same_place += strcmp(a.at[i], b.at[i]) == 0;
        }
        if (sizes[s] >= 1000) {
            assert_true(same_place < sizes[s] / 50);
        }
        assert_unique(a);
        assert_unique(b);
        assert_memory_equal(a.at, b.at, a.count * NAME_LEN);
        free(a.at);
        free(b.at);
    }
}

static void
records_of_a_place_do_not_depend_on_the_order(void **state)
{
    struct onym_generate_plan plain = plan_of(5000, 7, 12, false);
    struct onym_generate_plan mixed = plan_of(5000, 7, 12, true);
    struct onym_generate_item a;
    struct onym_generate_item b;

    (void)state;
    onym_generate_nth(&plain, 4321, &a);
    for (uint64_t n = 0; n < 5000; n++) {
        onym_generate_nth(&mixed, n, &b);
        if (a.enterprise == b.enterprise && a.place == b.place) {
            assert_int_equal(a.noise, b.noise);
            assert_ptr_equal(a.product, b.product);
            return;
        }
    }
    fail_msg("the shuffled order lost a place");
}

static uint32_t
day_number(struct onym_date date)
{
    return date.year * 10000U + date.month * 100U + date.day;
}

/* What makes neighbours in the store share pages. */
static void
serials_ascend_inside_enterprise_and_day(void **state)
{
    struct onym_generate_plan plan = plan_of(100000, ONYM_GENERATE_SEED, 6, false);
    struct onym_generate_item last = {.enterprise = 0};
    unsigned days = 0;

    (void)state;
    for (uint64_t n = 0; n < plan.options.records; n++) {
        struct onym_generate_item item;

        onym_generate_nth(&plan, n, &item);
        assert_true(item.date.month >= 1 && item.date.month <= 12 && item.date.day >= 1 &&
                    item.date.day <= 31 && item.date.year == 2025);
        if (item.enterprise == last.enterprise) {
            assert_int_equal(item.place, last.place + 1);
            assert_true(day_number(item.date) >= day_number(last.date));
            if (day_number(item.date) == day_number(last.date) && item.serial_len == 6 &&
                last.serial_len == 6 && item.serial[0] != 'L' && last.serial[0] != 'L') {
                assert_true(memcmp(item.serial, last.serial, 6) > 0);
            }
            days += day_number(item.date) != day_number(last.date);
        }
        last = item;
    }
    assert_true(days > 1000);
}

static void
chains_and_enterprises_get_even_shares(void **state)
{
    static const uint64_t sizes[] = {0, 1, 7, 8, 9, 8000, 8003, 400001};

    (void)state;
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        struct onym_generate_plan plan = plan_of(sizes[s], 1, 0, false);
        uint64_t total = 0;

        for (unsigned c = 0; c < ONYM_CHAINS; c++) {
            uint64_t of_chain = 0;

            for (unsigned e = 0; e < onym_generate_companies(&plan, (enum onym_chain)c); e++) {
                of_chain += onym_generate_company_records(&plan, (enum onym_chain)c, e);
            }
            assert_in_range(of_chain, sizes[s] / ONYM_CHAINS, sizes[s] / ONYM_CHAINS + 1);
            total += of_chain;
        }
        assert_int_equal(total, sizes[s]);
    }
}

static unsigned
count_enterprises(uint64_t records, bool *seen, size_t seen_len)
{
    struct onym_generate_plan plan = plan_of(records, 1, 0, false);
    unsigned count = 0;

    memset(seen, 0, seen_len);
    for (unsigned c = 0; c < ONYM_CHAINS; c++) {
        for (unsigned e = 0; e < onym_generate_companies(&plan, (enum onym_chain)c); e++) {
            uint32_t number = onym_generate_enterprise((enum onym_chain)c, e);

            assert_true(number < seen_len);
            assert_false(seen[number]);
            seen[number] = true;
            count++;
        }
    }
    return count;
}

static void
enterprises_grow_with_the_data_and_never_collide(void **state)
{
    bool seen[512];

    (void)state;
    assert_int_equal(count_enterprises(0, seen, sizeof seen), 15);
    assert_int_equal(count_enterprises(8000, seen, sizeof seen), 15);
    for (unsigned i = 101; i <= 115; i++) {
        assert_true(seen[i]);
    }
    assert_int_equal(count_enterprises(48000 - 1, seen, sizeof seen), 16);
    assert_int_equal(count_enterprises(48000, seen, sizeof seen), 24);
    assert_int_equal(count_enterprises(399999, seen, sizeof seen), 192);
    assert_int_equal(count_enterprises(400000, seen, sizeof seen), 200);
    assert_int_equal(count_enterprises(ONYM_GENERATE_RECORDS_MAX, seen, sizeof seen), 200);
    assert_false(seen[130]); /* these two run their own server */
    assert_false(seen[131]);
}

/* A record that points somewhere points to a record of the same data set. */
static void
relations_lead_to_records_of_the_data_set(void **state)
{
    static const uint64_t sizes[] = {1, 5, 8, 40, 300, 20000};

    (void)state;
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        struct onym_generate_plan plan = plan_of(sizes[s], ONYM_GENERATE_SEED, 0, false);
        struct names names = names_of(&plan, true);
        unsigned found = 0;

        qsort(names.at, names.count, NAME_LEN, by_text);
        for (uint64_t n = 0; n < plan.options.records; n++) {
            struct onym_generate_item item;

            onym_generate_nth(&plan, n, &item);
            for (int r = ONYM_REL_PARENT; r <= ONYM_REL_DIE; r++) {
                struct onym_generate_item target;
                char name[NAME_LEN];

                if (!onym_generate_related(&plan, &item, (enum onym_relation)r, &target) &&
                    !onym_generate_sample_related(&item, (enum onym_relation)r, &target)) {
                    assert_int_equal(r, ONYM_REL_DIE);
                    continue;
                }
                name_of(&target, name);
                assert_non_null(bsearch(name, names.at, names.count, NAME_LEN, by_text));
                found++;
            }
        }
        assert_true(found >= 8 * sizes[s]);
        free(names.at);
    }
}

static void
relations_lead_to_the_right_kind(void **state)
{
    struct onym_generate_plan plan = plan_of(20000, ONYM_GENERATE_SEED, 0, false);
    struct onym_generate_item vehicle;
    struct onym_generate_item part;
    struct onym_generate_item target;

    (void)state;
    onym_generate_at(&plan, ONYM_CV, 0, 32, &vehicle);
    assert_int_equal(vehicle.product->kind, ONYM_PART_VEHICLE);
    assert_true(onym_generate_related(&plan, &vehicle, ONYM_REL_ENGINE, &target));
    assert_true((target.product->tags & ONYM_TAG_ENGINE) != 0);
    assert_true(onym_generate_related(&plan, &vehicle, ONYM_REL_GEARBOX, &target));
    assert_true((target.product->tags & ONYM_TAG_GEARBOX) != 0);
    assert_true(onym_generate_related(&plan, &vehicle, ONYM_REL_AXLE, &target));
    assert_true((target.product->tags & ONYM_TAG_AXLE) != 0);
    assert_int_equal(target.product->kind, ONYM_PART_ASSEMBLY);
    assert_true(onym_generate_related(&plan, &vehicle, ONYM_REL_DIE, &target));
    assert_true((target.product->tags & ONYM_TAG_DIE) != 0);
    assert_true(onym_generate_related(&plan, &vehicle, ONYM_REL_TEST, &target));
    assert_int_equal(target.product->kind, ONYM_PART_RECORD);
    onym_generate_at(&plan, ONYM_CV, 0, 37, &part);
    assert_true(onym_generate_related(&plan, &part, ONYM_REL_PARENT, &target));
    assert_int_equal(target.place, 32);
    assert_true(onym_generate_related(&plan, &part, ONYM_REL_BATCH, &target));
    assert_int_equal(target.product->kind, ONYM_PART_BATCH);
    onym_generate_at(&plan, ONYM_CV, 0, 33, &part);
    assert_true(onym_generate_related(&plan, &part, ONYM_REL_BATCH, &target));
    assert_int_equal(target.place, 17);
    onym_generate_at(&plan, ONYM_CV, 0, 1, &part); /* the first batch has no earlier one */
    assert_false(onym_generate_related(&plan, &part, ONYM_REL_BATCH, &target));
}

static void
every_product_has_enough_fields_for_each_count(void **state)
{
    static const unsigned counts[] = {6, 12, 24};

    (void)state;
    for (unsigned c = 0; c < ONYM_CHAINS; c++) {
        assert_true(onym_chain_field_count((enum onym_chain)c) <= ONYM_FIELDS_MAX);
        for (unsigned p = 0; p < onym_chains[c].product_count; p++) {
            const struct onym_product *product = &onym_chains[c].products[p];

            for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
                uint64_t mask = onym_generate_fields((enum onym_chain)c, product, counts[i],
                                                     ONYM_DEPTH_REQUIRED);

                assert_int_equal(__builtin_popcountll(mask), counts[i]);
            }
        }
    }
}

/* The mix must never leave out what a template requires. */
static void
the_mix_holds_every_required_field(void **state)
{
    struct onym_generate_plan plan = plan_of(4000, ONYM_GENERATE_SEED, 0, false);

    (void)state;
    for (uint64_t n = 0; n < plan.options.records; n++) {
        struct onym_generate_item item;

        onym_generate_nth(&plan, n, &item);
        for (unsigned i = 0; i < onym_chain_field_count(item.chain); i++) {
            const struct onym_field *field = onym_chain_field(item.chain, i);

            if (field->depth == ONYM_DEPTH_REQUIRED && onym_field_applies(field, item.product)) {
                assert_true((item.fields >> i & 1) != 0);
            }
        }
    }
}

static void
seeds_change_the_values(void **state)
{
    struct onym_generate_plan a = plan_of(8000, 1, 0, false);
    struct onym_generate_plan b = plan_of(8000, 2, 0, false);
    struct names of_a = names_of(&a, false);
    struct names of_b = names_of(&b, false);
    size_t same = 0;

    (void)state;
    for (size_t i = 0; i < of_a.count; i++) {
        same += strcmp(of_a.at[i], of_b.at[i]) == 0;
    }
    assert_true(same < of_a.count / 4);
    free(of_a.at);
    free(of_b.at);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_unique_in_200000_records),
        cmocka_unit_test(names_are_unique_at_the_limit),
        cmocka_unit_test(shuffle_is_a_permutation),
        cmocka_unit_test(records_of_a_place_do_not_depend_on_the_order),
        cmocka_unit_test(serials_ascend_inside_enterprise_and_day),
        cmocka_unit_test(chains_and_enterprises_get_even_shares),
        cmocka_unit_test(enterprises_grow_with_the_data_and_never_collide),
        cmocka_unit_test(relations_lead_to_records_of_the_data_set),
        cmocka_unit_test(relations_lead_to_the_right_kind),
        cmocka_unit_test(every_product_has_enough_fields_for_each_count),
        cmocka_unit_test(the_mix_holds_every_required_field),
        cmocka_unit_test(seeds_change_the_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
