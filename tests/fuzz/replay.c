/* Runs a fuzz target over the files of its corpus, without libFuzzer: FILE or DIR arguments. Ends
 * with the number of inputs; no input at all is a failure, because then nothing was tested. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX ((size_t)4 << 20)

/* The input lies in an allocation of exactly its size, so that a sanitizer sees reads past it. */
static int
run_file(const char *path)
{
    FILE *in = fopen(path, "rb");
    struct stat about;
    uint8_t *data;
    size_t len;

    if (in == NULL || fstat(fileno(in), &about) != 0 || about.st_size < 0 ||
        (size_t)about.st_size > INPUT_MAX) {
        (void)fprintf(stderr, "replay: %s: cannot read, or over %zu bytes\n", path, INPUT_MAX);
        if (in != NULL) {
            (void)fclose(in);
        }
        return -1;
    }
    len = (size_t)about.st_size;
    data = malloc(len > 0 ? len : 1);
    if (data == NULL || fread(data, 1, len, in) != len) {
        (void)fprintf(stderr, "replay: %s: cannot read\n", path);
        free(data);
        (void)fclose(in);
        return -1;
    }
    (void)fclose(in);
    (void)LLVMFuzzerTestOneInput(data, len);
    free(data);
    return 0;
}

/* Returns the number of inputs, or -1. */
static long
run_dir(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    long count = 0;

    if (dir == NULL) {
        (void)fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
        return -1;
    }
    while (count >= 0 && (entry = readdir(dir)) != NULL) {
        char file[4096];

        if (entry->d_name[0] == '.') {
            continue;
        }
        if (snprintf(file, sizeof file, "%s/%s", path, entry->d_name) >= (int)sizeof file) {
            (void)fprintf(stderr, "replay: %s: path too long\n", path);
            count = -1;
        } else {
            count = run_file(file) == 0 ? count + 1 : -1;
        }
    }
    (void)closedir(dir);
    return count;
}

int
main(int argc, char **argv)
{
    long total = 0;

    for (int i = 1; i < argc; i++) {
        struct stat about;
        long count = -1;

        if (stat(argv[i], &about) != 0) {
            (void)fprintf(stderr, "replay: %s: %s\n", argv[i], strerror(errno));
        } else if (S_ISDIR(about.st_mode)) {
            count = run_dir(argv[i]);
        } else {
            count = run_file(argv[i]) == 0 ? 1 : -1;
        }
        if (count < 0) {
            return 1;
        }
        total += count;
    }
    (void)printf("%ld inputs\n", total);
    return total > 0 ? 0 : 1;
}
