#include "tools/auth_identity.h"
#include "tools/id_change.h"

#define VALUES_HELP                                                                                \
    "      --value INDEX:TYPE=DATA  a value of text; repeatable. Who may change the\n"             \
    "                          record: 100:HS_ADMIN=300:111111111111:0.NA/88.300\n"                \
    "      --values FILE|-     values as JSON: one, an array, or {\"values\": [...]}\n"            \
    "      --ttl SEC           of the values given with --value (86400)\n"                         \
    "      --permissions BITS  of the same: admin read, admin write, public read,\n"               \
    "                          public write, as four digits (1110)\n"

#define EXIT_HELP                                                                                  \
    "\nExit status: 0 done and durable; 2 usage; 3 not reached, nothing sent;\n"                   \
    "4 authentication or permission; 5 server error; 6 the key file may be read\n"                 \
    "by others; 7 sent, but no answer: it may have happened or not;\n"

const char onym_id_create_help[] =
    "Options (before or after HANDLE):\n" VALUES_HELP
    "      --overwrite         replace the record when it is there\n"
    "      --mint              HANDLE is a stem, for example 88.300.15907/EN.: the\n"
    "                          server puts a unique suffix behind it and tells it\n"
    "\n" ONYM_IDENTITY_HELP ONYM_IDENTITY_ROAD_HELP EXIT_HELP
    "1 it exists, or the name or a value is not acceptable.\n"
    "\n"
    "Examples:\n"
    "  onymctl id create 88.300.15907/p1 --value 1:URL=https://example.cn/p1\n"
    "  onymctl id create 88.300.15907/p1 --values - --as 300:0.NA/88.300 --key a.pem\n";

const char onym_id_set_help[] =
    "Replaces the values with these indexes; the others stay as they are.\n"
    "\n"
    "Options (before or after HANDLE):\n" VALUES_HELP
    "\n" ONYM_IDENTITY_HELP ONYM_IDENTITY_ROAD_HELP EXIT_HELP
    "1 the identifier or one of the values is not there; nothing was changed.\n"
    "\n"
    "Examples:\n"
    "  onymctl id set 88.300.15907/p1 --value 1:URL=https://example.cn/new\n"
    "  onymctl id set 88.300.15907/p1 --values changed.json --ttl 60\n";

const char onym_id_add_help[] =
    "Options (before or after HANDLE):\n" VALUES_HELP
    "      --overwrite         replace values whose index is taken\n"
    "\n" ONYM_IDENTITY_HELP ONYM_IDENTITY_ROAD_HELP EXIT_HELP
    "1 the identifier is not there, or one of the indexes is taken.\n"
    "\n"
    "Examples:\n"
    "  onymctl id add-value 88.300.15907/p1 --value 2:DESC=brake-disc\n"
    "  onymctl auth key gen --out a.pem | onymctl id add-value 0.NA/88.300 --values -\n";

const char onym_id_remove_help[] =
    "Removes all the values named, or none.\n"
    "\n" ONYM_IDENTITY_HELP ONYM_IDENTITY_ROAD_HELP EXIT_HELP
    "1 the identifier or one of the values is not there; nothing was removed.\n"
    "\n"
    "Examples:\n"
    "  onymctl id rm-value 88.300.15907/p1 2\n"
    "  onymctl id rm-value 88.300.15907/p1 2 3 4 --as 300:0.NA/88.300 --key a.pem\n";

const char onym_id_delete_help[] =
    "Deletes the identifier with all its values. There is no way back but to\n"
    "register it again.\n"
    "\n" ONYM_IDENTITY_HELP ONYM_IDENTITY_ROAD_HELP EXIT_HELP "1 there is no such identifier.\n"
    "\n"
    "Examples:\n"
    "  onymctl id delete 88.300.15907/p1\n"
    "  onymctl id delete 88.300.15907/p1 --as 301:0.NA/88.300 --secret-file s.txt\n";
