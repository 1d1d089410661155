#include "base/fault.h"

#include <stdarg.h>
#include <stdio.h>

enum onym_status
onym_fault_set(struct onym_fault *fault, enum onym_status status, const char *format, ...)
{
    if (fault != NULL) {
        va_list args;

        fault->status = status;
        va_start(args, format);
        (void)vsnprintf(fault->text, sizeof fault->text, format, args);
        va_end(args);
    }
    return status;
}
