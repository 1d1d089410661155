#include "tools/batch.h"

#include "tools/auth_identity.h"

#define FORMAT_HELP                                                                                \
    "Input:\n"                                                                                     \
    "      --format F          csv, ndjson, handle (batch files of the Handle tools);\n"           \
    "                          auto, the default: by ending and first line\n"                      \
    "      --mode M            create (default), upsert or delete; batch files of the\n"           \
    "                          Handle tools say it themselves\n"                                   \
    "      --encoding NAME     of a CSV; else its byte order mark, UTF-8 or GB18030\n"             \
    "      --map COLUMN=INDEX:TYPE\n"                                                              \
    "                          which value a column of a CSV is; repeatable. Without\n"            \
    "                          it titles are INDEX:TYPE. Other columns are left out.\n"            \
    "                          100:HS_ADMIN says who may change the records, as\n"                 \
    "                          300:111111111111:0.NA/88.300\n"

#define SEND_HELP                                                                                  \
    "      --results R         failed (default), all or none, on standard output\n"                \
    "      --on-error E        continue (default) or stop at the first failed row\n"               \
    "      --connections N     rows under way at once, 1 to 64; 16. Not over HTTPS,\n"             \
    "                          where thousands are\n"                                              \
    "      --retry SECONDS     without any answer before the job stops; 30\n"

#define EXIT_HELP                                                                                  \
    "\nExit status: 0 every row is stored and durable; 1 some rows failed; 2 usage;\n"             \
    "3 the node was not reached; 4 authentication; 5 a file cannot be read or\n"                   \
    "written; 6 refused: the file changed or is in use; 7 stopped, and of some rows\n"             \
    "it is not known whether they are stored; 130 interrupted. After 3, 4, 7 and\n"                \
    "130 the same command, or batch resume, goes on: no row is stored twice.\n"

const char onym_batch_run_help[] =
    "Registers the rows of a file, many at once: fastest with -s https://HOST:8000;\n"
    "-s HOST:2641 takes the Handle protocol. FILE.job remembers how far it is,\n"
    "FILE.failed gets the rows that failed, with row, code and reason, to be\n"
    "corrected and run again. A row that is stored already counts as unchanged.\n"
    "\n" FORMAT_HELP "\n"
    "      --dry-run           look what each row would do, and change nothing\n"
    "      --restart           forget FILE.job and begin at the first row\n" SEND_HELP
    "\n" ONYM_IDENTITY_HELP ONYM_IDENTITY_ROAD_HELP EXIT_HELP "\n"
    "Examples:\n"
    "  onymctl batch run parts.csv --map serial=3:SERIAL_NO --as 300:0.NA/88.1 \\\n"
    "      --key a.pem\n"
    "  onymctl batch run parts.ndjson --mode upsert --dry-run\n";

const char onym_batch_check_help[] =
    "Reads the rows of a file and says which break their grammar, by line and\n"
    "column. No node is asked.\n"
    "\n" FORMAT_HELP "\n"
    "Exit status: 0 every row could be sent; 1 some rows are broken; 2 usage;\n"
    "5 the file cannot be read.\n"
    "\n"
    "Examples:\n"
    "  onymctl batch check parts.csv --map serial=3:SERIAL_NO\n"
    "  onymctl batch check --json old-batch.txt --format handle\n";

const char onym_batch_resume_help[] =
    "Goes on with a job that was stopped, behind the last row that is known to be\n"
    "stored, with the mode and the maps it was begun with.\n"
    "\n" SEND_HELP "\n" ONYM_IDENTITY_HELP ONYM_IDENTITY_ROAD_HELP EXIT_HELP "\n"
    "Examples:\n"
    "  onymctl batch resume parts.csv --as 300:0.NA/88.1 --key a.pem\n"
    "  onymctl -s 10.0.0.5 batch resume parts.ndjson\n";
