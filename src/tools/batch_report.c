#include "tools/batch_report.h"

#include "tools/failure_json.h"
#include "tools/id_change_print.h"
#include "tools/text.h"

void
onym_batch_report_encoding(const struct onym_batch_order *order, const char *encoding)
{
    if (encoding != NULL && !order->cli->quiet) {
        (void)fprintf(stderr, "onymctl %s: CSV in %s\n", order->what, encoding);
    }
}

void
onym_batch_report_row(const struct onym_batch_order *order, const struct onym_batch_told *told)
{
    const struct onym_batch_row *row = told->row;

    if (order->results == ONYM_BATCH_RESULTS_NONE ||
        (order->results == ONYM_BATCH_RESULTS_FAILED && !told->failed)) {
        return;
    }
    if (order->cli->json) {
        (void)printf("{\"row\":%llu,\"line\":%llu,\"id\":", (unsigned long long)row->number,
                     (unsigned long long)row->line);
        onym_told_json_string(stdout, row->name);
        (void)printf(",\"status\":\"%s\"", told->verdict);
        if (told->failed) {
            (void)printf(",\"code\":%u,\"detail\":", (unsigned)told->code);
            onym_told_json_string(stdout, told->reason);
        }
        (void)puts("}");
        return;
    }
    (void)printf("row %llu (line %llu)%s", (unsigned long long)row->number,
                 (unsigned long long)row->line, row->name.len > 0 ? " " : "");
    onym_text_print(stdout, row->name);
    (void)printf(": %s", told->verdict);
    if (told->failed) {
        (void)printf(" (%u): ", (unsigned)told->code);
        onym_text_print(stdout, told->reason);
    }
    (void)putchar('\n');
}

void
onym_batch_report_why(const struct onym_batch_end_told *end)
{
    if (end->complete) {
        (void)puts(",\"complete\":true}");
        return;
    }
    (void)printf(",\"complete\":false,\"status\":\"%s\",\"exit\":%d,\"message\":",
                 onym_failure_json_status(end->code), end->code);
    onym_told_json_string(
        stdout, onym_span_text(end->why[0] != '\0' ? end->why : "standard error says why"));
    (void)puts("}");
}

void
onym_batch_report_end(const struct onym_batch_order *order, const struct onym_batch_job *job,
                      const struct onym_batch_end_told *end)
{
    /* without those that only say who asks */
    unsigned long long rows = job->done + job->unchanged + job->failed;

    if (order->cli->json) {
        (void)printf(
            "{\"summary\":{\"rows\":%llu,\"done\":%llu,\"unchanged\":%llu,\"failed\":%llu}", rows,
            (unsigned long long)job->done, (unsigned long long)job->unchanged,
            (unsigned long long)job->failed);
        onym_batch_report_why(end);
    }
    if (!order->cli->quiet) {
        (void)fprintf(stderr, "onymctl %s: %llu %s: %llu %s, %llu unchanged, %llu failed, %.1f s",
                      order->what, rows, onym_word_of(rows, "row", "rows"),
                      (unsigned long long)job->done, order->dry_run ? "would change" : "done",
                      (unsigned long long)job->unchanged, (unsigned long long)job->failed,
                      end->seconds);
        (void)fprintf(stderr, "%s\n", end->complete ? "" : "; not complete");
    }
    if (job->failed > 0 && !order->dry_run) {
        (void)fprintf(stderr, "  the failed rows, to be corrected and run again: %s\n",
                      job->failed_path);
    }
}
