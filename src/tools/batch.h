/* The help of "onymctl batch run, check, resume". */
#ifndef ONYM_TOOLS_BATCH_H
#define ONYM_TOOLS_BATCH_H

extern const char onym_batch_run_help[];
extern const char onym_batch_check_help[];
extern const char onym_batch_resume_help[];

#endif
