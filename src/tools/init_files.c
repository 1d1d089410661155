#include "base/clock.h"
#include "net/tls_probe.h"
#include "tools/init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define AUTHORITY_DAYS ONYM_TLS_DAYS_MAX
#define CONFIG_MAX     8192U

static bool
exists(const char *path)
{
    struct stat stat;

    return lstat(path, &stat) == 0;
}

static enum onym_status
make_folder(const char *path, mode_t mode, struct onym_fault *fault)
{
    if (mkdir(path, mode) != 0 && errno != EEXIST) {
        return onym_fault_set(fault, ONYM_IO, "%s cannot be made: %s", path, strerror(errno));
    }
    return ONYM_OK;
}

/* A whole new file under its name or none: written beside it, synced, then renamed. */
static enum onym_status
put_file(const char *path, const uint8_t *bytes, size_t len, struct onym_fault *fault)
{
    char beside[ONYM_PATH_MAX + 8];
    size_t done = 0;
    int fd;

    (void)snprintf(beside, sizeof beside, "%s.new", path);
    (void)unlink(beside);
    fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    while (fd >= 0 && done < len) {
        ssize_t n = write(fd, bytes + done, len - done);

        if (n <= 0) {
            break;
        }
        done += (size_t)n;
    }
    if (fd < 0 || done < len || fsync(fd) != 0 || rename(beside, path) != 0) {
        enum onym_status status = onym_fault_set(fault, ONYM_IO, "%s cannot be written: %s", path,
                                                 strerror(errno));

        if (fd >= 0) {
            (void)close(fd);
            (void)unlink(beside);
        }
        return status;
    }
    (void)close(fd);
    return ONYM_OK;
}

static enum onym_status
put_pair(struct onym_init_result *r, int certificate, int key, struct onym_tls_pair *pair,
         enum onym_init_state state, struct onym_fault *fault)
{
    enum onym_status status = put_file(r->file[key].path, pair->key, pair->key_len, fault);

    if (status == ONYM_OK) {
        status = put_file(r->file[certificate].path, pair->certificate, pair->certificate_len,
                          fault);
    }
    onym_tls_pair_drop(pair);
    if (status == ONYM_OK) {
        r->file[key].state = state;
        r->file[certificate].state = state;
    }
    return status;
}

static enum onym_status
alone(const struct onym_init_result *r, int there, int missing, struct onym_fault *fault)
{
    return onym_fault_set(fault, ONYM_IN_USE,
                          "%s is there without %s; put that back, or move the first away to have "
                          "both made anew",
                          r->file[there].path, r->file[missing].path);
}

/* To move the authority away is no way out: clients trust it, and not the one that would be made.
 */
static enum onym_status
without_key(const struct onym_init_result *r, struct onym_fault *fault)
{
    return onym_fault_set(fault, ONYM_IN_USE,
                          "%s is not there, and it signs certificates: bring it back from where it "
                          "is kept. If it is lost, move %s away, too: init then makes an authority "
                          "that no client trusts before it has the new ca.crt",
                          r->file[ONYM_INIT_CA_KEY].path, r->file[ONYM_INIT_CA].path);
}

/* An authority whose key is kept elsewhere is enough as long as nothing is to be signed. */
static enum onym_status
make_authority(const struct onym_init_answers *answers, struct onym_init_result *r, bool needed,
               struct onym_fault *fault)
{
    bool certificate = exists(r->file[ONYM_INIT_CA].path);
    bool key = exists(r->file[ONYM_INIT_CA_KEY].path);
    char name[ONYM_TLS_COMMON_NAME_MAX + 1];
    struct onym_tls_request request = {.name = name,
                                       .days = AUTHORITY_DAYS,
                                       .now_s = onym_clock_epoch_s(),
                                       .rng = onym_rng_system()};
    struct onym_tls_pair pair = {.key = NULL};
    enum onym_status status;

    if (!needed || (certificate && key)) {
        r->file[ONYM_INIT_CA].state = certificate ? ONYM_INIT_KEPT : ONYM_INIT_ABSENT;
        r->file[ONYM_INIT_CA_KEY].state = key ? ONYM_INIT_KEPT : ONYM_INIT_ABSENT;
        return ONYM_OK;
    }
    if (certificate) {
        return without_key(r, fault);
    }
    if (key) {
        return alone(r, ONYM_INIT_CA_KEY, ONYM_INIT_CA, fault);
    }
    (void)snprintf(name, sizeof name, "onym authority of %.40s", answers->name);
    status = onym_tls_make_authority(&request, &pair, fault);
    return status == ONYM_OK
               ? put_pair(r, ONYM_INIT_CA, ONYM_INIT_CA_KEY, &pair, ONYM_INIT_MADE, fault)
               : status;
}

static enum onym_status
make_server(const struct onym_init_answers *answers, struct onym_init_result *r,
            enum onym_init_state state, struct onym_fault *fault)
{
    const char *hosts[ONYM_INIT_HOSTS + 3] = {"localhost", "127.0.0.1", "::1"};
    struct onym_tls_request request = {.name = answers->name,
                                       .hosts = hosts,
                                       .host_count = 3,
                                       .days = answers->days,
                                       .now_s = onym_clock_epoch_s(),
                                       .rng = onym_rng_system()};
    struct onym_tls_pair pair = {.key = NULL};
    enum onym_status status;

    for (size_t i = 0; i < answers->hosts; i++) {
        bool loopback = false;

        for (size_t k = 0; k < 3; k++) {
            loopback = loopback || strcasecmp(hosts[k], answers->host[i]) == 0;
        }
        if (!loopback) {
            hosts[request.host_count++] = answers->host[i];
        }
    }
    status = onym_tls_make_server(&request, r->file[ONYM_INIT_CA].path,
                                  r->file[ONYM_INIT_CA_KEY].path, &pair, fault);
    return status == ONYM_OK
               ? put_pair(r, ONYM_INIT_CERTIFICATE, ONYM_INIT_KEY, &pair, state, fault)
               : status;
}

static void
look_at_kept(const struct onym_init_answers *answers, struct onym_init_result *r)
{
    for (size_t i = 0; i < answers->hosts && r->uncovered == NULL; i++) {
        if (!onym_tls_probe_covers(r->file[ONYM_INIT_CERTIFICATE].path, answers->host[i])) {
            r->uncovered = answers->host[i];
        }
    }
}

static enum onym_status
make_certificates(const struct onym_init_answers *answers, struct onym_init_result *r,
                  struct onym_fault *fault)
{
    bool certificate = exists(r->file[ONYM_INIT_CERTIFICATE].path);
    bool key = exists(r->file[ONYM_INIT_KEY].path);
    bool needed = answers->renew || !certificate;
    enum onym_status status;

    if (certificate != key && !answers->renew) {
        return alone(r, certificate ? ONYM_INIT_CERTIFICATE : ONYM_INIT_KEY,
                     certificate ? ONYM_INIT_KEY : ONYM_INIT_CERTIFICATE, fault);
    }
    status = make_authority(answers, r, needed, fault);
    if (status != ONYM_OK) {
        return status;
    }
    if (needed) {
        return make_server(answers, r, certificate ? ONYM_INIT_RENEWED : ONYM_INIT_MADE, fault);
    }
    look_at_kept(answers, r);
    return ONYM_OK;
}

/* A path in double quotes of YAML. */
static void
quote(const char *path, char out[2 * ONYM_PATH_MAX])
{
    size_t len = 0;

    for (; *path != '\0'; path++) {
        if (*path == '"' || *path == '\\') {
            out[len++] = '\\';
        }
        out[len++] = *path;
    }
    out[len] = '\0';
}

static enum onym_status
make_config(const struct onym_init_answers *answers, struct onym_init_result *r,
            struct onym_fault *fault)
{
    char data[2 * ONYM_PATH_MAX];
    char certificate[2 * ONYM_PATH_MAX];
    char key[2 * ONYM_PATH_MAX];
    char text[CONFIG_MAX];
    enum onym_status status;
    int len;

    quote(r->data_dir, data);
    quote(r->file[ONYM_INIT_CERTIFICATE].path, certificate);
    quote(r->file[ONYM_INIT_KEY].path, key);
    len = snprintf(text, sizeof text,
                   "# Made by onymctl init. Keys that are not here have their defaults; see them "
                   "with\n"
                   "# onymctl -c THIS-FILE conf show --effective --origin\n"
                   "\n"
                   "node:\n"
                   "  id: \"%s\"\n"
                   "\n"
                   "# Only this machine is served. For others, name the addresses to listen on:\n"
                   "# listen:\n"
                   "#   handle_udp: [\"192.0.2.1:2641\"]\n"
                   "#   handle_tcp: [\"192.0.2.1:2641\"]\n"
                   "#   handle_tls: [\"192.0.2.1:2642\"]\n"
                   "#   https: [\"192.0.2.1:8000\"]\n"
                   "\n"
                   "storage:\n"
                   "  dir: \"%s\"\n"
                   "\n"
                   "tls:\n"
                   "  certificate_file: \"%s\"\n"
                   "  key_file: \"%s\"\n",
                   answers->name, data, certificate, key);
    if (len < 0 || (size_t)len >= sizeof text) {
        return onym_fault_set(fault, ONYM_INVALID, "dir: the path is too long");
    }
    status = put_file(r->file[ONYM_INIT_CONFIG].path, (const uint8_t *)text, (size_t)len, fault);
    if (status == ONYM_OK) {
        r->file[ONYM_INIT_CONFIG].state = ONYM_INIT_MADE;
    }
    return status;
}

static enum onym_status
name_files(const char *dir, struct onym_init_result *r, struct onym_fault *fault)
{
    static const struct {
        const char *role, *name;
    } names[ONYM_INIT_FILES] = {
        [ONYM_INIT_CA] = {"authority", "tls/ca.crt"},
        [ONYM_INIT_CA_KEY] = {"authority's key", "tls/ca.key"},
        [ONYM_INIT_CERTIFICATE] = {"certificate", "tls/server.crt"},
        [ONYM_INIT_KEY] = {"key", "tls/server.key"},
        [ONYM_INIT_CONFIG] = {"configuration", "onymd.yaml"},
    };
    char *whole = realpath(dir, NULL);

    if (whole == NULL || strlen(whole) > ONYM_PATH_MAX - 32) {
        free(whole);
        return onym_fault_set(fault, ONYM_IO, "%s is no folder with a path of at most %u bytes",
                              dir, ONYM_PATH_MAX - 32U);
    }
    for (size_t i = 0; i < ONYM_INIT_FILES; i++) {
        r->file[i].role = names[i].role;
        (void)snprintf(r->file[i].path, sizeof r->file[i].path, "%s/%s",
                       strcmp(whole, "/") == 0 ? "" : whole, names[i].name);
    }
    (void)snprintf(r->data_dir, sizeof r->data_dir, "%s/onym-data",
                   strcmp(whole, "/") == 0 ? "" : whole);
    free(whole);
    return ONYM_OK;
}

enum onym_status
onym_init_make(const struct onym_init_answers *answers, struct onym_init_result *r,
               struct onym_fault *fault)
{
    char folder[ONYM_PATH_MAX + 8];
    enum onym_status status = make_folder(answers->dir, 0755, fault);

    memset(r, 0, sizeof *r);
    if (status == ONYM_OK) {
        (void)snprintf(folder, sizeof folder, "%s/tls", answers->dir);
        status = make_folder(folder, 0700, fault);
    }
    if (status == ONYM_OK) {
        status = name_files(answers->dir, r, fault);
    }
    if (status == ONYM_OK) {
        status = make_certificates(answers, r, fault);
    }
    if (status == ONYM_OK && !exists(r->file[ONYM_INIT_CONFIG].path)) {
        status = make_config(answers, r, fault);
    }
    return status;
}
