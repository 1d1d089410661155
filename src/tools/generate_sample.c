#include "tools/generate_sample.h"

#include "base/require.h"

struct sample {
    uint32_t enterprise;
    enum onym_chain chain;
    struct onym_date date; /* printed in the identifier where its kind has one */
    onym_span serial;
    uint8_t parent, batch; /* numbers of samples; 0 = none */
    struct onym_product product;
};

#define SAMPLE(enterprise_, chain_, kind_, group_, partno_, y, m, d, serial_, parent_, batch_,     \
               name_, unit_, variant_, mass_, tags_)                                               \
    {                                                                                              \
        .enterprise = (enterprise_), .chain = ONYM_##chain_,                                       \
        .date = {.year = (y), .month = (m), .day = (d)}, .serial = ONYM_TEXT(serial_),             \
        .parent = (parent_), .batch = (batch_), .product = {                                       \
            .kind = (enum onym_part_kind)(kind_),                                                  \
            .group = ONYM_TEXT(group_),                                                            \
            .partno = ONYM_TEXT(partno_),                                                          \
            .name = ONYM_TEXT(name_),                                                              \
            .unit = ONYM_TEXT(unit_),                                                              \
            .variant = (variant_),                                                                 \
            .mass_g = (mass_),                                                                     \
            .tags = (tags_)                                                                        \
        }                                                                                          \
    }

/* clang-format off */
static const struct sample samples[ONYM_SAMPLES] = {
    SAMPLE(101, CV, 'V', "", "DFH4250", 2025, 11, 18, "L0SCV26B5S1000001", 0, 0, "重型牵引车", "", 0, 8800000, ONYM_TAG_VEHICLE),
    SAMPLE(101, CV, 'V', "", "DFH4250", 2025, 11, 18, "L0SCV26B7S1000002", 0, 0, "重型牵引车", "", 0, 8800000, ONYM_TAG_VEHICLE),
    SAMPLE(102, CV, 'T', "2800", "DFL4251-FRAME", 2025, 9, 1, "", 0, 0, "车架总成（目录）", "", 0, 1265000, 0),
    SAMPLE(101, CV, 'A', "5000", "5000012-C4300", 2026, 3, 11, "A00187", 1, 29, "驾驶室总成", "", 0, 1042000, 0),
    SAMPLE(103, PV, 'V', "", "SYE11", 2025, 12, 3, "L0SPV11A2S2000137", 0, 0, "纯电动乘用车", "", 0, 1845000, ONYM_TAG_VEHICLE),
    SAMPLE(104, PV, 'A', "9100", "BP-LFP-77K", 2026, 2, 14, "000451", 5, 7, "动力电池包", "", 0, 486000, ONYM_TAG_BATTERY),
    SAMPLE(104, PV, 'B', "9101", "CELL-280AH", 2026, 1, 30, "LOT0093", 6, 0, "动力电池单体（批次）", "", 0, 5420, ONYM_TAG_BATTERY),
    SAMPLE(105, SV, 'V', "", "CTQ3250", 2025, 12, 20, "L0SSV33D3S3000042", 0, 0, "自卸汽车", "", 0, 14100000, ONYM_TAG_VEHICLE),
    SAMPLE(105, SV, 'A', "8600", "HYD-CYL-5S", 2026, 3, 5, "000033", 8, 0, "举升液压缸总成", "", 0, 318000, ONYM_TAG_HYDRAULIC),
    SAMPLE(105, SV, 'T', "8500", "BOX-20M3", 2025, 6, 10, "", 0, 0, "货箱（目录）", "", 0, 3420000, 0),
    SAMPLE(106, EN, 'A', "1000", "DDI13-E520", 2026, 3, 11, "J00012", 1, 15, "柴油发动机总成", "", 0, 1090000, ONYM_TAG_ENGINE),
    SAMPLE(106, EN, 'P', "1002", "1002011-E1300", 2026, 3, 9, "000871", 11, 0, "气缸体", "", 0, 342000, ONYM_TAG_BLOCK),
    SAMPLE(106, EN, 'P', "1003", "1003012-E1300", 2026, 3, 9, "000872", 11, 0, "气缸盖", "", 0, 128500, 0),
    SAMPLE(106, EN, 'P', "1005", "1005021-E1300", 2026, 3, 8, "001204", 11, 0, "曲轴", "", 0, 103600, ONYM_TAG_CRANK),
    SAMPLE(106, EN, 'B', "1004", "1004045-E1300", 2026, 3, 7, "LOT0412", 11, 0, "连杆（批次）", "", 0, 3120, ONYM_TAG_ROD),
    SAMPLE(107, EN, 'B', "1006", "1006010-L15", 2026, 3, 6, "LOT0077", 0, 0, "凸轮轴（批次）", "", 1, 4870, 0),
    SAMPLE(107, EN, 'P', "1112", "1112010-L15", 2026, 3, 6, "00B7F2", 0, 0, "喷油器", "", 1, 415, ONYM_TAG_INJECTOR),
    SAMPLE(108, TR, 'A', "1700", "14TA220", 2026, 3, 10, "000654", 1, 21, "变速器总成", "GEARBOX", 0, 398000, ONYM_TAG_GEARBOX),
    SAMPLE(108, TR, 'A', "2400", "2400010-R13T", 2026, 3, 10, "000655", 1, 0, "后桥总成", "AXLE", 0, 712000, ONYM_TAG_AXLE),
    SAMPLE(109, TR, 'P', "2402", "2402036-HD469", 2026, 3, 2, "A1B2C3", 19, 0, "主动锥齿轮", "AXLE", 0, 24800, ONYM_TAG_AXLE),
    SAMPLE(109, TR, 'B', "1601", "CLUTCH-430", 2026, 3, 1, "LOT0555", 18, 0, "离合器从动盘（批次）", "CLUTCH", 0, 11300, 0),
    SAMPLE(110, CH, 'P', "2902", "2902012-K2000", 2026, 3, 9, "000311", 1, 0, "前钢板弹簧", "SUSP", 0, 76200, ONYM_TAG_SUSPENSION),
    SAMPLE(110, CH, 'A', "3501", "3501010-DISC22", 2026, 3, 9, "000312", 1, 0, "前盘式制动器总成", "BRAKE", 0, 44700, ONYM_TAG_BRAKE),
    SAMPLE(111, CH, 'A', "3401", "3401010-RCB", 2026, 3, 8, "H00045", 1, 0, "转向器总成", "STEER", 0, 46900, ONYM_TAG_STEERING),
    SAMPLE(111, CH, 'T', "3506", "AIRLINE-NYLON12", 2025, 4, 22, "", 0, 0, "制动气管（目录）", "AIR", 0, 9600, ONYM_TAG_AIR),
    SAMPLE(112, BD, 'P', "6101", "6101100-D760L", 2026, 3, 11, "000888", 27, 0, "左前门内板", "DOOR", 0, 23600, ONYM_TAG_METAL),
    SAMPLE(112, BD, 'A', "5000", "5000010-D760", 2026, 3, 11, "000889", 4, 0, "驾驶室白车身", "BIW", 0, 496000, ONYM_TAG_METAL),
    SAMPLE(113, BD, 'A', "6800", "6800010-SEAT-AIR", 2026, 3, 10, "000120", 4, 0, "驾驶员气囊座椅总成", "SEAT", 1, 48200, ONYM_TAG_TRIM),
    SAMPLE(113, BD, 'B', "5700", "HEADLINER-PU", 2026, 3, 10, "LOT0031", 4, 0, "顶衬（批次）", "TRIM", 2, 4350, ONYM_TAG_TRIM),
    SAMPLE(114, EQ, 'E', "CNC", "HMC-800", 2025, 5, 16, "0001942", 0, 0, "卧式加工中心", "CNC", 0, 14500000, ONYM_TAG_MACHINE),
    SAMPLE(115, EQ, 'E', "IHT", "GCK-10250", 2025, 7, 8, "000317", 0, 0, "感应淬火机床", "IHT", 0, 5200000, ONYM_TAG_INDUCTION),
    SAMPLE(114, EQ, 'R', "CAL", "JG-120", 2026, 2, 28, "00081", 30, 0, "检具校准记录", "GAUGE", 0, 0, ONYM_TAG_GAUGE),
    SAMPLE(106, EN, 'R', "TST", "DDI13-E520", 2026, 3, 11, "J00012", 11, 0, "发动机热试记录", "", 0, 0, 0),
    SAMPLE(114, EQ, 'T', "0000", "HMC-800", 2024, 10, 15, "", 0, 0, "卧式加工中心（目录）", "CNC", 0, 14500000, ONYM_TAG_MACHINE),
};
/* clang-format on */

void
onym_generate_sample(unsigned number, struct onym_generate_item *out)
{
    const struct sample *s = &samples[number - 1];

    ONYM_REQUIRE(number >= 1 && number <= ONYM_SAMPLES);
    ONYM_REQUIRE(s->product.partno.len <= sizeof out->partno);
    ONYM_REQUIRE(s->serial.len <= sizeof out->serial);
    *out = (struct onym_generate_item){
        .chain = s->chain,
        .product = &s->product,
        .enterprise = s->enterprise,
        .date = s->date,
        .fields = onym_generate_fields(s->chain, &s->product, 0, ONYM_DEPTH_FULL),
        .noise = number,
        .partno_len = (uint8_t)s->product.partno.len,
        .serial_len = (uint8_t)s->serial.len,
        .sample = number,
    };
    memcpy(out->partno, s->product.partno.at, s->product.partno.len);
    memcpy(out->serial, s->serial.at, s->serial.len);
}

bool
onym_generate_sample_related(const struct onym_generate_item *item, enum onym_relation relation,
                             struct onym_generate_item *out)
{
    static const uint8_t stand_ins[] = {
        [ONYM_REL_PARENT] = 1,   [ONYM_REL_BATCH] = 15,      [ONYM_REL_ENGINE] = 11,
        [ONYM_REL_GEARBOX] = 18, [ONYM_REL_AXLE] = 19,       [ONYM_REL_CHASSIS] = 2,
        [ONYM_REL_TEST] = 33,    [ONYM_REL_CHASSIS_VIN] = 2, [ONYM_REL_DIE] = 0,
    };
    unsigned number = stand_ins[relation];

    if (item->sample != 0 && relation == ONYM_REL_PARENT) {
        number = samples[item->sample - 1].parent;
    } else if (item->sample != 0 && relation == ONYM_REL_BATCH) {
        number = samples[item->sample - 1].batch;
    }
    if (number == 0) {
        return false;
    }
    onym_generate_sample(number, out);
    return true;
}

static void
put(struct onym_writer *w, const char *text)
{
    onym_writer_bytes(w, onym_span_text(text));
}

static const struct onym_company *
named(uint32_t enterprise)
{
    uint32_t i = enterprise - onym_companies[0].enterprise;

    return enterprise >= onym_companies[0].enterprise && i < ONYM_COMPANIES ? &onym_companies[i]
                                                                            : NULL;
}

void
onym_generate_maker(struct onym_writer *w, uint32_t enterprise)
{
    const struct onym_company *company = named(enterprise);

    if (company != NULL) {
        onym_writer_bytes(w, company->name);
        return;
    }
    put(w, "十堰示例");
    onym_compose_number(w, enterprise);
    put(w, "厂");
}

void
onym_generate_brand(struct onym_writer *w, uint32_t enterprise)
{
    const struct onym_company *company = named(enterprise);

    onym_writer_bytes(w, company != NULL ? company->brand : onym_span_text("示例"));
}

static const char *const free_names[ONYM_SAMPLE_FREE] = {
    "88.9420.101/曲轴/2026/03", "88.9420.101/JXDY2106023",    "88.9420.103/teleinfo.cn",
    "88.9420.106/App_ceshi",    "88.9420.106/META_453453453",
};

onym_span
onym_generate_free_name(unsigned i)
{
    ONYM_REQUIRE(i < ONYM_SAMPLE_FREE);
    return onym_span_text(free_names[i]);
}

static void
put_value(struct onym_writer *w, const char *index, const char *type)
{
    put(w, "{\"index\":");
    put(w, index);
    put(w, ",\"type\":\"");
    put(w, type);
    put(w, "\",\"ttl\":86400,\"data\":{\"format\":");
}

void
onym_generate_free_record(struct onym_writer *w, unsigned i)
{
    put(w, "{\"handle\":\"");
    onym_writer_bytes(w, onym_generate_free_name(i));
    put(w, "\",\"values\":[");
    put_value(w, "1", "URL");
    put(w, "\"string\",\"value\":\"https://id.example.cn/free/");
    onym_compose_number(w, i + 1);
    put(w, "\"}},");
    put_value(w, "2", "DESC");
    put(w, "\"string\",\"value\":\"自由语法的示例标识\"}}]}\n");
}

/* TCP with both roles stands first, because old clients take the first interface for everything;
 * UDP answers queries only. The hash option is left out: 2, the whole name, is the default. */
static void
put_site(struct onym_writer *w, const char *address, onym_span holder)
{
    put_value(w, "1", "HS_SITE");
    put(w, "\"site\",\"value\":{\"version\":1,\"protocolVersion\":\"2.11\",\"serialNumber\":1,"
           "\"primarySite\":true,\"multiPrimary\":false,"
           "\"attributes\":[{\"name\":\"desc\",\"value\":\"");
    onym_writer_bytes(w, holder);
    put(w, "\"}],\"servers\":[{\"serverId\":1,\"address\":\"");
    put(w, address);
    put(w, "\",\"interfaces\":["
           "{\"query\":true,\"admin\":true,\"protocol\":\"TCP\",\"port\":2641},"
           "{\"query\":true,\"admin\":false,\"protocol\":\"UDP\",\"port\":2641}]}]}}}");
}

static void
put_admin(struct onym_writer *w, onym_span prefix)
{
    put_value(w, "100", "HS_ADMIN");
    put(w, "\"admin\",\"value\":{\"handle\":\"0.NA/");
    onym_writer_bytes(w, prefix);
    put(w, "\",\"index\":300,\"permissions\":\"111111111111\"}}}");
}

struct holder {
    onym_span prefix;
    const char *address;
    onym_span name;    /* Chinese */
    onym_span english; /* may be empty */
    onym_span chain;   /* Chinese; may be empty */
    const char *mailbox;
    uint32_t enterprise; /* 0 for the node itself */
    bool homed;
};

static void
put_holder(struct onym_writer *w, const struct holder *holder)
{
    put(w, "{\"handle\":\"0.NA/");
    onym_writer_bytes(w, holder->prefix);
    put(w, holder->homed ? "\",\"values\":[" : "\",\"homed\":false,\"values\":[");
    put_site(w, holder->address, holder->name);
    put(w, ",");
    put_value(w, "2", "DESC");
    put(w, "\"string\",\"value\":\"");
    onym_writer_bytes(w, holder->name);
    if (holder->english.len > 0) {
        put(w, " / ");
        onym_writer_bytes(w, holder->english);
    }
    if (holder->chain.len > 0) {
        put(w, "（");
        onym_writer_bytes(w, holder->chain);
        put(w, "）");
    }
    put(w, "\"}},");
    put_value(w, "3", "EMAIL");
    put(w, "\"string\",\"value\":\"");
    put(w, holder->mailbox);
    if (holder->enterprise != 0) {
        onym_compose_number(w, holder->enterprise);
    }
    put(w, "@example.cn\"}},");
    put_admin(w, holder->prefix);
    put(w, "]}\n");
}

void
onym_generate_node_prefix(struct onym_writer *w)
{
    put_holder(w, &(struct holder){.prefix = onym_span_text("88.9420"),
                                   .address = "127.0.0.1",
                                   .name = onym_span_text("十堰汽车二级节点"),
                                   .english = onym_span_text("Shiyan automotive secondary node"),
                                   .mailbox = "node",
                                   .homed = true});
}

void
onym_generate_prefix(struct onym_writer *w, enum onym_chain chain, unsigned company)
{
    uint8_t prefix[24];
    uint8_t name[64];
    struct onym_writer p = onym_writer_over(prefix, sizeof prefix);
    struct onym_writer n = onym_writer_over(name, sizeof name);
    uint32_t enterprise = onym_generate_enterprise(chain, company);
    const struct onym_company *data = named(enterprise);

    onym_compose_prefix(&p, enterprise);
    onym_generate_maker(&n, enterprise);
    ONYM_REQUIRE(p.status == ONYM_OK && n.status == ONYM_OK);
    put_holder(w, &(struct holder){.prefix = onym_span_of(prefix, p.len),
                                   .address = "127.0.0.1",
                                   .name = onym_span_of(name, n.len),
                                   .english = data != NULL ? data->english : onym_span_of(NULL, 0),
                                   .chain = onym_chains[chain].title,
                                   .mailbox = "registrar-",
                                   .enterprise = enterprise,
                                   .homed = true});
}

void
onym_generate_self_built(struct onym_writer *w, unsigned i)
{
    /* addresses set aside for documentation, RFC 5737 and RFC 3849 */
    static const struct {
        const char *prefix, *address, *name, *english;
        uint32_t enterprise;
    } self_built[ONYM_SELF_BUILT] = {
        {"88.9420.130", "192.0.2.130", "湖北大运", "Hubei Dayun", 130},
        {"88.9420.131", "2001:db8::131", "湖北佳恒", "Hubei Jiaheng", 131},
    };

    ONYM_REQUIRE(i < ONYM_SELF_BUILT);
    put_holder(w, &(struct holder){.prefix = onym_span_text(self_built[i].prefix),
                                   .address = self_built[i].address,
                                   .name = onym_span_text(self_built[i].name),
                                   .english = onym_span_text(self_built[i].english),
                                   .mailbox = "registrar-",
                                   .enterprise = self_built[i].enterprise,
                                   .homed = false});
}
