/* The other side of `./run bench load`: the same rows inserted into LMDB as they come.
 *
 *   lmdb_insert --encode FILE   turns NDJSON on standard input into keys and stored records
 *   lmdb_insert FILE DATABASE   inserts them in the order of FILE: transactions of 10,000, without
 *                               syncing in between, one sync at the end
 *
 * Only the second is measured. A row of FILE is u2 key length, u4 record length, key, record, in
 * the machine's order. */
#include "onym/model/ident.h"
#include "store/record_v1.h"
#include "wire/json_record.h"

#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>

#define ROWS_PER_TRANSACTION 10000U
#define MAP_SIZE             ((size_t)64 << 30)
#define ROW_MAX              ((size_t)512 << 10)
#define NOW_S                1760000000U

static int
fail(const char *what, const char *why)
{
    (void)fprintf(stderr, "lmdb_insert: %s: %s\n", what, why);
    return 1;
}

static bool
write_row(FILE *out, onym_span key, const struct onym_record *record, uint8_t *buffer)
{
    uint16_t key_len = (uint16_t)key.len;
    size_t len = 0;

    if (onym_record_v1_encode(key, record, buffer, ROW_MAX, &len) != ONYM_OK) {
        return false;
    }
    uint32_t data_len = (uint32_t)len;

    return fwrite(&key_len, sizeof key_len, 1, out) == 1 &&
           fwrite(&data_len, sizeof data_len, 1, out) == 1 &&
           fwrite(key.at, key.len, 1, out) == 1 && fwrite(buffer, len, 1, out) == 1;
}

static bool
encode_line(struct onym_json_reader *reader, struct onym_digester *digester, onym_span line,
            uint8_t *buffer, FILE *out)
{
    uint8_t folded[ONYM_NAME_LEN_MAX];
    uint8_t key[ONYM_KEY_LEN_MAX];
    struct onym_json_error error;
    struct onym_json_record read;

    if (onym_json_record_read(reader, line, NOW_S, &read, &error) != ONYM_OK) {
        return false;
    }
    struct onym_record record = {.name = read.name,
                                 .state = ONYM_STATE_ACTIVE,
                                 .revision = 1,
                                 .created_ms = (uint64_t)NOW_S * 1000,
                                 .modified_ms = (uint64_t)NOW_S * 1000,
                                 .public_values = read.public_values,
                                 .private_values = read.private_values};

    onym_ident_upper(read.name, folded);
    return write_row(
        out, onym_record_key(ONYM_KIND_HANDLE, onym_span_of(folded, read.name.len), digester, key),
        &record, buffer);
}

static int
encode(const char *path)
{
    struct onym_json_reader *reader = NULL;
    struct onym_digester *digester = NULL;
    uint8_t *buffer = malloc(ROW_MAX);
    FILE *out = fopen(path, "wb");
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;
    int code = 0;

    if (buffer == NULL || out == NULL || onym_json_reader_new(&reader) != ONYM_OK ||
        onym_digester_new(&digester) != ONYM_OK) {
        code = fail(path, "cannot be written");
    }
    while (code == 0 && (len = getline(&line, &cap, stdin)) > 0) {
        if (!encode_line(reader, digester, onym_span_of(line, (size_t)len), buffer, out)) {
            code = fail("standard input", "a line is no record");
        }
    }
    if (out != NULL && fclose(out) != 0) {
        code = fail(path, "cannot be written");
    }
    free(line);
    onym_digester_free(digester);
    onym_json_reader_free(reader);
    free(buffer);
    return code;
}

struct database {
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi table;
    uint64_t rows;
};

static int
open_database(struct database *db, const char *path)
{
    int rc = mdb_env_create(&db->env);

    rc = rc != 0 ? rc : mdb_env_set_mapsize(db->env, MAP_SIZE);
    rc = rc != 0 ? rc : mdb_env_open(db->env, path, MDB_NOSUBDIR | MDB_NOSYNC, 0600);
    rc = rc != 0 ? rc : mdb_txn_begin(db->env, NULL, 0, &db->txn);
    return rc != 0 ? rc : mdb_dbi_open(db->txn, NULL, 0, &db->table);
}

static int
insert_row(struct database *db, uint8_t *row, uint16_t key_len, uint32_t data_len)
{
    MDB_val key = {.mv_size = key_len, .mv_data = row};
    MDB_val data = {.mv_size = data_len, .mv_data = row + key_len};
    int rc = mdb_put(db->txn, db->table, &key, &data, 0);

    if (rc == 0 && ++db->rows % ROWS_PER_TRANSACTION == 0) {
        rc = mdb_txn_commit(db->txn);
        rc = rc != 0 ? rc : mdb_txn_begin(db->env, NULL, 0, &db->txn);
    }
    return rc;
}

static int
insert(const char *path, const char *target)
{
    struct database db = {0};
    uint8_t *row = malloc(ROW_MAX + ONYM_KEY_LEN_MAX);
    FILE *in = fopen(path, "rb");
    uint16_t key_len;
    uint32_t data_len;
    int rc;

    if (row == NULL || in == NULL) {
        free(row);
        return fail(path, "cannot be read");
    }
    rc = open_database(&db, target);
    while (rc == 0 && fread(&key_len, sizeof key_len, 1, in) == 1 &&
           fread(&data_len, sizeof data_len, 1, in) == 1 && data_len <= ROW_MAX &&
           key_len <= ONYM_KEY_LEN_MAX && fread(row, (size_t)key_len + data_len, 1, in) == 1) {
        rc = insert_row(&db, row, key_len, data_len);
    }
    rc = rc != 0 ? rc : mdb_txn_commit(db.txn);
    rc = rc != 0 ? rc : mdb_env_sync(db.env, 1);
    (void)printf("{\"rows\":%llu}\n", (unsigned long long)db.rows);
    mdb_env_close(db.env);
    (void)fclose(in);
    free(row);
    return rc == 0 ? 0 : fail(target, mdb_strerror(rc));
}

int
main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--encode") == 0) {
        return encode(argv[2]);
    }
    if (argc == 3) {
        return insert(argv[1], argv[2]);
    }
    (void)fputs("usage: lmdb_insert --encode FILE < NDJSON, or lmdb_insert FILE DATABASE\n",
                stderr);
    return 2;
}
