#include "service/problem.h"

#include "service/problem_chinese.h"
#include "wire/json_write.h"

/* Statuses of HTTP: reason, and for those that are problems of HTTP itself a name and Chinese. */
static const struct {
    int status;
    const char *reason;
    const char *name;
    const char *chinese;
} statuses[] = {
    {100, "Continue", NULL, NULL},
    {200, "OK", NULL, NULL},
    {201, "Created", NULL, NULL},
    {204, "No Content", NULL, NULL},
    {207, "Multi-Status", NULL, NULL},
    {300, "Multiple Choices", NULL, NULL},
    {302, "Found", NULL, NULL},
    {304, "Not Modified", NULL, NULL},
    {400, "Bad Request", "BAD_REQUEST", "请求不合规范"},
    {401, "Unauthorized", NULL, NULL},
    {403, "Forbidden", NULL, NULL},
    {404, "Not Found", "PATH_UNKNOWN", "没有这个路径"},
    {405, "Method Not Allowed", "METHOD_NOT_ALLOWED", "此路径不支持该方法"},
    {409, "Conflict", NULL, NULL},
    {412, "Precondition Failed", "PRECONDITION_FAILED", "前置条件不成立"},
    {413, "Content Too Large", "CONTENT_TOO_LARGE", "请求体过大"},
    {414, "URI Too Long", "URI_TOO_LONG", "请求目标过长"},
    {415, "Unsupported Media Type", "MEDIA_TYPE_UNSUPPORTED", "不支持的内容类型"},
    {417, "Expectation Failed", "EXPECTATION_FAILED", "无法满足 Expect 头"},
    {421, "Misdirected Request", NULL, NULL},
    {422, "Unprocessable Content", NULL, NULL},
    {428, "Precondition Required", NULL, NULL},
    {429, "Too Many Requests", NULL, NULL},
    {431, "Request Header Fields Too Large", "HEADER_TOO_LARGE", "请求头过大"},
    {500, "Internal Server Error", "INTERNAL_ERROR", "内部错误"},
    {501, "Not Implemented", "NOT_IMPLEMENTED", "本版本不提供"},
    {503, "Service Unavailable", "UNAVAILABLE", "暂时不可用，请稍后重试"},
    {505, "HTTP Version Not Supported", "HTTP_VERSION_UNSUPPORTED", "不支持的 HTTP 版本"},
};

static size_t
row_of(int status)
{
    size_t i = 0;

    while (i + 1 < sizeof statuses / sizeof statuses[0] && statuses[i].status != status) {
        i++;
    }
    return i;
}

const char *
onym_http_reason(int status)
{
    return statuses[row_of(status)].reason;
}

const char *
onym_status_chinese(enum onym_status status)
{
    static const char *const texts[ONYM_STATUS_COUNT] = {
        [ONYM_OK] = "完成",
        [ONYM_ERROR] = "内部错误",
        [ONYM_BUSY] = "超出限额，请稍后重试",
        [ONYM_MALFORMED] = "消息不合语法",
        [ONYM_UNSUPPORTED] = "不支持的操作",
        [ONYM_RECURSION_LIMIT] = "递归次数达到上限",
        [ONYM_READ_ONLY] = "节点目前不接受变更",
        [ONYM_NOT_FOUND] = "标识不存在",
        [ONYM_EXISTS] = "标识已存在",
        [ONYM_NAME_INVALID] = "标识不合规范",
        [ONYM_VALUE_NOT_FOUND] = "没有选中的值",
        [ONYM_VALUE_EXISTS] = "值已存在",
        [ONYM_VALUE_INVALID] = "值不合规范",
        [ONYM_SITE_OUTDATED] = "客户端的站点信息已过期",
        [ONYM_NOT_RESPONSIBLE] = "本节点不负责该前缀",
        [ONYM_SERVICE_REFERRAL] = "请向答复中的服务查询",
        [ONYM_PREFIX_REFERRAL] = "请向答复中的前缀服务查询",
        [ONYM_NO_PERMISSION] = "没有所需权限",
        [ONYM_VALUE_FORBIDS] = "该值不允许此操作",
        [ONYM_AUTH_NEEDED] = "需要身份认证",
        [ONYM_AUTH_FAILED] = "身份认证失败",
        [ONYM_CREDENTIAL_INVALID] = "凭证无效",
        [ONYM_CHALLENGE_TIMEOUT] = "质询已过期",
        [ONYM_CANNOT_AUTHENTICATE] = "无法完成认证",
        [ONYM_SESSION_UNKNOWN] = "会话不存在或已超时",
        [ONYM_SESSION_FAILED] = "无法建立会话",
        [ONYM_SESSION_KEY_INVALID] = "会话密钥无效",
        [ONYM_SESSION_NEEDS_RSA] = "密钥交换需要 RSA 密钥",
        [ONYM_SESSION_REQUEST_INVALID] = "会话请求无效",
        [ONYM_SESSION_REJECTED] = "会话消息被拒绝",
        [ONYM_LIMIT_REQUESTS] = "已达到每日请求上限",
        [ONYM_LIMIT_REGISTRATIONS] = "已达到注册数量上限",
        [ONYM_LIMIT_PREFIXES] = "已达到前缀数量上限",
        [ONYM_NO_SPACE] = "内容过大，无法容纳",
        [ONYM_NO_MEMORY] = "内存不足",
        [ONYM_CORRUPT] = "存储的记录已损坏，不予提供",
        [ONYM_IO] = "操作系统报告输入输出错误",
        [ONYM_IN_USE] = "正被其他进程使用",
        [ONYM_FULL] = "磁盘或存储已满",
        [ONYM_UNREACHABLE] = "没有应答",
        [ONYM_INVALID] = "设置或参数无效",
        [ONYM_STALE] = "记录的修订号与预期不符",
        [ONYM_UNCERTAIN] = "结果未知，请重复同一操作以确认",
    };

    return (unsigned)status < ONYM_STATUS_COUNT && texts[status] != NULL ? texts[status]
                                                                         : onym_status_text(status);
}

int
onym_problem_http(const struct onym_problem *problem)
{
    return problem->http != 0 ? problem->http : onym_status_http(problem->status);
}

/* Whether the same request may succeed later. */
static bool
is_retryable(enum onym_status status)
{
    int http = onym_status_http(status);

    return http == 503 || http == 429;
}

/* "NOT_FOUND" as the last part of a path: "not-found". */
static void
put_type(struct onym_writer *w, const char *name)
{
    onym_json_put(w, "\"type\":\"/problems/");
    for (; *name != '\0'; name++) {
        char c = *name;

        onym_writer_u8(w, (uint8_t)(c == '_' ? '-' : c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c));
    }
    onym_json_put(w, "\",\"title\":");
}

onym_span
onym_problem_detail(onym_span english, const char *title, bool chinese,
                    uint8_t room[ONYM_PROBLEM_DETAIL_MAX])
{
    struct onym_writer w = onym_writer_over(room, ONYM_PROBLEM_DETAIL_MAX);

    if (english.len == 0) {
        return onym_span_text(title);
    }
    if (!chinese) {
        return english;
    }
    if (!onym_problem_chinese(&w, english)) {
        onym_writer_bytes(&w, onym_span_text(title));
        onym_writer_bytes(&w, onym_span_text("："));
        onym_writer_bytes(&w, english);
    }
    return w.status == ONYM_OK ? onym_writer_written(&w) : english;
}

static void
put_member(struct onym_writer *w, const char *name, onym_span text)
{
    if (text.len > 0) {
        onym_json_put(w, name);
        onym_json_put_string(w, text);
    }
}

void
onym_problem_write(struct onym_writer *w, const struct onym_problem *p, bool chinese)
{
    uint8_t room[ONYM_PROBLEM_DETAIL_MAX];
    size_t row = row_of(p->http);
    bool own = p->http != 0 && statuses[row].name != NULL;
    const char *name = own ? statuses[row].name : onym_status_name(p->status);
    const char *title = own ? (chinese ? statuses[row].chinese : statuses[row].reason)
                            : (chinese ? onym_status_chinese(p->status)
                                       : onym_status_text(p->status));

    put_type(w, name);
    onym_json_put_string(w, onym_span_text(title));
    onym_json_put(w, ",\"status\":");
    onym_json_put_u64(w, (uint64_t)onym_problem_http(p));
    onym_json_put(w, ",\"detail\":");
    onym_json_put_string(w, onym_problem_detail(p->detail, title, chinese, room));
    put_member(w, ",\"instance\":", p->instance);
    onym_json_put(w, ",\"code\":");
    onym_json_put_u64(w, onym_status_wire(p->status));
    onym_json_put(w, ",\"name\":");
    onym_json_put_string(w, onym_span_text(name));
    put_member(w, ",\"field\":", p->field);
    if (p->has_position) {
        onym_json_put(w, ",\"position\":");
        onym_json_put_u64(w, p->position);
    }
    onym_json_put(w, is_retryable(p->status) ? ",\"retryable\":true" : ",\"retryable\":false");
    onym_json_put(w, ",\"request_id\":");
    onym_json_put_string(w, p->request_id);
}
