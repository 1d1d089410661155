#include "tools/generate_plan.h"

#include "base/require.h"
#include "base/rng.h"

#define DAYS_MAX      240U  /* working days an enterprise's output is spread over */
#define COMPANY_FULL  2000U /* records of a chain that call for one more enterprise */
#define RECORD_SLOT   14U
#define TYPE_SLOT     15U
#define VIN_PER_PLANT 1000000U

/* I, O and Q do not stand in a VIN. */
static const char vin_characters[] = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ";
#define VIN_BASE (sizeof vin_characters - 1)

static uint64_t
mix(uint64_t a, uint64_t b)
{
    struct onym_rng rng = onym_rng_seeded(a ^ (b + 1) * 0xD1342543DE82EF95U);

    return onym_rng_u64(&rng);
}

/* How many of total fall to share i of n, as even as can be. */
static uint64_t
share(uint64_t total, uint64_t n, uint64_t i)
{
    return total / n + (i < total % n);
}

/* Which share holds place, and the place inside it. */
static uint64_t
locate(uint64_t total, uint64_t n, uint64_t *place)
{
    uint64_t size = total / n;
    uint64_t larger = total % n; /* the first ones hold one more */
    uint64_t i;

    if (*place < larger * (size + 1)) {
        i = *place / (size + 1);
        *place -= i * (size + 1);
    } else {
        i = larger + (*place - larger * (size + 1)) / size;
        *place -= larger * (size + 1) + (i - larger) * size;
    }
    return i;
}

uint64_t
onym_generate_fields(enum onym_chain chain, const struct onym_product *product, unsigned count,
                     enum onym_depth depth)
{
    static const uint8_t rounds[] = {6, 12, 24, 99};
    unsigned fields = onym_chain_field_count(chain);
    uint64_t mask = 0;
    unsigned taken = 0;

    ONYM_REQUIRE(fields <= ONYM_FIELDS_MAX);
    if (count == 0) {
        for (unsigned i = 0; i < fields; i++) {
            const struct onym_field *field = onym_chain_field(chain, i);

            if (field->depth <= depth && onym_field_applies(field, product)) {
                mask |= (uint64_t)1 << i;
            }
        }
        return mask;
    }
    for (size_t r = 0; r < sizeof rounds; r++) {
        for (unsigned i = 0; i < fields && taken < count; i++) {
            const struct onym_field *field = onym_chain_field(chain, i);

            if (field->from_count == rounds[r] && onym_field_applies(field, product)) {
                mask |= (uint64_t)1 << i;
                taken++;
            }
        }
    }
    return mask;
}

/* A data set fills in all of what plants deliver, less of what goes into it, and of lots and papers
 * what must be there. */
static enum onym_depth
usual_depth(unsigned number, enum onym_part_kind kind)
{
    if (number == 0) {
        return ONYM_DEPTH_FULL;
    }
    return kind == ONYM_PART_BATCH || kind == ONYM_PART_TYPE || kind == ONYM_PART_RECORD
               ? ONYM_DEPTH_REQUIRED
               : ONYM_DEPTH_USUAL;
}

void
onym_generate_plan_init(struct onym_generate_plan *plan,
                        const struct onym_generate_options *options)
{
    struct onym_rng rng = onym_rng_seeded(options->seed);

    ONYM_REQUIRE(options->records <= ONYM_GENERATE_RECORDS_MAX);
    *plan = (struct onym_generate_plan){.options = *options, .half_bits = 1};
    while (options->records >> (2 * plan->half_bits) != 0) {
        plan->half_bits++;
    }
    for (size_t i = 0; i < sizeof plan->keys / sizeof plan->keys[0]; i++) {
        plan->keys[i] = onym_rng_u64(&rng);
    }
    for (unsigned c = 0; c < ONYM_CHAINS; c++) {
        const struct onym_chain_data *chain = &onym_chains[c];

        ONYM_REQUIRE(chain->product_count <= ONYM_CHAIN_PRODUCTS_MAX);
        for (unsigned p = 0; p < chain->product_count + 2U; p++) {
            const struct onym_product *product = p < chain->product_count    ? &chain->products[p]
                                                 : p == chain->product_count ? chain->type
                                                                             : chain->record;

            plan->masks[c][p] = onym_generate_fields(
                (enum onym_chain)c, product, options->attributes, usual_depth(p, product->kind));
        }
    }
}

unsigned
onym_generate_companies(const struct onym_generate_plan *plan, enum onym_chain chain)
{
    uint64_t wanted = plan->options.records / ONYM_CHAINS / COMPANY_FULL;
    unsigned named = onym_chains[chain].companies;

    if (wanted > ONYM_CHAIN_COMPANIES_MAX) {
        wanted = ONYM_CHAIN_COMPANIES_MAX;
    }
    return wanted > named ? (unsigned)wanted : named;
}

uint32_t
onym_generate_enterprise(enum onym_chain chain, unsigned company)
{
    const struct onym_chain_data *data = &onym_chains[chain];

    if (company < data->companies) {
        return onym_companies[data->first_company + company].enterprise;
    }
    return ONYM_FIRST_MADE_UP + (company - data->companies) * ONYM_CHAINS + (uint32_t)chain;
}

uint64_t
onym_generate_company_records(const struct onym_generate_plan *plan, enum onym_chain chain,
                              unsigned company)
{
    uint64_t of_chain = share(plan->options.records, ONYM_CHAINS, (uint64_t)chain);

    return share(of_chain, onym_generate_companies(plan, chain), company);
}

/* A Feistel network over 2 * half_bits bits is a permutation; walking on until the result lies in
 * the range makes it one of the range. The range fills at least an eighth of the network's. */
static uint64_t
shuffled(const struct onym_generate_plan *plan, uint64_t n)
{
    uint64_t half = ((uint64_t)1 << plan->half_bits) - 1;

    do {
        uint64_t left = n >> plan->half_bits;
        uint64_t right = n & half;

        for (size_t i = 0; i < sizeof plan->keys / sizeof plan->keys[0]; i++) {
            uint64_t next = left ^ (mix(plan->keys[i], right) & half);

            left = right;
            right = next;
        }
        n = left << plan->half_bits | right;
    } while (n >= plan->options.records);
    return n;
}

void
onym_generate_nth(const struct onym_generate_plan *plan, uint64_t n, struct onym_generate_item *out)
{
    uint64_t place = plan->options.shuffle ? shuffled(plan, n) : n;
    enum onym_chain chain = (enum onym_chain)locate(plan->options.records, ONYM_CHAINS, &place);
    uint64_t of_chain = share(plan->options.records, ONYM_CHAINS, (uint64_t)chain);
    unsigned company = (unsigned)locate(of_chain, onym_generate_companies(plan, chain), &place);

    onym_generate_at(plan, chain, company, place, out);
}

/* Every plant starts its list of parts at another one, and moves on by one with each block. */
static unsigned
turn_of(const struct onym_generate_plan *plan, enum onym_chain chain, unsigned company,
        uint64_t block)
{
    unsigned parts = onym_chains[chain].product_count - 2U;

    return (unsigned)((mix(plan->options.seed, (uint64_t)chain * 64 + company) % parts + block) %
                      parts);
}

/* Number of the product in a slot, as in plan->masks. */
static unsigned
product_in(const struct onym_generate_plan *plan, enum onym_chain chain, unsigned company,
           uint64_t block, unsigned slot)
{
    unsigned count = onym_chains[chain].product_count;

    if (slot < 2) {
        return slot;
    }
    /* types and records are too small to have a fixed number of attributes */
    if (plan->options.attributes == 0 && slot == RECORD_SLOT) {
        return count + 1;
    }
    if (plan->options.attributes == 0 && slot == TYPE_SLOT && block % 4 == 0) {
        return count;
    }
    return 2 + (slot - 2 + turn_of(plan, chain, company, block)) % (count - 2);
}

/* Day 0 is 2025-01-01; output ends before 2026, where the sample begins. */
static struct onym_date
date_of(uint64_t day)
{
    static const uint8_t months[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    struct onym_date date = {.year = 2025, .month = 1};

    while (date.month < 12 && day >= months[date.month - 1]) {
        day -= months[date.month - 1];
        date.month++;
    }
    date.day = (uint8_t)(day + 1);
    return date;
}

static void
set_serial(struct onym_generate_item *item, const struct onym_writer *w)
{
    ONYM_REQUIRE(w->status == ONYM_OK);
    item->serial_len = (uint8_t)w->len;
}

/* L0S, chain, enterprise, model | check | model year 2025, plant, running number */
static void
make_vin(struct onym_generate_item *item, uint64_t number)
{
    struct onym_writer w = onym_writer_over(item->serial, sizeof item->serial);
    uint64_t plant = 1 + number / VIN_PER_PLANT;

    ONYM_REQUIRE(plant < VIN_BASE);
    onym_writer_bytes(&w, onym_span_text("L0S"));
    onym_writer_bytes(&w, onym_chains[item->chain].code);
    onym_writer_u8(&w, (uint8_t)vin_characters[item->company / VIN_BASE]);
    onym_writer_u8(&w, (uint8_t)vin_characters[item->company % VIN_BASE]);
    onym_writer_bytes(&w, onym_span_text("A0S"));
    onym_writer_u8(&w, (uint8_t)vin_characters[plant]);
    onym_compose_padded(&w, number % VIN_PER_PLANT, 6);
    set_serial(item, &w);
    item->serial[8] = (uint8_t)onym_vin_check_digit(onym_span_of(item->serial, w.len));
}

/* Serials run inside an enterprise and day; where the identifier shows no day, inside the
 * enterprise; catalogue entries, which show neither, carry the number in the part number. */
static void
make_serial(struct onym_generate_item *item, uint64_t of_day)
{
    struct onym_writer w = onym_writer_over(item->serial, sizeof item->serial);
    struct onym_writer partno = onym_writer_over(item->partno, sizeof item->partno);

    onym_writer_bytes(&partno, item->product->partno);
    switch (item->product->kind) {
    case ONYM_PART_VEHICLE:
        make_vin(item, item->place / ONYM_BLOCK);
        break;
    case ONYM_PART_TYPE:
        onym_writer_u8(&partno, '-');
        onym_compose_padded(&partno, item->place, 5);
        break;
    case ONYM_PART_EQUIPMENT:
        onym_compose_padded(&w, item->place, 8);
        set_serial(item, &w);
        break;
    case ONYM_PART_BATCH:
        onym_writer_u8(&w, 'L');
        onym_compose_padded(&w, of_day, 5);
        set_serial(item, &w);
        break;
    case ONYM_PART_ASSEMBLY:
    case ONYM_PART_SINGLE:
    case ONYM_PART_RECORD:
        onym_compose_padded(&w, of_day, 6);
        set_serial(item, &w);
        break;
    }
    ONYM_REQUIRE(partno.status == ONYM_OK);
    item->partno_len = (uint8_t)partno.len;
}

void
onym_generate_at(const struct onym_generate_plan *plan, enum onym_chain chain, unsigned company,
                 uint64_t place, struct onym_generate_item *out)
{
    const struct onym_chain_data *data = &onym_chains[chain];
    uint64_t records = onym_generate_company_records(plan, chain, company);
    uint64_t blocks = (records + ONYM_BLOCK - 1) / ONYM_BLOCK;
    uint64_t per_day = (blocks + DAYS_MAX - 1) / DAYS_MAX * ONYM_BLOCK;
    uint64_t first_day = mix(plan->options.seed, 4096 + company) % 100;
    unsigned number = product_in(plan, chain, company, place / ONYM_BLOCK,
                                 (unsigned)(place % ONYM_BLOCK));

    out->chain = chain;
    out->product = number < data->product_count    ? &data->products[number]
                   : number == data->product_count ? data->type
                                                   : data->record;
    out->enterprise = onym_generate_enterprise(chain, company);
    out->date = date_of(first_day + place / per_day);
    out->fields = plan->masks[chain][number];
    out->all_public = plan->options.attributes != 0;
    out->sample = 0;
    out->company = company;
    out->place = place;
    out->noise = mix(plan->options.seed, (uint64_t)out->enterprise << 40 | place);
    out->serial_len = 0;
    make_serial(out, place % per_day + 1);
}

/* The record in slot 0 of another chain's enterprise, as near as that enterprise has one. */
static bool
abroad(const struct onym_generate_plan *plan, const struct onym_generate_item *item,
       enum onym_chain chain, struct onym_generate_item *out)
{
    unsigned company = item->company % onym_generate_companies(plan, chain);
    uint64_t records = onym_generate_company_records(plan, chain, company);
    uint64_t blocks = (records + ONYM_BLOCK - 1) / ONYM_BLOCK;

    if (blocks == 0) {
        return false;
    }
    onym_generate_at(plan, chain, company, item->place / ONYM_BLOCK % blocks * ONYM_BLOCK, out);
    return true;
}

static bool
in_block(const struct onym_generate_plan *plan, const struct onym_generate_item *item,
         uint64_t block, unsigned slot, struct onym_generate_item *out)
{
    uint64_t place = block * ONYM_BLOCK + slot;

    if (place >= onym_generate_company_records(plan, item->chain, item->company)) {
        return false;
    }
    onym_generate_at(plan, item->chain, item->company, place, out);
    return true;
}

/* The first part in the block of head that has the tag and kind. */
static bool
part_beside(const struct onym_generate_plan *plan, const struct onym_generate_item *head,
            enum onym_tag tag, enum onym_part_kind kind, struct onym_generate_item *out)
{
    uint64_t block = head->place / ONYM_BLOCK;

    for (unsigned slot = 2; slot < RECORD_SLOT; slot++) {
        unsigned number = product_in(plan, head->chain, head->company, block, slot);
        const struct onym_product *product = &onym_chains[head->chain].products[number];

        if ((product->tags & (uint32_t)tag) != 0 && product->kind == kind) {
            return in_block(plan, head, block, slot, out);
        }
    }
    return false;
}

bool
onym_generate_related(const struct onym_generate_plan *plan, const struct onym_generate_item *item,
                      enum onym_relation relation, struct onym_generate_item *out)
{
    uint64_t block = item->place / ONYM_BLOCK;
    unsigned slot = (unsigned)(item->place % ONYM_BLOCK);
    struct onym_generate_item head;

    switch (relation) {
    case ONYM_REL_PARENT:
        return slot != 0 ? in_block(plan, item, block, 0, out) : abroad(plan, item, ONYM_CV, out);
    case ONYM_REL_BATCH:
        if (slot == 1) { /* the material of a batch came as an earlier one */
            return block > 0 && in_block(plan, item, block - 1, 1, out);
        }
        return in_block(plan, item, block, 1, out);
    case ONYM_REL_ENGINE:
        return abroad(plan, item, ONYM_EN, out);
    case ONYM_REL_GEARBOX:
        return abroad(plan, item, ONYM_TR, out);
    case ONYM_REL_AXLE:
        return abroad(plan, item, ONYM_TR, &head) &&
               part_beside(plan, &head, ONYM_TAG_AXLE, ONYM_PART_ASSEMBLY, out);
    case ONYM_REL_CHASSIS:
    case ONYM_REL_CHASSIS_VIN:
        return abroad(plan, item, ONYM_CV, out);
    case ONYM_REL_TEST:
        return plan->options.attributes == 0 && in_block(plan, item, block, RECORD_SLOT, out);
    case ONYM_REL_DIE:
        return abroad(plan, item, ONYM_EQ, &head) &&
               part_beside(plan, &head, ONYM_TAG_DIE, ONYM_PART_EQUIPMENT, out);
    }
    return false;
}

struct onym_ident_parts
onym_generate_parts(const struct onym_generate_item *item)
{
    return (struct onym_ident_parts){
        .enterprise = item->enterprise,
        .chain = onym_chains[item->chain].code,
        .kind = item->product->kind,
        .group = item->product->group,
        .partno = onym_span_of(item->partno, item->partno_len),
        .date = item->date,
        .serial = onym_span_of(item->serial, item->serial_len),
    };
}
