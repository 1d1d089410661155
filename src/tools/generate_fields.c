#include "tools/generate_fields.h"

/* Index, name and access of every row are those of docs/domain.md; ranges and choices are made up
 * to look like a plant's data. Numbers are counted in units of their last place. */

TEXTS(lines) = {ONYM_TEXT("总装一线"), ONYM_TEXT("总装二线"), ONYM_TEXT("机加一线"),
                ONYM_TEXT("机加二线"), ONYM_TEXT("焊装线"),   ONYM_TEXT("涂装线")};
TEXTS(revisions) = {ONYM_TEXT("A0"), ONYM_TEXT("A1"), ONYM_TEXT("B0"), ONYM_TEXT("B2"),
                    ONYM_TEXT("C1")};
TEXTS(results) = {ONYM_TEXT("OK"), ONYM_TEXT("OK"), ONYM_TEXT("OK"), ONYM_TEXT("OK"),
                  ONYM_TEXT("OK"), ONYM_TEXT("OK"), ONYM_TEXT("OK"), ONYM_TEXT("REWORK")};
TEXTS(carriers) = {ONYM_TEXT("QR"), ONYM_TEXT("DM"), ONYM_TEXT("RFID"), ONYM_TEXT("1D")};
TEXTS(remarks) = {ONYM_TEXT("首件检验合格"), ONYM_TEXT("换型后首批"), ONYM_TEXT("按订单生产"),
                  ONYM_TEXT("备件")};
TEXTS(report) = {ONYM_TEXT("IR-")};
TEXTS(verify) = {ONYM_TEXT("https://id.example.cn/")};

#define MADE  (KIND_V | KIND_A | KIND_P | KIND_B | KIND_E)
#define PARTS (KIND_A | KIND_P | KIND_B)

const struct onym_field onym_common_fields[] = {
    FIELD(2000, "partNo", 'O', REQUIRED, 6, KIND_ALL, 0, FROM(PARTNO)),
    FIELD(2001, "partName", 'O', REQUIRED, 6, KIND_ALL, 0, FROM(NAME)),
    FIELD(2002, "serialNo", 'O', REQUIRED, 6, KIND_V | KIND_A | KIND_P | KIND_E | KIND_R, 0,
          FROM(SERIAL)),
    FIELD(2003, "batchNo", 'A', REQUIRED, 6, KIND_B, 0, FROM(BATCHNO)),
    FIELD(2003, "batchNo", 'A', USUAL, 12, KIND_A | KIND_P, 0, FROM(BATCHNO)),
    FIELD(2004, "manufacturer", 'O', REQUIRED, 6, KIND_ALL, 0, FROM(MAKER)),
    FIELD(2005, "plantLine", 'S', USUAL, 24, KIND_ALL & ~KIND_T, 0, CHOICE(lines)),
    FIELD(2006, "productionDate", 'O', REQUIRED, 6, KIND_ALL, 0, DATE_PLUS(0)),
    FIELD(2007, "brand", 'O', USUAL, 12, KIND_ALL, 0, FROM(BRAND)),
    FIELD(2008, "productType", 'O', REQUIRED, 6, KIND_ALL, 0, FROM(KIND)),
    FIELD(2009, "drawingRev", 'S', FULL, 12, KIND_ALL & ~KIND_R, 0, CHOICE(revisions)),
    FIELD(2010, "netMass", 'A', USUAL, 12, MADE | KIND_T, 0, FROM(MASS)),
    FIELD(2011, "inspectionResult", 'A', REQUIRED, 12, KIND_ALL, 0, CHOICE(results)),
    FIELD(2012, "inspectionReport", 'A', FULL, 99, MADE | KIND_R, 0, FROM(FILE), LIST(report)),
    FIELD(2013, "supplierCode", 'A', FULL, 24, PARTS, 0, FROM(SUPPLIER)),
    FIELD(2014, "carrierType", 'O', USUAL, 12, MADE, 0, CHOICE(carriers)),
    FIELD(2015, "warrantyEnd", 'A', FULL, 24, MADE & ~KIND_B, 0, DATE_PLUS(3)),
    FIELD(2016, "verifyUrl", 'O', FULL, 99, KIND_ALL, 0, FROM(URL), LIST(verify)),
    FIELD(2017, "parentId", 'A', USUAL, 24, PARTS | KIND_R, 0, RELATION(PARENT)),
    FIELD(2018, "batchIds", 'A', FULL, 99, KIND_V | PARTS, 0, RELATION(BATCH)),
    FIELD(2019, "remark", 'S', FULL, 99, MADE, 0, CHOICE(remarks)),
};
const uint8_t onym_common_field_count = sizeof onym_common_fields / sizeof onym_common_fields[0];

/* a scan of this one decides whether somebody drives on: caches keep it for minutes, not a day */
#define RECALL(number)                                                                             \
    FIELD(number, "recallStatus", 'O', REQUIRED, 24, KIND_ALL & ~KIND_R, 0, CHOICE(recalls),       \
          .ttl = 300)
TEXTS(recalls) = {ONYM_TEXT("NONE"), ONYM_TEXT("NONE"), ONYM_TEXT("NONE"), ONYM_TEXT("NONE"),
                  ONYM_TEXT("NONE"), ONYM_TEXT("NONE"), ONYM_TEXT("NONE"), ONYM_TEXT("NONE"),
                  ONYM_TEXT("NONE"), ONYM_TEXT("NONE"), ONYM_TEXT("NONE"), ONYM_TEXT("NONE"),
                  ONYM_TEXT("NONE"), ONYM_TEXT("NONE"), ONYM_TEXT("NONE"), ONYM_TEXT("NONE"),
                  ONYM_TEXT("NONE"), ONYM_TEXT("NONE"), ONYM_TEXT("NONE"), ONYM_TEXT("NONE"),
                  ONYM_TEXT("NONE"), ONYM_TEXT("NONE"), ONYM_TEXT("OPEN"), ONYM_TEXT("DONE")};

TEXTS(cv_models) = {ONYM_TEXT("DFH4250"), ONYM_TEXT("DFH1180")};
TEXTS(cv_categories) = {ONYM_TEXT("N3"), ONYM_TEXT("N3")};
TEXTS(cv_drives) = {ONYM_TEXT("6x4"), ONYM_TEXT("4x2")};
TEXTS(cv_gross) = {ONYM_TEXT("25000"), ONYM_TEXT("18000")};
TEXTS(cv_curb) = {ONYM_TEXT("8800"), ONYM_TEXT("6250")};
TEXTS(cv_base) = {ONYM_TEXT("4650"), ONYM_TEXT("5000")};
TEXTS(cv_emission) = {ONYM_TEXT("CN6b"), ONYM_TEXT("CN6b")};
TEXTS(cv_certificate) = {ONYM_TEXT("WEB0S")};

const struct onym_field onym_cv_fields[] = {
    FIELD(2020, "vin", 'O', REQUIRED, 24, KIND_V, 0, FROM(SERIAL)),
    FIELD(2021, "vehicleModel", 'O', REQUIRED, 24, KIND_ALL, 0, VARIANT(cv_models)),
    FIELD(2022, "category", 'O', REQUIRED, 24, KIND_ALL, 0, VARIANT(cv_categories)),
    FIELD(2023, "driveForm", 'O', REQUIRED, 24, KIND_ALL, 0, VARIANT(cv_drives)),
    FIELD(2024, "grossMass", 'O', REQUIRED, 24, KIND_ALL, 0, VARIANT(cv_gross)),
    FIELD(2025, "curbMass", 'O', REQUIRED, 24, KIND_V, 0, VARIANT(cv_curb)),
    FIELD(2026, "wheelbase", 'O', REQUIRED, 24, KIND_ALL, 0, VARIANT(cv_base)),
    FIELD(2027, "engineId", 'A', REQUIRED, 99, KIND_V, 0, RELATION(ENGINE)),
    FIELD(2028, "transmissionId", 'A', USUAL, 99, KIND_V, 0, RELATION(GEARBOX)),
    FIELD(2029, "axleIds", 'A', USUAL, 99, KIND_V, 0, RELATION(AXLE)),
    FIELD(2030, "emissionStage", 'O', REQUIRED, 24, KIND_ALL, 0, VARIANT(cv_emission)),
    FIELD(2031, "certificateNo", 'A', USUAL, 24, KIND_V, 0, CODE(cv_certificate, 10)),
    RECALL(2032),
};

TEXTS(pv_models) = {ONYM_TEXT("SYE11")};
TEXTS(pv_bodies) = {ONYM_TEXT("SUV")};
TEXTS(pv_powers) = {ONYM_TEXT("BEV")};
TEXTS(pv_energy) = {ONYM_TEXT("77.0")};
TEXTS(pv_voltage) = {ONYM_TEXT("350")};
TEXTS(pv_motor) = {ONYM_TEXT("TZ220XS")};
TEXTS(pv_software) = {ONYM_TEXT("VCU 2.4.1"), ONYM_TEXT("VCU 2.4.3"), ONYM_TEXT("VCU 2.5.0")};
TEXTS(pv_colours) = {ONYM_TEXT("W01"), ONYM_TEXT("B07"), ONYM_TEXT("S12"), ONYM_TEXT("R03")};

#define POWERED (ONYM_TAG_VEHICLE | ONYM_TAG_BATTERY)
#define DRIVEN  (ONYM_TAG_VEHICLE | ONYM_TAG_MOTOR)

const struct onym_field onym_pv_fields[] = {
    FIELD(2020, "vin", 'O', REQUIRED, 24, KIND_V, 0, FROM(SERIAL)),
    FIELD(2021, "vehicleModel", 'O', REQUIRED, 24, KIND_ALL, 0, VARIANT(pv_models)),
    FIELD(2022, "bodyType", 'O', REQUIRED, 24, KIND_ALL, 0, VARIANT(pv_bodies)),
    FIELD(2023, "powerType", 'O', REQUIRED, 24, KIND_ALL, 0, VARIANT(pv_powers)),
    FIELD(2024, "batteryCode", 'O', REQUIRED, 24, MADE, POWERED, FROM(BATTERY)),
    FIELD(2025, "ratedEnergy", 'O', USUAL, 24, KIND_ALL, POWERED, VARIANT(pv_energy)),
    FIELD(2026, "nominalVoltage", 'A', USUAL, 24, KIND_ALL, POWERED, VARIANT(pv_voltage)),
    FIELD(2027, "motorNo", 'A', USUAL, 24, MADE, DRIVEN, CODE(pv_motor, 7)),
    FIELD(2028, "motorPeakPower", 'O', USUAL, 24, KIND_ALL, DRIVEN, NUMBER(110, 160, 0)),
    FIELD(2029, "range", 'O', USUAL, 24, KIND_ALL, ONYM_TAG_VEHICLE, NUMBER(480, 560, 0)),
    FIELD(2030, "swVersion", 'A', FULL, 24, MADE, DRIVEN, CHOICE(pv_software)),
    FIELD(2031, "colourCode", 'O', FULL, 24, MADE, ONYM_TAG_VEHICLE, CHOICE(pv_colours)),
    RECALL(2032),
};

TEXTS(sv_classes) = {ONYM_TEXT("DUMP"), ONYM_TEXT("VAN")};
TEXTS(sv_materials) = {ONYM_TEXT("NM450"), ONYM_TEXT("Q355B")};
TEXTS(sv_pto) = {ONYM_TEXT("QH50"), ONYM_TEXT("QH70")};
TEXTS(sv_announcement) = {ONYM_TEXT("GG2025-")};

#define TIPPING (ONYM_TAG_VEHICLE | ONYM_TAG_HYDRAULIC)

const struct onym_field onym_sv_fields[] = {
    FIELD(2020, "vin", 'O', REQUIRED, 24, KIND_V, 0, FROM(SERIAL)),
    FIELD(2021, "structureClass", 'O', REQUIRED, 24, KIND_ALL, 0, VARIANT(sv_classes)),
    FIELD(2022, "chassisId", 'A', REQUIRED, 99, KIND_V, 0, RELATION(CHASSIS)),
    FIELD(2023, "chassisVin", 'A', USUAL, 24, KIND_V, 0, RELATION(CHASSIS_VIN)),
    FIELD(2024, "usefulVolume", 'O', FULL, 24, KIND_ALL, 0, NUMBER(1720, 2400, 2)),
    FIELD(2025, "ratedLoad", 'O', REQUIRED, 24, KIND_ALL, 0, NUMBER(14500, 16500, 0)),
    FIELD(2026, "hydraulicPressure", 'A', USUAL, 24, MADE, TIPPING, NUMBER(160, 210, 1)),
    FIELD(2027, "liftAngle", 'O', FULL, 24, KIND_ALL, 0, NUMBER(48, 54, 0)),
    FIELD(2028, "bodyMaterial", 'O', USUAL, 24, KIND_ALL, 0, VARIANT(sv_materials)),
    FIELD(2029, "ptoModel", 'A', FULL, 24, MADE, TIPPING, CHOICE(sv_pto)),
    FIELD(2030, "announcementNo", 'O', FULL, 24, KIND_ALL, 0, CODE(sv_announcement, 5)),
};

TEXTS(en_models) = {ONYM_TEXT("DDI13"), ONYM_TEXT("L15")};
TEXTS(en_litres) = {ONYM_TEXT("12.940"), ONYM_TEXT("1.498")};
TEXTS(en_cylinders) = {ONYM_TEXT("6"), ONYM_TEXT("4")};
TEXTS(en_power) = {ONYM_TEXT("382 kW @ 1800 rpm"), ONYM_TEXT("83 kW @ 6000 rpm")};
TEXTS(en_torque) = {ONYM_TEXT("2500"), ONYM_TEXT("145")};
TEXTS(en_fuels) = {ONYM_TEXT("DIESEL"), ONYM_TEXT("GASOLINE")};
TEXTS(en_bolts) = {ONYM_TEXT("BT-")};

const struct onym_field onym_en_fields[] = {
    FIELD(2020, "engineModel", 'O', REQUIRED, 24, KIND_ALL, 0, VARIANT(en_models)),
    FIELD(2021, "displacement", 'O', REQUIRED, 24, KIND_ALL, 0, VARIANT(en_litres)),
    FIELD(2022, "cylinders", 'O', REQUIRED, 24, KIND_ALL, 0, VARIANT(en_cylinders)),
    FIELD(2023, "bore", 'A', REQUIRED, 24, MADE, ONYM_TAG_BLOCK, NUMBER(13098, 13102, 2)),
    FIELD(2024, "stroke", 'A', REQUIRED, 24, MADE, ONYM_TAG_CRANK, NUMBER(15998, 16002, 2)),
    FIELD(2025, "ratedPower", 'O', REQUIRED, 24, KIND_ALL, ONYM_TAG_ENGINE, VARIANT(en_power)),
    FIELD(2026, "maxTorque", 'O', REQUIRED, 24, KIND_ALL, 0, VARIANT(en_torque)),
    FIELD(2027, "fuel", 'O', REQUIRED, 24, KIND_ALL, 0, VARIANT(en_fuels)),
    FIELD(2028, "mainJournalDia", 'A', USUAL, 24, MADE, ONYM_TAG_CRANK, NUMBER(109980, 110000, 3)),
    FIELD(2029, "dynamicBalance", 'A', USUAL, 24, MADE, ONYM_TAG_CRANK, NUMBER(60, 180, 0)),
    FIELD(2030, "injectionPressure", 'A', USUAL, 24, MADE, ONYM_TAG_INJECTOR, NUMBER(160, 200, 0)),
    FIELD(2031, "oilPressure", 'A', USUAL, 24, MADE, ONYM_TAG_ENGINE, NUMBER(380, 460, 0)),
    FIELD(2032, "coolantTemp", 'A', USUAL, 24, MADE, ONYM_TAG_ENGINE, NUMBER(82, 95, 0)),
    FIELD(2033, "hotTestId", 'A', REQUIRED, 99, MADE, ONYM_TAG_ENGINE, RELATION(TEST)),
    FIELD(2034, "boltTorqueRecord", 'S', FULL, 99, MADE, ONYM_TAG_ENGINE | ONYM_TAG_ROD, FROM(FILE),
          LIST(en_bolts)),
};

TEXTS(tr_ratios) = {ONYM_TEXT("14.96-11.67-9.03-7.07-5.53-4.34-3.44-2.71-2.12-1.63-1.28-1.00")};
TEXTS(tr_lots) = {ONYM_TEXT("HT")};
TEXTS(tr_oils) = {ONYM_TEXT("GL-5 85W-90"), ONYM_TEXT("GL-4 75W-80")};
TEXTS(tr_nvh) = {ONYM_TEXT("NVH-")};

const struct onym_field onym_tr_fields[] = {
    FIELD(2020, "unitKind", 'O', REQUIRED, 24, KIND_ALL, 0, FROM(UNIT)),
    FIELD(2021, "gearCount", 'O', USUAL, 24, KIND_ALL, ONYM_TAG_GEARBOX, NUMBER(12, 14, 0)),
    FIELD(2022, "ratioSet", 'O', USUAL, 99, KIND_ALL, ONYM_TAG_GEARBOX, CHOICE(tr_ratios)),
    FIELD(2023, "maxInputTorque", 'O', REQUIRED, 24, KIND_ALL, 0, NUMBER(2100, 2600, 0)),
    FIELD(2024, "finalRatio", 'O', REQUIRED, 24, KIND_ALL, ONYM_TAG_AXLE, NUMBER(2846, 4111, 3)),
    FIELD(2025, "axleLoad", 'O', REQUIRED, 24, KIND_ALL, ONYM_TAG_AXLE, NUMBER(10000, 13000, 0)),
    FIELD(2026, "noise", 'A', FULL, 24, MADE, 0, NUMBER(780, 860, 1)),
    FIELD(2027, "backlash", 'A', USUAL, 24, MADE, 0, NUMBER(120, 250, 3)),
    FIELD(2028, "heatTreatLot", 'A', FULL, 24, MADE, 0, CODE(tr_lots, 6)),
    FIELD(2029, "surfaceHardness", 'A', USUAL, 24, MADE, 0, NUMBER(580, 630, 1)),
    FIELD(2030, "oilSpec", 'O', FULL, 24, MADE | KIND_T, 0, CHOICE(tr_oils)),
    FIELD(2031, "nvhReport", 'A', FULL, 99, MADE, ONYM_TAG_GEARBOX | ONYM_TAG_AXLE, FROM(FILE),
          LIST(tr_nvh)),
};

TEXTS(ch_heats) = {ONYM_TEXT("LH")};
TEXTS(ch_cracks) = {ONYM_TEXT("MT OK"), ONYM_TEXT("UT OK"), ONYM_TEXT("RT OK")};
TEXTS(ch_safety) = {ONYM_TEXT("Y"), ONYM_TEXT("N")};
TEXTS(ch_certificates) = {ONYM_TEXT("CCC20250111")};

const struct onym_field onym_ch_fields[] = {
    FIELD(2020, "unitKind", 'O', REQUIRED, 24, KIND_ALL, 0, FROM(UNIT)),
    FIELD(2021, "ratedLoad", 'O', FULL, 24, KIND_ALL, 0, NUMBER(3500, 7500, 0)),
    FIELD(2022, "springRate", 'A', USUAL, 24, MADE, ONYM_TAG_SUSPENSION, NUMBER(1800, 3200, 1)),
    FIELD(2023, "brakeTorque", 'A', REQUIRED, 24, MADE, ONYM_TAG_BRAKE, NUMBER(18000, 22500, 0)),
    FIELD(2024, "airPressure", 'A', USUAL, 24, MADE, ONYM_TAG_BRAKE | ONYM_TAG_AIR,
          NUMBER(800, 1250, 0)),
    FIELD(2025, "leakRate", 'A', REQUIRED, 24, MADE, ONYM_TAG_AIR, NUMBER(5, 90, 2)),
    FIELD(2026, "steeringRatio", 'O', USUAL, 24, KIND_ALL, ONYM_TAG_STEERING,
          NUMBER(1800, 2620, 2)),
    FIELD(2027, "workPressure", 'A', USUAL, 24, MADE, ONYM_TAG_STEERING, NUMBER(130, 170, 1)),
    FIELD(2028, "castingHeat", 'A', USUAL, 24, MADE, 0, CODE(ch_heats, 6)),
    FIELD(2029, "crackTest", 'A', REQUIRED, 24, MADE, 0, CHOICE(ch_cracks)),
    FIELD(2030, "safetyPart", 'O', REQUIRED, 24, KIND_ALL, 0, VARIANT(ch_safety)),
    FIELD(2031, "ccCertNo", 'O', FULL, 24, KIND_ALL, 0, CODE(ch_certificates, 6)),
};

TEXTS(bd_materials) = {ONYM_TEXT("DC04"), ONYM_TEXT("PP-T20"), ONYM_TEXT("PU")};
TEXTS(bd_paints) = {ONYM_TEXT("PT")};
TEXTS(bd_coils) = {ONYM_TEXT("C25")};
TEXTS(bd_colours) = {ONYM_TEXT("RAL9010"), ONYM_TEXT("RAL3020"), ONYM_TEXT("RAL5015")};

const struct onym_field onym_bd_fields[] = {
    FIELD(2020, "unitKind", 'O', REQUIRED, 24, KIND_ALL, 0, FROM(UNIT)),
    FIELD(2021, "materialGrade", 'A', REQUIRED, 24, KIND_ALL, 0, VARIANT(bd_materials)),
    FIELD(2022, "sheetThickness", 'A', USUAL, 24, MADE, ONYM_TAG_METAL, NUMBER(70, 200, 2)),
    FIELD(2023, "weldSpots", 'A', USUAL, 24, MADE, ONYM_TAG_METAL, NUMBER(60, 2400, 0)),
    FIELD(2024, "gapFlush", 'A', FULL, 24, MADE, 0, NUMBER(5, 250, 2)),
    FIELD(2025, "paintBatch", 'A', USUAL, 24, MADE, ONYM_TAG_METAL, CODE(bd_paints, 6)),
    FIELD(2026, "filmThickness", 'A', USUAL, 24, MADE, ONYM_TAG_METAL, NUMBER(95, 140, 0)),
    FIELD(2027, "colourCode", 'O', USUAL, 24, KIND_ALL, 0, CHOICE(bd_colours)),
    FIELD(2028, "voc", 'A', FULL, 24, MADE, 0, NUMBER(8, 95, 3)),
    FIELD(2029, "burnRate", 'A', REQUIRED, 24, MADE, ONYM_TAG_TRIM, NUMBER(0, 90, 0)),
    FIELD(2030, "coilHeatNo", 'A', USUAL, 24, MADE, 0, CODE(bd_coils, 5)),
    FIELD(2031, "stampingDie", 'S', FULL, 99, MADE, ONYM_TAG_METAL, RELATION(DIE)),
};

TEXTS(eq_controls) = {ONYM_TEXT("CNC-828"), ONYM_TEXT("PLC-1500")};
TEXTS(eq_endpoints) = {ONYM_TEXT("opc.tcp://line1.example.cn:4840"),
                       ONYM_TEXT("opc.tcp://line2.example.cn:4840")};
TEXTS(eq_plans) = {ONYM_TEXT("MP-")};

const struct onym_field onym_eq_fields[] = {
    FIELD(2020, "equipKind", 'O', REQUIRED, 24, KIND_ALL, 0, FROM(UNIT)),
    FIELD(2021, "model", 'O', REQUIRED, 24, KIND_ALL, 0, FROM(PARTNO)),
    FIELD(2022, "ratedPower", 'O', REQUIRED, 24, KIND_ALL, 0, NUMBER(110, 3150, 1)),
    FIELD(2023, "controlSystem", 'A', FULL, 24, KIND_ALL, 0, CHOICE(eq_controls)),
    FIELD(2024, "positioningAccuracy", 'A', USUAL, 24, KIND_ALL, ONYM_TAG_MACHINE,
          NUMBER(30, 80, 1)),
    FIELD(2025, "inductionFrequency", 'A', USUAL, 24, KIND_ALL, ONYM_TAG_INDUCTION,
          NUMBER(8, 40, 0)),
    FIELD(2026, "commissionDate", 'A', USUAL, 24, MADE, 0, DATE_PLUS(0)),
    FIELD(2027, "calibrationDue", 'A', REQUIRED, 24, MADE | KIND_R, ONYM_TAG_GAUGE, DATE_PLUS(1)),
    FIELD(2028, "runHours", 'A', FULL, 24, MADE, 0, NUMBER(0, 18000, 0)),
    FIELD(2029, "faultCount", 'A', FULL, 24, MADE, 0, NUMBER(0, 40, 0)),
    FIELD(2030, "dataEndpoint", 'S', FULL, 99, MADE, 0, CHOICE(eq_endpoints)),
    FIELD(2031, "maintenancePlan", 'S', FULL, 99, MADE, 0, FROM(FILE), LIST(eq_plans)),
    FIELD(2032, "dieShots", 'A', USUAL, 24, MADE, ONYM_TAG_DIE, NUMBER(0, 300000, 0)),
};
