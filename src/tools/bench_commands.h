/* The commands of onymbench, for main_bench.c. Each takes argv with its own name in front and gives
 * an exit code. */
#ifndef ONYM_TOOLS_BENCH_COMMANDS_H
#define ONYM_TOOLS_BENCH_COMMANDS_H

#include <jansson.h>

struct onym_bench_command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help; /* at most 80 columns, with two examples at its end */
};

int onym_bench_command_run(int argc, char **argv);
int onym_bench_command_workload(int argc, char **argv);
int onym_bench_command_compare(int argc, char **argv);
int onym_bench_command_report(int argc, char **argv);

extern const char onym_bench_help[];
extern const char onym_bench_help_run[];
extern const char onym_bench_help_workload[];
extern const char onym_bench_help_compare[];
extern const char onym_bench_help_report[];

#endif
