#include "config/files.h"

#include "config/report.h"
#include "config/yaml_in.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NAME_ROOM 256U
#define NAMES_MAX (ONYM_CONFIG_FILES_MAX - 1)

static void
complain(const struct onym_config_work *work, uint32_t file, const char *problem, int error)
{
    onym_config_report_add(
        work->report, (struct onym_config_origin){.kind = ONYM_CONFIG_FILE, .file = file}, "",
        "%s%s%s", problem, error != 0 ? ": " : "", error != 0 ? strerror(error) : "");
}

/* Up to cap bytes of the file; cap of them mean that it may be longer. errno on failure. */
static bool
read_up_to(const char *path, uint8_t *out, size_t cap, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    ssize_t n = 1;
    int saved;

    *len = 0;
    if (fd < 0) {
        return false;
    }
    while (n > 0 && *len < cap) {
        n = read(fd, out + *len, cap - *len);
        if (n > 0) {
            *len += (size_t)n;
        } else if (n < 0 && errno == EINTR) {
            n = 1;
        }
    }
    saved = errno;
    (void)close(fd);
    errno = saved;
    return n >= 0;
}

static enum onym_status
read_file(const struct onym_config_work *work, const char *path)
{
    const size_t cap = ONYM_CONFIG_FILE_MAX + 1;
    uint32_t file = onym_config_report_file(work->report, path);
    enum onym_status status = ONYM_OK;
    uint8_t *bytes = malloc(cap);
    size_t len;

    if (bytes == NULL) {
        return ONYM_NO_MEMORY;
    }
    if (!read_up_to(path, bytes, cap, &len)) {
        complain(work, file, "cannot be read", errno);
    } else if (len == cap) {
        complain(work, file, "is too large; expected at most 1048576 bytes", 0);
    } else {
        status = onym_config_yaml_read(work, file, onym_span_of(bytes, len));
    }
    free(bytes);
    return status;
}

struct names {
    size_t count;
    char at[NAMES_MAX][NAME_ROOM];
};

static int
by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static bool
is_wanted(const char *name)
{
    size_t len = strlen(name);

    return name[0] != '.' && len > 5 && len < NAME_ROOM && strcmp(name + len - 5, ".yaml") == 0;
}

/* The names of the folder in order. False, with an error reported, when there is a folder and it
 * cannot be read or has too many. */
static bool
list_folder(const struct onym_config_work *work, const char *folder, struct names *names)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;

    names->count = 0;
    if (dir == NULL) {
        if (errno == ENOENT) {
            return true;
        }
        complain(work, onym_config_report_file(work->report, folder), "cannot be read", errno);
        return false;
    }
    /* readdir is safe here: no other thread has this DIR */
    while ((entry = readdir(dir)) != NULL) {
        if (!is_wanted(entry->d_name)) {
            continue;
        }
        if (names->count == NAMES_MAX) {
            complain(work, onym_config_report_file(work->report, folder),
                     "has too many files; expected at most 64 named *.yaml", 0);
            (void)closedir(dir);
            return false;
        }
        (void)snprintf(names->at[names->count++], NAME_ROOM, "%s", entry->d_name);
    }
    (void)closedir(dir);
    qsort(names->at, names->count, NAME_ROOM, by_name);
    return true;
}

static enum onym_status
read_folder(const struct onym_config_work *work, const char *folder)
{
    struct names *names = malloc(sizeof *names);
    enum onym_status status = ONYM_OK;

    if (names == NULL) {
        return ONYM_NO_MEMORY;
    }
    if (list_folder(work, folder, names)) {
        for (size_t i = 0; i < names->count && status == ONYM_OK; i++) {
            char path[ONYM_PATH_MAX + NAME_ROOM];
            (void)snprintf(path, sizeof path, "%s/%s", folder, names->at[i]);
            if (strlen(path) >= ONYM_PATH_MAX) {
                complain(work, onym_config_report_file(work->report, folder),
                         "has a file with too long a path", 0);
                break;
            }
            status = read_file(work, path);
        }
    }
    free(names);
    return status;
}

enum onym_status
onym_config_files_read(const struct onym_config_work *work, const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[ONYM_PATH_MAX + 8];
    enum onym_status status;

    if (strlen(path) >= ONYM_PATH_MAX - sizeof "conf.d") {
        complain(work, onym_config_report_file(work->report, path), "has too long a path", 0);
        return ONYM_OK;
    }
    status = read_file(work, path);
    if (status != ONYM_OK) {
        return status;
    }
    (void)snprintf(folder, sizeof folder, "%.*sconf.d", slash != NULL ? (int)(slash + 1 - path) : 0,
                   path);
    return read_folder(work, folder);
}
