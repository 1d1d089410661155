/* Details of problems and rows in Chinese. What they quote stays as it is, and so does what only
 * those read who write HTTP by hand. */
#ifndef ONYM_SERVICE_PROBLEM_CHINESE_H
#define ONYM_SERVICE_PROBLEM_CHINESE_H

#include "base/writer.h"

/* Writes an English detail in Chinese, as far as it is known: whole, or its parts in front of and
 * behind "; expected ", "(index N)", ", at byte N of the body". False, and nothing is written: no
 * part of it is. Overflow sticks in w. */
bool onym_problem_chinese(struct onym_writer *w, onym_span english);

/* The entries of the list, for a test; NULL behind the last. */
const char *onym_problem_chinese_entry(size_t i);

#endif
