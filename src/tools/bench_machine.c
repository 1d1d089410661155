#include "tools/bench_machine.h"

#include "version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* What follows `key` in the first line of a file that begins with it, without quotes. */
static void
find_line(const char *path, const char *key, char *out, size_t cap)
{
    char line[256];
    FILE *file = fopen(path, "r");

    out[0] = '\0';
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, key, strlen(key)) == 0) {
            const char *value = line + strlen(key);

            value += strspn(value, " \t:=\"");
            (void)snprintf(out, cap, "%.*s", (int)strcspn(value, "\"\n"), value);
            break;
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
}

json_t *
onym_bench_machine(void)
{
    struct utsname name = {0};
    char cpu[128], memory[64], system[128];

    find_line("/proc/cpuinfo", "model name", cpu, sizeof cpu);
    find_line("/proc/meminfo", "MemTotal", memory, sizeof memory);
    find_line("/etc/os-release", "PRETTY_NAME", system, sizeof system);
    (void)uname(&name);
    return json_pack("{s:s,s:s,s:I,s:I,s:s,s:s}", "host", name.nodename, "cpu", cpu, "cores",
                     (json_int_t)sysconf(_SC_NPROCESSORS_ONLN), "memory_bytes",
                     (json_int_t)strtoull(memory, NULL, 10) * 1024, "kernel", name.release,
                     "system", system);
}

json_t *
onym_bench_machine_program(int format)
{
    return json_pack("{s:i,s:s,s:s,s:s}", "format", format, "version", ONYM_BUILD_VERSION,
                     "revision", ONYM_REVISION, "build", ONYM_BUILD_TYPE);
}
