/* onym-vectors: does our codec read and write the golden bytes as their files say? */
#include "base/options.h"
#include "tools/command.h"
#include "tools/dispatch.h"
#include "tools/vectors.h"

#include <stdio.h>

static const char help[] =
    "usage: onym-vectors [--verbose] [--decode] FILE...\n"
    "\n"
    "Runs files of wire vectors (one JSON object a line, see proto/vectors/README.md)\n"
    "through the codec: decodes the bytes, compares every field given, encodes again\n"
    "and compares the bytes. Digests, MACs, signatures, answers to challenges and\n"
    "session keys are recomputed. FILE may be - for standard input; in a pipe, keys\n"
    "and secrets must stand in front of what they prove.\n"
    "\n"
    "  -v, --verbose   also list what passed, and notes\n"
    "      --decode    print the decoded fields as lines of JSON; compare nothing\n"
    "  -h, --help      show this text\n"
    "  -V, --version   show the version\n"
    "\n"
    "Ends with 'N passed, N failed, N skipped'.\n"
    "\n"
    "Exit status: 0 none failed; 1 a record failed, or a file cannot be read; 2\n"
    "usage.\n"
    "\n"
    "Examples:\n"
    "  onym-vectors proto/vectors/handle-wire.jsonl\n"
    "  grep HS_SITE proto/vectors/handle-wire.jsonl | onym-vectors --decode -\n";

int
main(int argc, char **argv)
{
    enum { OPTION_DECODE = 256 };
    static const struct option options[] = {
        {"verbose", no_argument, NULL, 'v'},
        {"decode", no_argument, NULL, OPTION_DECODE},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {NULL, 0, NULL, 0},
    };
    struct onym_vectors vectors = {0};
    enum onym_status status;
    int option;

    while ((option = onym_option_next(argc, argv, "vhV", options, NULL)) != -1) {
        if (option == 'v') {
            vectors.verbose = true;
        } else if (option == OPTION_DECODE) {
            vectors.decode = true;
        } else if (option == 'h') {
            (void)fputs(help, stdout);
            return ONYM_EXIT_DONE;
        } else if (option == 'V') {
            onym_version_print("onym-vectors", false);
            return ONYM_EXIT_DONE;
        } else {
            (void)fprintf(stderr, "onym-vectors: see --help\n");
            return ONYM_EXIT_USAGE;
        }
    }
    if (optind == argc) {
        (void)fprintf(stderr, "onym-vectors: no FILE given; see --help\n");
        return ONYM_EXIT_USAGE;
    }
    status = onym_vectors_open(&vectors);
    if (status != ONYM_OK) {
        (void)fprintf(stderr, "onym-vectors: %s\n", onym_status_text(status));
        onym_vectors_close(&vectors);
        return ONYM_EXIT_SERVER;
    }
    for (int i = optind; i < argc; i++) {
        onym_vectors_run(&vectors, argv[i]);
    }
    (void)fprintf(vectors.decode ? stderr : stdout, "%zu passed, %zu failed, %zu skipped\n",
                  vectors.passed, vectors.failed, vectors.skipped);
    onym_vectors_close(&vectors);
    return vectors.failed > 0 ? ONYM_EXIT_NEGATIVE : ONYM_EXIT_DONE;
}
