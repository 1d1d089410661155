#include "service/problem_chinese.h"

/* English that ends in a blank begins what follows it. A test finds each of them in the sources. */
static const struct {
    const char *english, *chinese;
} texts[] = {
    /* rights (core/authz.c) */
    {"the groups of administrators are too many or too large to search",
     "管理员组过多或过大，无法逐一查找"},
    {"outside the scopes of the token", "超出该令牌的权限范围"},
    {"only administrators of the server may", "只有服务器管理员可以执行"},
    {"no HS_ADMIN value of the record or of its prefix's gives this identity the right",
     "该记录及其前缀记录中没有 HS_ADMIN 值授予此身份该权限"},
    {"no HS_ADMIN value of the record gives this identity the right",
     "该记录中没有 HS_ADMIN 值授予此身份该权限"},
    {"no HS_ADMIN value of the prefix's record gives this identity the right",
     "前缀记录中没有 HS_ADMIN 值授予此身份该权限"},
    {"a token is its owner's affair, or a server administrator's",
     "令牌只能由其所有者或服务器管理员处理"},
    {"only a server administrator gets the scopes operate and admin",
     "只有服务器管理员能获得 operate 和 admin 权限范围"},
    {"the prefix has no record that names its administrators", "该前缀没有指明其管理员的记录"},
    {"for server administrators and the operator of this machine",
     "仅供服务器管理员和本机操作员使用"},
    /* records and values (core/op*.c, model) */
    {"the index is in use", "该索引已被占用"},
    {"the value is not writable for administrators", "该值不允许管理员写入"},
    {"no indexes given", "没有给出索引"},
    {"no value has the index", "没有使用该索引的值"},
    {"a record has room for 2048 values of 258048 bytes together",
     "一条记录最多容纳 2048 个值，合计 258048 字节"},
    {"no values to modify", "没有要修改的值"},
    {"no values to add", "没有要添加的值"},
    {"an index occurs twice in the request", "请求中同一索引出现两次"},
    {"an index must be from 1 to 2147483647", "索引应在 1 到 2147483647 之间"},
    {"a type must not be empty", "类型不能为空"},
    {"a type must not be longer than 255 bytes", "类型不能超过 255 字节"},
    {"a type must be valid UTF-8", "类型应为有效的 UTF-8"},
    {"the data of HS_ADMIN must be permissions, a handle and an index",
     "HS_ADMIN 的数据应为权限、标识和索引"},
    {"the data of HS_VLIST must be a list of handles and indexes",
     "HS_VLIST 的数据应为标识与索引的列表"},
    {"HS_SECKEY must not be readable by all: send it without the public-read permission",
     "HS_SECKEY 不能对所有人可读：请去掉公共读权限后再发送"},
    {"longer than 2048 bytes", "超过 2048 字节"},
    {"not a prefix: write 0.NA/<prefix> or the prefix alone",
     "不是前缀：请写 0.NA/<前缀> 或只写前缀"},
    {"the identifier is empty", "标识为空"},
    {"the identifier is longer than 2048 bytes", "标识超过 2048 字节"},
    {"the identifier is not UTF-8", "标识不是 UTF-8"},
    {"the path has a % without two hexadecimal digits", "路径中的 % 后面缺少两位十六进制数字"},
    {"the record has had the last revision there is, 281474976710655; delete it and create it anew",
     "记录的修订号已到上限 281474976710655；请删除后重新创建"},
    /* storing (server/changes*.c) */
    {"a commit failed and the node takes no changes until the store was checked; see the system's "
     "log for the disk",
     "一次提交失败，检查存储之前节点不接受变更；磁盘情况见系统日志"},
    {"a group of changes was not stored; nothing of it was changed",
     "这一组变更没有写入，其中没有任何改动"},
    {"the Idempotency-Key was used for another request; send a new one",
     "该 Idempotency-Key 已用于另一个请求；请换一个"},
    {"the identity has 64 tokens in force: revoke some first",
     "该身份已有 64 个有效令牌：请先吊销一些"},
    {"the store is full: only what removes is taken; set storage.map_size larger, or free disk "
     "space",
     "存储已满，只接受删除类操作；请调大 storage.map_size 或释放磁盘空间"},
    {"no room for an answer", "没有空间存放答复"},
    /* who asks (service/routes_login.c, core/token*.c) */
    {"prove who you are", "请证明身份"},
    {"prove who you are, over HTTPS", "请通过 HTTPS 证明身份"},
    {"prove who you are; in a request of a web page, a form or a proxy a client certificate counts "
     "only with Authorization: Handle clientCert=\"true\"",
     "请证明身份；网页、表单或代理发出的请求须带 Authorization: Handle clientCert=\"true\"，"
     "客户端证书才算数"},
    {"prove who you are; the subject of the client certificate names no INDEX:HANDLE here whose "
     "HS_PUBKEY value is its key",
     "请证明身份；客户端证书主体所写的“索引:标识”在本节点没有与其密钥相同的 HS_PUBKEY 值"},
    {"Identity not verified", "身份未能核实"},
    {"Identity not verified; the user name is INDEX:HANDLE of an HS_SECKEY value, percent-encoded "
     "as "
     "in 301%3A0.NA/88.300.15907, and the password its secret",
     "身份未能核实；用户名为 HS_SECKEY 值的“索引:标识”，须百分号编码，如 "
     "301%3A0.NA/88.300.15907，密码为其密钥"},
    {"too many failed logins from this address", "该地址登录失败次数过多"},
    {"a page of another site sent it, with the password that the browser keeps",
     "请求由其他网站的页面发出，使用了浏览器保存的密码"},
    {"the user is not INDEX:HANDLE, percent-encoded, in front of a colon and the secret",
     "凭证不是“百分号编码的 索引:标识”加冒号加密钥"},
    {"the credentials are not base64", "凭证不是 base64"},
    {"the scheme is none of Basic, Handle and Bearer", "认证方式不是 Basic、Handle 或 Bearer"},
    {"more than one Authorization header", "Authorization 头多于一个"},
    {"no token of this node, or it was revoked", "不是本节点的令牌，或已被吊销"},
    {"the token has expired", "令牌已过期"},
    {"the key the token was issued with is gone or was changed",
     "签发该令牌所用的密钥已删除或更改"},
    {"give at least one scope, and 255 bytes of them at most",
     "至少给出一个权限范围，合计不超过 255 字节"},
    {"a scope is read, register:PREFIX (88.300, without '*' and final '.'), operate or admin",
     "权限范围为 read、register:前缀（如 88.300，不带 '*' 和末尾的 '.'）、operate 或 admin"},
    {"expected INDEX:HANDLE", "应为“索引:标识”"},
    {"the local operator registers nothing: name whom read and register tokens stand for",
     "本机操作员不注册标识：请写明 read 和 register 令牌代表谁"},
    {"has no key here at that index; tokens of the local operator are made by him alone",
     "在本节点该索引处没有密钥；本机操作员的令牌只能由其本人创建"},
    {"a token is described in 8 KiB", "令牌的描述不能超过 8 KiB"},
    {"it was made and is gone again", "已创建，但又已消失"},
    {"is not for tokens: the text of one is told once", "不适用于令牌：令牌文本只告知一次"},
    {"a token's id is 32 hexadecimal digits", "令牌编号为 32 位十六进制数字"},
    /* conditions and parameters */
    {"is empty; give it a value or leave it out", "为空；请给出值或去掉"},
    {"comes more than once", "出现多次"},
    {"and If-None-Match exclude each other", "与 If-None-Match 不能同时使用"},
    {"expected * on a change", "用于变更时应为 *"},
    {"expected one ETag of this identifier, such as \"3-1764320523000\", or *",
     "应为此标识的一个 ETag，如 \"3-1764320523000\"，或 *"},
    {"is longer than 255 bytes", "超过 255 字节"},
    {"is no parameter of a change; nothing was changed", "不是变更的参数；没有任何改动"},
    {"is for single identifiers; nothing was changed", "只适用于单个标识；没有任何改动"},
    {"is for a PUT of the whole identifier", "只适用于整个标识的 PUT"},
    {"If-Match names another revision", "If-Match 所写的不是当前修订"},
    {"If-Match names another revision, or nothing is there: read it again and send the ETag it has "
     "now",
     "If-Match 所写的不是当前修订，或标识不存在：请重新读取，并发送现在的 ETag"},
    {"it exists, and If-None-Match: * only creates", "标识已存在，而 If-None-Match: * 只允许新建"},
    {"is no parameter here", "不是此处的参数"},
    {"true or false", "true 或 false"},
    {"expected true or false", "应为 true 或 false"},
    {"expected a number of 1 to 1000", "应为 1 到 1000 的数字"},
    {"expected a number from 1 to 1000", "应为 1 到 1000 的数字"},
    {"expected what `next` said", "应为 next 给出的值"},
    {"is not one of this list; take it from next, or begin without",
     "不属于此列表；请使用 next 给出的值，或从头开始"},
    {"is longer than 477 bytes, more than a list can be asked for by",
     "超过 477 字节，无法按其列出"},
    {"neither registered nor, as far as the log goes back, ever changed",
     "没有注册，在日志可追溯的范围内也没有变更记录"},
    {"cannot be read", "无法读取"},
    {"a number of 0 to 4294967295 as index, percent-encoded text as type",
     "index 为 0 到 4294967295 的数字，type 为百分号编码的文本"},
    {"Unknown HTTP API endpoint ", "没有这个接口："},
    {"Unknown method ", "不支持的方法："},
    {"the answer is too large; ask for some of its values with index or type",
     "答复过大；请用 index 或 type 只取部分值"},
    {"too many requests of this kind at once", "同时进行的此类请求过多"},
    {"too many large requests at once", "同时进行的大请求过多"},
    /* bodies and rows */
    {"the body is longer than this path takes", "请求体超过此路径的上限"},
    {"the body has a Content-Encoding; send it as it is",
     "请求体带有 Content-Encoding；请不经压缩直接发送"},
    {"the body is not application/json, or its Content-Type does not say so",
     "请求体不是 application/json，或 Content-Type 没有写明"},
    {"differs from the identifier in the path", "与路径中的标识不同"},
    {"rows come as application/x-ndjson, or as an array in application/json; Content-Type says "
     "neither",
     "各行应以 application/x-ndjson 或 application/json 数组发送；Content-Type 两者都不是"},
    {"mode is create, upsert, replace or delete; on_error continue or stop; results failed, all or "
     "none; dry_run true or false; each once, and no others",
     "mode 为 create、upsert、replace 或 delete；on_error 为 continue 或 stop；results 为 "
     "failed、all "
     "或 none；dry_run 为 true 或 false；各出现一次，没有其他参数"},
    {"is not for batches: send the rows again, what is stored is unchanged",
     "不适用于批量：请重新发送各行，已存储的为 unchanged"},
    {"a stream of rows needs HTTP/1.1", "按行的流需要 HTTP/1.1"},
    {"too many batches at once", "同时进行的批量过多"},
    {"the node stops; send the same rows again", "节点正在停止；请重新发送同样的各行"},
    {"the rows were worked on, but their results are longer than one answer; send rows as "
     "application/x-ndjson",
     "各行已处理，但结果超过一次答复的上限；请以 application/x-ndjson 发送"},
    {"the row is longer than 2097152 bytes", "该行超过 2097152 字节"},
    {"expected an array of rows", "应为由各行组成的数组"},
    {"the array does not end", "数组没有结束"},
    {"more than 2000 rows; send them as application/x-ndjson",
     "超过 2000 行；请以 application/x-ndjson 发送"},
    {"something follows the array", "数组之后还有内容"},
    {"a level is told in 1 KiB", "日志级别的描述不能超过 1 KiB"},
    {"is not for orders to the node: give them again", "不适用于对节点的指令：请重新下达"},
    /* JSON (wire/json_*.c) */
    {"a member is missing", "缺少成员"},
    {"the identifier of the row", "该行的标识"},
    {"the identifier to create", "要创建的标识"},
    {"comes twice", "出现两次"},
    {"unknown member ", "未知成员 "},
    {"one of ", "以下之一："},
    {"at most ", "至多 "},
    {"too long", "过长"},
    {"too many values", "值过多"},
    {"too many bytes of values", "值的总字节数过多"},
    {"not valid UTF-8", "不是有效的 UTF-8"},
    {"a byte order mark", "字节序标记（BOM）"},
    {"not a JSON value", "不是 JSON 值"},
    {"the text ends", "内容不完整"},
    {"nested deeper than ", "嵌套层数超过 "},
    {"more text behind the value", "值之后还有内容"},
    {"the end of the line", "此行结束"},
    {"an object", "对象"},
    {"an array", "数组"},
    {"a string", "字符串"},
    {"a number", "数字"},
    {"a whole number", "整数"},
    {"a fraction or exponent", "小数或指数"},
    {"a number that begins with 0", "以 0 开头的数字"},
    {"a string without end", "字符串没有结束"},
    {"a string with an unknown escape", "字符串中有未知的转义"},
    {"a control character in a string", "字符串中有控制字符"},
    {"\\u without four hexadecimal digits", "\\u 后面缺少四位十六进制数字"},
    {"\\u with half a pair of surrogates", "\\u 只有半个代理对"},
    {"not base64", "不是 base64"},
    {"A-Z a-z 0-9 + / with = at the end", "A-Z a-z 0-9 + /，末尾以 = 补齐"},
    {"not hexadecimal", "不是十六进制"},
    {"an even number of digits", "偶数位数字"},
    {"12 binary digits", "12 位二进制数字"},
    {"four digits 0 or 1: admin read, admin write, public read, public write",
     "四位 0 或 1：管理员读、管理员写、公共读、公共写"},
    {"seconds, or a time such as 2026-03-11T08:00:00Z", "秒数，或形如 2026-03-11T08:00:00Z 的时间"},
};

#define COUNT (sizeof texts / sizeof texts[0])

static void
put(struct onym_writer *w, const char *text)
{
    onym_writer_bytes(w, onym_span_text(text));
}

/* "A to B" of digits. */
static bool
put_range(struct onym_writer *w, onym_span text)
{
    size_t first = 0;
    size_t last;

    while (first < text.len &&
           (text.at[first] == '-' || (text.at[first] >= '0' && text.at[first] <= '9'))) {
        first++;
    }
    last = first + 4;
    if (first == 0 || last >= text.len || memcmp(text.at + first, " to ", 4) != 0) {
        return false;
    }
    for (size_t i = last; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') {
            return false;
        }
    }
    onym_writer_bytes(w, onym_span_front(text, first));
    put(w, " 到 ");
    onym_writer_bytes(w, onym_span_from(text, last));
    return true;
}

/* A part in Chinese, or as it is: false. Begun: its beginning is enough. */
static bool
put_part(struct onym_writer *w, onym_span part, bool begun)
{
    for (size_t i = 0; i < COUNT; i++) {
        onym_span english = onym_span_text(texts[i].english);
        bool begins = english.at[english.len - 1] == ' ';

        if (begins ? begun && onym_span_equal(onym_span_front(part, english.len), english)
                   : onym_span_equal(part, english)) {
            put(w, texts[i].chinese);
            onym_writer_bytes(w, onym_span_from(part, english.len));
            return true;
        }
    }
    if (put_range(w, part)) {
        return true;
    }
    onym_writer_bytes(w, part);
    return false;
}

/* Where needle begins; text.len: nowhere. */
static size_t
place_of(onym_span text, const char *needle)
{
    size_t len = strlen(needle);

    for (size_t i = 0; i + len <= text.len; i++) {
        if (memcmp(text.at + i, needle, len) == 0) {
            return i;
        }
    }
    return text.len;
}

/* The number behind lead, when text ends in "LEAD number TAIL"; takes it off the text. */
static onym_span
take_place(onym_span *text, const char *lead, const char *tail)
{
    size_t at = place_of(*text, lead);
    onym_span rest = onym_span_from(*text, at + strlen(lead));
    size_t tail_len = strlen(tail);

    if (at == text->len || rest.len < tail_len ||
        !onym_span_equal(onym_span_from(rest, rest.len - tail_len), onym_span_text(tail))) {
        return onym_span_of(NULL, 0);
    }
    *text = onym_span_front(*text, at);
    return onym_span_front(rest, rest.len - tail_len);
}

static void
put_place(struct onym_writer *w, const char *lead, onym_span number, const char *tail)
{
    if (number.len > 0) {
        put(w, lead);
        onym_writer_bytes(w, number);
        put(w, tail);
    }
}

bool
onym_problem_chinese(struct onym_writer *w, onym_span english)
{
    static const char expected[] = "; expected ";
    struct onym_writer before = *w;
    onym_span in_body = take_place(&english, ", at byte ", " of the body");
    onym_span in_row = take_place(&english, ", at byte ", " of the row");
    onym_span index = take_place(&english, " (index ", ")");
    size_t split = place_of(english, expected);
    bool known = put_part(w, english, split == english.len);

    if (!known && split < english.len) {
        *w = before;
        known = put_part(w, onym_span_front(english, split), true);
        put(w, "；应为 ");
        known |= put_part(w, onym_span_from(english, split + sizeof expected - 1), true);
    }
    put_place(w, "（索引 ", index, "）");
    put_place(w, "，位于请求体第 ", in_body, " 字节");
    put_place(w, "，位于该行第 ", in_row, " 字节");
    if (!known) {
        *w = before;
    }
    return known;
}

const char *
onym_problem_chinese_entry(size_t i)
{
    return i < COUNT ? texts[i].english : NULL;
}
