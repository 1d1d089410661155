#include "tools/bench_args.h"

#include "onym/client.h"
#include "tools/command.h"
#include "tools/dispatch.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define SUGGEST_MAX      64U
#define BATCH_TIMEOUT_MS 30000U

int
onym_bench_usage(const char *verb, const char *format, ...)
{
    va_list arguments;

    (void)fprintf(stderr, "onymbench%s%s: ", verb[0] != '\0' ? " " : "", verb);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
    return ONYM_EXIT_USAGE;
}

int
onym_bench_args_unknown(const char *verb, const struct option *options, char **argv)
{
    const char *names[SUGGEST_MAX];
    const char *word = argv[optind > 0 ? optind - 1 : 0];
    char name[40];
    const char *near;
    size_t count = 0;

    for (; options[count].name != NULL && count < SUGGEST_MAX; count++) {
        names[count] = options[count].name;
    }
    if (strncmp(word, "--", 2) != 0) {
        return onym_bench_usage(verb,
                                "unknown option or missing argument: %s; see onymbench %s "
                                "--help",
                                word, verb);
    }
    (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return options[i].has_arg == no_argument
                       ? onym_bench_usage(verb, "--%s takes no argument", name)
                       : onym_bench_usage(verb, "--%s needs an argument", name);
        }
    }
    near = onym_suggest(name, names, count);
    if (near != NULL) {
        return onym_bench_usage(verb, "unknown option --%s; did you mean --%s?", name, near);
    }
    return onym_bench_usage(verb, "unknown option --%s; see onymbench %s --help", name, verb);
}

/* ---- values ---- */

bool
onym_bench_args_number(const char *text, double min, double max, double *out)
{
    size_t digits = strspn(text, "0123456789.");
    char *end = NULL;
    double number = strtod(text, &end);
    double scale = 1;

    if (digits == 0 || (size_t)(end - text) != digits) {
        return false; /* strtod would also take blanks, signs, exponents, "nan" */
    }
    if (strcmp(end, "k") == 0) {
        scale = 1e3;
    } else if (strcmp(end, "M") == 0) {
        scale = 1e6;
    } else if (*end != '\0') {
        return false;
    }
    number *= scale;
    if (!(number >= min && number <= max)) {
        return false;
    }
    *out = number;
    return true;
}

bool
onym_bench_args_duration(const char *text, uint64_t min_ms, uint64_t max_ms, uint64_t *out)
{
    static const struct {
        const char *unit;
        double ms;
    } units[] = {{"", 1e3}, {"s", 1e3}, {"ms", 1}, {"m", 60e3}, {"h", 3600e3}};
    size_t digits = strspn(text, "0123456789.");
    char *end = NULL;
    double number = strtod(text, &end);

    if (digits == 0 || (size_t)(end - text) != digits) {
        return false;
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(end, units[i].unit) == 0) {
            number *= units[i].ms;
            if (!(number >= (double)min_ms && number <= (double)max_ms)) {
                return false;
            }
            *out = (uint64_t)(number + 0.5);
            return true;
        }
    }
    return false;
}

/* ---- addresses ---- */

void
onym_bench_args_port(struct sockaddr_storage *address, uint16_t port)
{
    if (address->ss_family == AF_INET6) {
        ((struct sockaddr_in6 *)address)->sin6_port = htons(port);
    } else {
        ((struct sockaddr_in *)address)->sin_port = htons(port);
    }
}

/* Whether the text names a port: behind the last colon, unless that is part of an IPv6 address. */
static bool
has_port(const char *text)
{
    const char *colon = strrchr(text, ':');

    return colon != NULL && (strchr(text, ':') == colon || (colon > text && colon[-1] == ']'));
}

static void
fill(const struct onym_client_server *server, struct sockaddr_storage *out, socklen_t *len)
{
    memset(out, 0, sizeof *out);
    if (server->is_v6) {
        struct sockaddr_in6 *to = (struct sockaddr_in6 *)out;

        to->sin6_family = AF_INET6;
        memcpy(&to->sin6_addr, server->address, 16);
        to->sin6_scope_id = server->scope_id;
        *len = sizeof *to;
    } else {
        struct sockaddr_in *to = (struct sockaddr_in *)out;

        to->sin_family = AF_INET;
        memcpy(&to->sin_addr, server->address, 4);
        *len = sizeof *to;
    }
    onym_bench_args_port(out, server->port);
}

enum onym_status
onym_bench_args_server(const char *text, uint16_t default_port, struct sockaddr_storage *out,
                       socklen_t *len, char host[256], struct onym_fault *fault)
{
    struct onym_client_server server;
    size_t count = 0;
    size_t host_len = has_port(text) ? (size_t)(strrchr(text, ':') - text) : strlen(text);
    bool bracketed = text[0] == '[' && host_len > 2;
    enum onym_status status = onym_client_server_lookup(text, &server, 1, &count);

    if (status == ONYM_UNREACHABLE) {
        return onym_fault_set(fault, status, "%s: the name is unknown", text);
    }
    if (status != ONYM_OK || (default_port == 0 && !has_port(text))) {
        return onym_fault_set(fault, ONYM_INVALID, "%s is not HOST%s", text,
                              default_port == 0 ? ":PORT" : "[:PORT]");
    }
    fill(&server, out, len);
    if (!has_port(text)) {
        onym_bench_args_port(out, default_port);
    }
    if (host != NULL) {
        (void)snprintf(host, 256, "%.*s", (int)(bracketed ? host_len - 2 : host_len),
                       bracketed ? text + 1 : text);
    }
    return ONYM_OK;
}

/* This machine: a load that goes there harms nobody else. */
static bool
is_loopback(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET6) {
        return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
    }
    return (ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24) == 127;
}

/* ---- what follows ---- */

static void
settle_sizes(struct onym_bench_args *args)
{
    struct onym_bench_settings *s = &args->settings;
    bool udp = s->transport == ONYM_BENCH_UDP;
    bool open = s->rate > 0;

    if (!args->has_connections) {
        s->connections = udp ? 1 : s->new_connections && open ? 256 : 16;
        s->connections = s->connections < s->threads ? s->threads : s->connections;
    }
    if (s->new_connections) {
        s->window = 1;
    } else if (!args->has_window) {
        s->window = udp                                       ? (open ? 1024 : 64)
                    : onym_bench_transport_http(s->transport) ? 1
                                                              : (open ? 64 : 1);
    }
}

static int
check_sizes(const struct onym_bench_args *args)
{
    const struct onym_bench_settings *s = &args->settings;

    if (s->connections < s->threads) {
        return onym_bench_usage("",
                                "--connections %zu is less than --threads %zu: a thread "
                                "would have nothing to do",
                                (size_t)s->connections, (size_t)s->threads);
    }
    if (s->connections * s->window > ONYM_BENCH_SLOTS_MAX) {
        return onym_bench_usage("",
                                "--connections %zu with --window %zu: at most %u requests "
                                "can be under way",
                                (size_t)s->connections, (size_t)s->window, ONYM_BENCH_SLOTS_MAX);
    }
    if (s->new_connections && args->has_window && s->window != 1) {
        return onym_bench_usage("", "--new-connections has one request to a connection: leave "
                                    "--window out");
    }
    if (s->new_connections && s->transport == ONYM_BENCH_UDP) {
        return onym_bench_usage("", "--new-connections: UDP has no connections; take --transport "
                                    "tcp, tls, http or https");
    }
    if (s->authorities != NULL && !onym_bench_transport_tls(s->transport)) {
        return onym_bench_usage("", "--ca is for --transport tls and https");
    }
    if (args->has_arrivals && s->rate <= 0) {
        return onym_bench_usage("", "--arrivals is of an open loop: add --rate, or leave it out");
    }
    if (s->names_file != NULL && args->has_records) {
        return onym_bench_usage("", "--names-file and --records exclude each other");
    }
    return ONYM_EXIT_DONE;
}

/* Who changes records, when the mix has such requests. */
static int
settle_identity(struct onym_bench_args *args)
{
    struct onym_bench_settings *s = &args->settings;
    struct onym_rng rng = onym_rng_system();
    struct onym_fault fault;

    if (!onym_bench_mix_changes(&s->mix)) {
        return args->as == NULL && args->secret_file == NULL && s->identity.under == NULL
                   ? ONYM_EXIT_DONE
                   : onym_bench_usage("", "--as, --secret-file and --under are for a --mix with "
                                          "register, update or batch");
    }
    if (args->as == NULL || args->secret_file == NULL || s->identity.under == NULL) {
        return onym_bench_usage("",
                                "--mix %s changes records: say as whom and where, with --as "
                                "INDEX:HANDLE --secret-file FILE --under PREFIX",
                                s->mix_text);
    }
    if (s->mix.share[ONYM_BENCH_BATCH] > 0) {
        if (s->transport != ONYM_BENCH_HTTPS) {
            return onym_bench_usage("", "batches travel over --transport https only");
        }
        s->rows = args->rows > 0 ? args->rows : ONYM_BENCH_ROWS_MAX;
        s->timeout_ms = args->has_timeout ? s->timeout_ms : BATCH_TIMEOUT_MS;
    }
    if (s->transport != ONYM_BENCH_TCP && s->transport != ONYM_BENCH_HTTPS) {
        return onym_bench_usage("", "--mix %s changes records: take --transport tcp or https",
                                s->mix_text);
    }
    if (s->transport == ONYM_BENCH_TCP && (s->new_connections || s->source_len > 0)) {
        return onym_bench_usage("", "--new-connections and --source are not for connections that "
                                    "log in");
    }
    if (s->transport == ONYM_BENCH_HTTPS && s->authorities == NULL) {
        return onym_bench_usage("", "a secret is sent to checked servers only: add --ca FILE");
    }
    if (strlen(s->identity.under) > ONYM_BENCH_UNDER_MAX ||
        strchr(s->identity.under, '/') != NULL) {
        return onym_bench_usage("", "--under %s: give a prefix like 88.300.15907",
                                s->identity.under);
    }
    s->identity.run = (uint32_t)onym_rng_u64(&rng);
    if (onym_bench_identity_read(args->as, args->secret_file, &s->identity, &fault) != ONYM_OK) {
        return onym_bench_usage("", "%s", fault.text);
    }
    return ONYM_EXIT_DONE;
}

int
onym_bench_args_settle(const char *server, struct onym_bench_args *args)
{
    static const uint16_t ports[ONYM_BENCH_TRANSPORTS] = {2641, 2641, 2642, 8080, 8000};
    struct onym_bench_settings *s = &args->settings;
    struct onym_fault fault;
    enum onym_status status;
    int code;

    if (s->mix.below[ONYM_BENCH_KINDS - 1] == 0 &&
        onym_bench_mix_parse(s->mix_text, &s->mix, &fault) != ONYM_OK) {
        return onym_bench_usage("", "%s", fault.text);
    }
    settle_sizes(args);
    code = check_sizes(args);
    if (code == ONYM_EXIT_DONE) {
        code = settle_identity(args);
    }
    if (code != ONYM_EXIT_DONE) {
        return code;
    }
    s->server = server;
    status = onym_bench_args_server(server, ports[s->transport], &s->target, &s->target_len,
                                    s->host, &fault);
    if (status != ONYM_OK) {
        (void)onym_bench_usage("", "%s", fault.text);
        return status == ONYM_UNREACHABLE ? ONYM_EXIT_UNREACHABLE : ONYM_EXIT_USAGE;
    }
    if (!is_loopback(&s->target) && !args->allowed_away) {
        (void)onym_bench_usage("",
                               "%s is not this machine; a load there may look like an attack and "
                               "stop a service. If it is yours, add --this-server-is-mine",
                               server);
        return ONYM_EXIT_REFUSED;
    }
    if (s->source_len > 0 && s->source.ss_family != s->target.ss_family) {
        return onym_bench_usage("", "--source and the server are not of one address family");
    }
    return ONYM_EXIT_DONE;
}
