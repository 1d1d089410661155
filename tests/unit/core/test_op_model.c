/* Random operations against a naive model: whatever the order of operations, the record is the one
 * a slow and plain program makes. A failure names its seed; ONYM_TEST_SEED=N runs that one alone.
 */
#include "base/rng.h"
#include "op_test.h"

#define NAME    "88.1.2/part"
#define SEEDS   150U
#define STEPS   150U
#define VALUES  24U /* indexes 1 to 12, so a request may name one twice */
#define INDEXES 12U

struct plain {
    uint32_t index;
    char type;
    unsigned data;
    uint8_t permissions;
    bool fresh;
};

struct plain_list {
    struct plain value[VALUES];
    size_t count;
};

struct model {
    bool exists;
    uint64_t revision;
    struct plain_list values;
};

/* What one step asks. */
struct step {
    enum onym_action action;
    bool overwrite;
    struct plain_list values; /* REMOVE: only the indexes */
};

struct verdict {
    enum onym_status status;
    enum onym_op_effect effect;
    bool replaced;
};

static struct plain *
find(struct plain_list *list, uint32_t index)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->value[i].index == index) {
            return &list->value[i];
        }
    }
    return NULL;
}

static bool
same(const struct plain *a, const struct plain *b)
{
    return a->type == b->type && a->data == b->data && a->permissions == b->permissions;
}

static bool
has_twice(const struct plain_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (list->value[i].index == list->value[j].index) {
                return true;
            }
        }
    }
    return false;
}

static void
take_out(struct plain_list *list, uint32_t index)
{
    struct plain_list kept = {0};

    for (size_t i = 0; i < list->count; i++) {
        if (list->value[i].index != index) {
            kept.value[kept.count++] = list->value[i];
        }
    }
    *list = kept;
}

static void
public_first(struct plain_list *list)
{
    struct plain_list parted = {0};

    for (unsigned part = 0; part < 2; part++) {
        for (size_t i = 0; i < list->count; i++) {
            if (((list->value[i].permissions & ONYM_PERM_PUBLIC_READ) == 0) == (part == 1)) {
                parted.value[parted.count++] = list->value[i];
            }
        }
    }
    *list = parted;
}

static void
sort_by_index(struct plain_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        for (size_t j = i + 1; j < list->count; j++) {
            if (list->value[j].index < list->value[i].index) {
                struct plain moving = list->value[i];

                list->value[i] = list->value[j];
                list->value[j] = moving;
            }
        }
    }
}

static enum onym_status
refuse(struct model *m, const struct step *s)
{
    bool writes = s->action == ONYM_ACTION_CREATE || s->action == ONYM_ACTION_ADD;
    struct plain_list sent = s->values;

    if (s->action == ONYM_ACTION_ADD && sent.count == 0) {
        return ONYM_VALUE_INVALID;
    }
    if (writes && has_twice(&sent)) {
        return ONYM_VALUE_EXISTS;
    }
    if (s->action == ONYM_ACTION_CREATE) {
        return m->exists && !s->overwrite ? ONYM_EXISTS : ONYM_OK;
    }
    if (!m->exists) {
        return ONYM_NOT_FOUND;
    }
    if (s->action == ONYM_ACTION_REMOVE && sent.count == 0) {
        return ONYM_VALUE_NOT_FOUND;
    }
    for (size_t i = 0; i < sent.count; i++) {
        bool met = find(&m->values, sent.value[i].index) != NULL;

        if (s->action == ONYM_ACTION_ADD && met && !s->overwrite) {
            return ONYM_VALUE_EXISTS;
        }
        if ((s->action == ONYM_ACTION_REMOVE || s->action == ONYM_ACTION_MODIFY) && !met) {
            return ONYM_VALUE_NOT_FOUND;
        }
    }
    if (s->action == ONYM_ACTION_MODIFY && (sent.count == 0 || has_twice(&sent))) {
        return ONYM_VALUE_INVALID;
    }
    return ONYM_OK;
}

/* The plain way. Returns whether anything is new. */
static bool
apply_values(struct model *m, const struct step *s, bool *replaced)
{
    struct plain_list before = m->values;
    struct plain_list sent = s->values;
    bool changed = !m->exists;

    if (s->action == ONYM_ACTION_CREATE) {
        *replaced = m->exists;
        changed |= before.count != sent.count;
        m->values.count = 0;
    }
    for (size_t i = 0; i < before.count; i++) {
        before.value[i].fresh = false;
        if (i < m->values.count) {
            m->values.value[i].fresh = false;
        }
    }
    for (size_t i = 0; i < sent.count; i++) {
        struct plain *old = find(&before, sent.value[i].index);
        struct plain now = sent.value[i];

        if (s->action == ONYM_ACTION_REMOVE) {
            take_out(&m->values, now.index);
            changed = true;
            continue;
        }
        now.fresh = old == NULL || !same(old, &now);
        changed |= now.fresh;
        *replaced |= old != NULL && s->action == ONYM_ACTION_ADD;
        if (s->action == ONYM_ACTION_MODIFY || find(&m->values, now.index) != NULL) {
            *find(&m->values, now.index) = now;
        } else {
            m->values.value[m->values.count++] = now;
        }
    }
    if (!changed) {
        m->values = before;
        return false;
    }
    if (s->action == ONYM_ACTION_ADD) {
        sort_by_index(&m->values);
    }
    public_first(&m->values);
    return true;
}

static struct verdict
apply(struct model *m, const struct step *s)
{
    struct verdict v = {.status = refuse(m, s)};

    if (v.status != ONYM_OK) {
        return v;
    }
    if (s->action == ONYM_ACTION_DELETE) {
        v.effect = ONYM_OP_ERASE;
        *m = (struct model){0};
        return v;
    }
    if (apply_values(m, s, &v.replaced)) {
        v.effect = ONYM_OP_STORE;
        m->revision++;
        m->exists = true;
    }
    return v;
}

static struct step
choose(struct onym_rng *rng, const struct model *m)
{
    static const enum onym_action actions[] = {
        ONYM_ACTION_CREATE, ONYM_ACTION_DELETE, ONYM_ACTION_ADD,    ONYM_ACTION_ADD,
        ONYM_ACTION_REMOVE, ONYM_ACTION_MODIFY, ONYM_ACTION_MODIFY, ONYM_ACTION_ADD};
    static const uint8_t permissions[] = {14, 12, 15, 12};
    struct step s = {.action = actions[onym_rng_below(rng, 8)]};
    size_t count = onym_rng_below(rng, 6);

    if (s.action == ONYM_ACTION_DELETE && onym_rng_below(rng, 4) > 0) {
        s.action = ONYM_ACTION_ADD; /* records should live to grow */
    }
    s.overwrite = onym_rng_below(rng, 2) == 0;
    for (size_t i = 0; i < count; i++) {
        struct plain *v = &s.values.value[s.values.count++];

        v->index = 1 + (uint32_t)onym_rng_below(rng, INDEXES);
        if (m->values.count > 0 && onym_rng_below(rng, 2) == 0) {
            *v = m->values.value[onym_rng_below(rng, m->values.count)]; /* often the same again */
            v->fresh = false;
        }
        if (v->type == 0 || onym_rng_below(rng, 3) == 0) {
            v->type = (char)('A' + (int)onym_rng_below(rng, 3));
            v->data = (unsigned)onym_rng_below(rng, 3);
            v->permissions = permissions[onym_rng_below(rng, 4)];
        }
    }
    return s;
}

static void
to_operation(const struct step *s, struct test_op *out)
{
    char text[512];
    size_t len = 0;

    text[0] = 0;
    for (size_t i = 0; i < s->values.count; i++) {
        const struct plain *v = &s->values.value[i];

        if (s->action == ONYM_ACTION_REMOVE) {
            len += (size_t)snprintf(text + len, sizeof text - len, "%s%u", i > 0 ? " " : "",
                                    v->index);
        } else {
            len += (size_t)snprintf(text + len, sizeof text - len, "%s%u|%c|%u|%c",
                                    i > 0 ? " " : "", v->index, v->type, v->data,
                                    v->permissions == 12   ? 'p'
                                    : v->permissions == 15 ? 'w'
                                                           : 'o');
        }
    }
    (void)op_parse(out, s->action, NAME, s->action == ONYM_ACTION_DELETE ? "" : text);
    out->op.overwrite = s->overwrite;
}

static size_t
print_part(const struct plain_list *list, bool of_public, char *out, size_t cap)
{
    size_t len = 0;

    out[0] = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct plain *v = &list->value[i];

        if (((v->permissions & ONYM_PERM_PUBLIC_READ) != 0) == of_public) {
            len += (size_t)snprintf(out + len, cap - len, "%s%u|%c|%u%s%s", len > 0 ? " " : "",
                                    v->index, v->type, v->data,
                                    v->permissions == 12   ? "|p"
                                    : v->permissions == 15 ? "|w"
                                                           : "",
                                    v->fresh ? "*" : "");
        }
    }
    return len;
}

static void
compare(uint64_t seed, unsigned step, const struct model *m, const struct onym_record *record)
{
    char want[1024];
    char got[1024];
    size_t len = print_part(&m->values, true, want, sizeof want);

    len += (size_t)snprintf(want + len, sizeof want - len, " // ");
    (void)print_part(&m->values, false, want + len, sizeof want - len);
    (void)record_print(record, got, sizeof got);
    if (strcmp(want, got) != 0 || record->revision != m->revision || has_twice(&m->values)) {
        fail_msg("ONYM_TEST_SEED=%llu step %u:\n  want %s\n  got  %s", (unsigned long long)seed,
                 step, want, got);
    }
}

/* Old times are made different from the next operation's, so that "*" means this step. */
static void
make_old(struct onym_record *record)
{
    struct onym_value_list *lists[2] = {&record->public_values, &record->private_values};

    for (size_t i = 0; i < 2; i++) {
        onym_span cursor = lists[i]->raw;
        struct onym_value value;

        while (onym_value_next(&cursor, &value)) {
            uint8_t *at;

            memcpy(&at, &value.raw.at, sizeof at); /* the test's own arena */
            at[7] = 1;
            at[6] = at[5] = at[4] = 0;
        }
    }
}

static void
run(uint64_t seed, unsigned counts[4])
{
    struct onym_rng rng = onym_rng_seeded(seed);
    struct onym_arena arena[2] = {arena_new(ONYM_OP_MEMORY), arena_new(ONYM_OP_MEMORY)};
    struct onym_arena *work = &arena[0];
    struct onym_arena *home = &arena[1]; /* of the record */
    struct model model = {0};
    struct onym_record record = {0};

    for (unsigned i = 0; i < STEPS; i++) {
        struct step step = choose(&rng, &model);
        struct test_op sent;
        struct onym_op_outcome out;
        bool existed = model.exists;
        struct verdict want = apply(&model, &step);
        enum onym_status status;

        to_operation(&step, &sent);
        onym_arena_reset(work);
        status = onym_op_decide(&sent.op, existed ? &record : NULL, work, &out);
        if (status != want.status ||
            (status == ONYM_OK && (out.effect != want.effect || out.replaced != want.replaced))) {
            fail_msg("ONYM_TEST_SEED=%llu step %u: %s instead of %s", (unsigned long long)seed, i,
                     onym_status_name(status), onym_status_name(want.status));
        }
        counts[status == ONYM_OK ? (unsigned)out.effect : 3]++;
        if (status == ONYM_OK && out.effect == ONYM_OP_STORE) {
            struct onym_arena *free_now = home;

            compare(seed, i, &model, &out.record);
            assert_true(onym_span_equal(out.record.name, onym_span_text(NAME)));
            record = out.record;
            record.name = onym_span_text(NAME); /* of an arena that is reset before the record */
            make_old(&record);
            home = work;
            work = free_now;
        }
    }
    arena_free(&arena[0]);
    arena_free(&arena[1]);
}

static void
random_operations_make_what_a_plain_model_makes(void **state)
{
    const char *only = getenv("ONYM_TEST_SEED");
    unsigned counts[4] = {0};

    (void)state;
    if (only != NULL) {
        run(strtoull(only, NULL, 10), counts);
        return;
    }
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        run(seed, counts);
    }
    /* the mixture meets everything often enough to mean something */
    assert_true(counts[ONYM_OP_UNCHANGED] > 200);
    assert_true(counts[ONYM_OP_STORE] > 2000);
    assert_true(counts[ONYM_OP_ERASE] > 100);
    assert_true(counts[3] > 2000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_operations_make_what_a_plain_model_makes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
