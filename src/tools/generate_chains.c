#include "tools/generate_fields.h"

#define PRODUCT(kind_, group_, partno_, name_, unit_, variant_, mass_, tags_)                      \
    {                                                                                              \
        .kind = ONYM_PART_##kind_, .group = ONYM_TEXT(group_), .partno = ONYM_TEXT(partno_),       \
        .name = ONYM_TEXT(name_), .unit = ONYM_TEXT(unit_), .variant = (variant_),                 \
        .mass_g = (mass_), .tags = (tags_)                                                         \
    }

static const struct onym_product cv_products[] = {
    PRODUCT(VEHICLE, "", "DFH4250", "牵引车", "", 0, 8800000, ONYM_TAG_VEHICLE),
    PRODUCT(BATCH, "2801", "2801011", "纵梁", "", 0, 86400, 0),
    PRODUCT(ASSEMBLY, "5000", "5000012", "驾驶室", "", 0, 1042000, 0),
    PRODUCT(ASSEMBLY, "2800", "2800010", "车架", "", 0, 1265000, 0),
    PRODUCT(ASSEMBLY, "1301", "1301010", "散热器", "", 0, 38600, 0),
    PRODUCT(SINGLE, "8402", "8402010", "发动机罩", "", 1, 14200, 0),
    PRODUCT(SINGLE, "8403", "8403011", "翼子板", "", 1, 3450, 0),
};
static const struct onym_product cv_type = PRODUCT(TYPE, "2800", "DFH-FRAME", "车架型号", "", 0,
                                                   1265000, 0);
static const struct onym_product cv_record = PRODUCT(RECORD, "INS", "DFH4250", "整车检验", "", 0,
                                                     8800000, 0);

static const struct onym_product pv_products[] = {
    PRODUCT(VEHICLE, "", "SYE11", "纯电动车", "", 0, 1845000, ONYM_TAG_VEHICLE),
    PRODUCT(BATCH, "9101", "CELL280", "电芯", "", 0, 5420, ONYM_TAG_BATTERY),
    PRODUCT(ASSEMBLY, "9100", "LFP77K", "动力电池", "", 0, 486000, ONYM_TAG_BATTERY),
    PRODUCT(SINGLE, "9102", "MOD12S", "电池模组", "", 0, 72300, ONYM_TAG_BATTERY),
    PRODUCT(ASSEMBLY, "2100", "TZ220XS", "电驱总成", "", 0, 83500, ONYM_TAG_MOTOR),
    PRODUCT(SINGLE, "2103", "2103015", "电机转子", "", 0, 16800, ONYM_TAG_MOTOR),
};
static const struct onym_product pv_type = PRODUCT(TYPE, "9100", "BP-LFP", "电池型号", "", 0,
                                                   486000, ONYM_TAG_BATTERY);
static const struct onym_product pv_record = PRODUCT(RECORD, "TST", "LFP77K", "电池检测", "", 0,
                                                     486000, ONYM_TAG_BATTERY);

static const struct onym_product sv_products[] = {
    PRODUCT(VEHICLE, "", "CTQ3250", "自卸车", "", 0, 14100000, ONYM_TAG_VEHICLE),
    PRODUCT(BATCH, "8606", "HOSE38", "液压油管", "", 0, 2150, ONYM_TAG_HYDRAULIC),
    PRODUCT(ASSEMBLY, "8600", "HYDCYL5", "举升油缸", "", 0, 318000, ONYM_TAG_HYDRAULIC),
    PRODUCT(ASSEMBLY, "8500", "BOX20M3", "货箱", "", 0, 3420000, 0),
    PRODUCT(SINGLE, "8605", "8605010", "齿轮泵", "", 0, 21400, ONYM_TAG_HYDRAULIC),
    PRODUCT(SINGLE, "8501", "8501011", "后栏板", "", 1, 212000, 0),
};
static const struct onym_product sv_type = PRODUCT(TYPE, "8500", "BOX", "货箱型号", "", 0, 3420000,
                                                   0);
static const struct onym_product sv_record = PRODUCT(RECORD, "TST", "HYDCYL5", "举升试验", "", 0,
                                                     318000, ONYM_TAG_HYDRAULIC);

static const struct onym_product en_products[] = {
    PRODUCT(ASSEMBLY, "1000", "DDI13", "发动机", "", 0, 1090000, ONYM_TAG_ENGINE),
    PRODUCT(BATCH, "1004", "1004045", "连杆", "", 0, 3120, ONYM_TAG_ROD),
    PRODUCT(SINGLE, "1002", "1002011", "缸体", "", 0, 342000, ONYM_TAG_BLOCK),
    PRODUCT(SINGLE, "1003", "1003012", "缸盖", "", 0, 128500, 0),
    PRODUCT(SINGLE, "1005", "1005021", "曲轴", "", 0, 103600, ONYM_TAG_CRANK),
    PRODUCT(SINGLE, "1112", "1112010", "喷油器", "", 1, 585, ONYM_TAG_INJECTOR),
    PRODUCT(ASSEMBLY, "1307", "1307010", "水泵", "", 0, 12700, 0),
};
static const struct onym_product en_type = PRODUCT(TYPE, "1000", "DDI13-E", "机型", "", 0, 1090000,
                                                   ONYM_TAG_ENGINE);
static const struct onym_product en_record = PRODUCT(RECORD, "TST", "DDI13", "热试记录", "", 0,
                                                     1090000, 0);

static const struct onym_product tr_products[] = {
    PRODUCT(ASSEMBLY, "1700", "14TA220", "变速器", "GEARBOX", 0, 398000, ONYM_TAG_GEARBOX),
    PRODUCT(BATCH, "1601", "CLU430", "离合器片", "CLUTCH", 0, 11300, 0),
    PRODUCT(ASSEMBLY, "2400", "2400010", "驱动桥", "AXLE", 0, 712000, ONYM_TAG_AXLE),
    PRODUCT(SINGLE, "2402", "2402036", "主动齿轮", "AXLE", 0, 24800, ONYM_TAG_AXLE),
    PRODUCT(ASSEMBLY, "2201", "2201010", "传动轴", "SHAFT", 0, 61500, 0),
    PRODUCT(SINGLE, "1701", "1701105", "中间轴", "GEARBOX", 0, 33900, ONYM_TAG_GEARBOX),
};
static const struct onym_product tr_type = PRODUCT(TYPE, "1700", "14TA", "变速器型号", "GEARBOX", 0,
                                                   398000, ONYM_TAG_GEARBOX);
static const struct onym_product tr_record = PRODUCT(RECORD, "TST", "14TA220", "台架试验",
                                                     "GEARBOX", 0, 398000, ONYM_TAG_GEARBOX);

static const struct onym_product ch_products[] = {
    PRODUCT(ASSEMBLY, "3501", "3501010", "盘式制动器", "BRAKE", 0, 44700, ONYM_TAG_BRAKE),
    PRODUCT(BATCH, "3506", "NYLON12", "制动气管", "AIR", 0, 9600, ONYM_TAG_AIR),
    PRODUCT(SINGLE, "2902", "2902012", "前钢板弹簧", "SUSP", 0, 76200, ONYM_TAG_SUSPENSION),
    PRODUCT(ASSEMBLY, "3401", "3401010", "转向器", "STEER", 0, 46900, ONYM_TAG_STEERING),
    PRODUCT(ASSEMBLY, "3513", "3513010", "储气筒", "AIR", 0, 13800, ONYM_TAG_AIR),
    PRODUCT(SINGLE, "3101", "3101012", "车轮", "WHEEL", 1, 47500, 0),
};
static const struct onym_product ch_type = PRODUCT(TYPE, "3506", "AIRLINE", "气管型号", "AIR", 0,
                                                   9600, ONYM_TAG_AIR);
static const struct onym_product ch_record = PRODUCT(RECORD, "TST", "3501010", "制动试验", "BRAKE",
                                                     0, 44700, ONYM_TAG_BRAKE);

static const struct onym_product bd_products[] = {
    PRODUCT(ASSEMBLY, "5000", "5000010", "白车身", "BIW", 0, 496000, ONYM_TAG_METAL),
    PRODUCT(BATCH, "5700", "HEADPU", "顶衬", "TRIM", 2, 4350, ONYM_TAG_TRIM),
    PRODUCT(SINGLE, "6101", "6101100", "左前门", "DOOR", 0, 23600, ONYM_TAG_METAL),
    PRODUCT(ASSEMBLY, "6800", "6800010", "驾驶员座椅", "SEAT", 1, 48200, ONYM_TAG_TRIM),
    PRODUCT(SINGLE, "5120", "5120011", "地板", "BIW", 0, 39400, ONYM_TAG_METAL),
    PRODUCT(ASSEMBLY, "5306", "5306010", "仪表板", "IP", 1, 28700, ONYM_TAG_TRIM),
};
static const struct onym_product bd_type = PRODUCT(TYPE, "6800", "SEAT-AIR", "座椅型号", "SEAT", 1,
                                                   48200, ONYM_TAG_TRIM);
static const struct onym_product bd_record = PRODUCT(RECORD, "INS", "5000010", "焊装检验", "BIW", 0,
                                                     496000, ONYM_TAG_METAL);

static const struct onym_product eq_products[] = {
    PRODUCT(EQUIPMENT, "CNC", "HMC-800", "加工中心", "CNC", 0, 14500000, ONYM_TAG_MACHINE),
    PRODUCT(BATCH, "0000", "CNMG12", "刀片", "CNC", 0, 120, 0),
    PRODUCT(EQUIPMENT, "DIE", "DL1600", "冲压模具", "DIE", 0, 8600000, ONYM_TAG_DIE),
    PRODUCT(EQUIPMENT, "IHT", "GCK-1025", "感应淬火机", "IHT", 0, 5200000, ONYM_TAG_INDUCTION),
    PRODUCT(EQUIPMENT, "GAU", "JG-120", "检具", "GAUGE", 0, 36500, ONYM_TAG_GAUGE),
    PRODUCT(ASSEMBLY, "0000", "SPD120", "电主轴", "CNC", 0, 58400, ONYM_TAG_MACHINE),
    PRODUCT(EQUIPMENT, "ROB", "R210", "焊接机器人", "ROBOT", 0, 1120000, ONYM_TAG_MACHINE),
};
static const struct onym_product eq_type = PRODUCT(TYPE, "0000", "HMC", "设备型号", "CNC", 0,
                                                   14500000, ONYM_TAG_MACHINE);
static const struct onym_product eq_record = PRODUCT(RECORD, "CAL", "JG-120", "检具校准", "GAUGE",
                                                     0, 36500, ONYM_TAG_GAUGE);

#define CHAIN(upper, lower, title_, first_, count_)                                                \
    [ONYM_##                                                                                       \
        upper] = {.code = ONYM_TEXT(#upper),                                                       \
                  .title = ONYM_TEXT(title_),                                                      \
                  .products = lower##_products,                                                    \
                  .product_count = sizeof lower##_products / sizeof lower##_products[0],           \
                  .type = &lower##_type,                                                           \
                  .record = &lower##_record,                                                       \
                  .fields = onym_##lower##_fields,                                                 \
                  .field_count = sizeof onym_##lower##_fields / sizeof onym_##lower##_fields[0],   \
                  .companies = (count_),                                                           \
                  .first_company = (first_)}

const struct onym_chain_data onym_chains[ONYM_CHAINS] = {
    CHAIN(CV, cv, "商用车", 0, 2),    CHAIN(PV, pv, "乘用车", 2, 2),
    CHAIN(SV, sv, "专用车", 4, 1),    CHAIN(EN, en, "发动机系统", 5, 2),
    CHAIN(TR, tr, "传动系统", 7, 2),  CHAIN(CH, ch, "底盘系统", 9, 2),
    CHAIN(BD, bd, "车身系统", 11, 2), CHAIN(EQ, eq, "汽车装备", 13, 2),
};

#define COMPANY(number, chain_, name_, brand_, english_)                                           \
    {                                                                                              \
        .enterprise = (number), .chain = ONYM_##chain_, .name = ONYM_TEXT(name_),                  \
        .brand = ONYM_TEXT(brand_), .english = ONYM_TEXT(english_)                                 \
    }

const struct onym_company onym_companies[ONYM_COMPANIES] = {
    COMPANY(101, CV, "东风商用车", "东风", "Dongfeng Commercial Vehicle"),
    COMPANY(102, CV, "东风华神", "华神", "Dongfeng Huashen"),
    COMPANY(103, PV, "易捷特", "易捷特", "eGT"),
    COMPANY(104, PV, "赛力斯", "赛力斯", "Seres"),
    COMPANY(105, SV, "驰田", "驰田", "Chitian"),
    COMPANY(106, EN, "龙擎动力", "龙擎", "Longqing Power"),
    COMPANY(107, EN, "东风轻型发动机", "东风", "Dongfeng Light Engine"),
    COMPANY(108, TR, "东风底盘系统", "东风", "Dongfeng Chassis Systems"),
    COMPANY(109, TR, "和德", "和德", "Hede"),
    COMPANY(110, CH, "东科克诺尔", "东科克诺尔", "Dongke Knorr"),
    COMPANY(111, CH, "东风液压动力", "东风", "Dongfeng Hydraulic Power"),
    COMPANY(112, BD, "正和车身", "正和", "Zhenghe Body"),
    COMPANY(113, BD, "东风延锋", "延锋", "Dongfeng Yanfeng"),
    COMPANY(114, EQ, "东风设备", "东风", "Dongfeng Equipment"),
    COMPANY(115, EQ, "恒进感应", "恒进", "Hengjin Induction"),
};
