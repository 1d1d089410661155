/* The options of a command line, as getopt_long reads them, but a long one by its whole name only:
 * an abbreviation would mean another option, or none, as soon as a name is added, and scripts would
 * do what nobody wrote. */
#ifndef ONYM_BASE_OPTIONS_H
#define ONYM_BASE_OPTIONS_H

#include <getopt.h>

/* getopt_long(argc, argv, brief, options, index), index may be NULL; an abbreviation is '?', as an
 * unknown name is, with the word in argv[optind - 1]. */
int onym_option_next(int argc, char **argv, const char *brief, const struct option *options,
                     int *index);

#endif
