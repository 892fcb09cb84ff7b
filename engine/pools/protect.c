/* Reads targets.conf and applies its rules to hosts and addresses.
 *
 * Every rule is either a name (or *.DOMAIN) or a network; the most specific rule of each kind is
 * found separately, and the two are combined at the end. The list is scanned linearly: it is short,
 * and used once per connection. Called by net_connect, by backends, and before the first load. */
#include "engine/pools/protect.h"

#include "engine/base/err.h"
#include "engine/os/plain_file.h"
#include "engine/os/lookup.h"
#include "engine/os/loop.h"
#include "engine/base/text.h"
#include "engine/base/quantity.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define FILE_MAX_BYTES 262144
/* time limit for resolving the addresses of all names together */
#define NAMES_WAIT_NS (2 * NS_PER_S)
#define EXACT_NAME 1000 /* above the length of every *.DOMAIN */

/* An address without its port. */
struct address {
    int family;
    uint8_t bytes[16];
};

struct rule {
    enum rule_verdict verdict;
    bool network;
    int family;        /* AF_INET or AF_INET6 for a network, AF_UNSPEC for '*' */
    uint8_t bytes[16]; /* the network's address */
    unsigned prefix;
    char name[256]; /* else: a name, or ".DOMAIN" for *.DOMAIN */
    /* [addresses], owned: addresses of a denied or protected name at the start */
    struct address *address;
    unsigned addresses;
    bool system;   /* from the system's file */
    bool identity; /* a rule for an identity: `name` is the backend's, `is` the identity */
    char *is;      /* owned */
    bool own;      /* an address of this machine was named: then all its addresses are meant */
    char *where;   /* "FILE:LINE: deny 10.0.0.0/8", owned */
};

struct rules {
    struct rule *rule;
    unsigned n, room;
    bool system; /* the system's file is being read */
    bool has_errors, has_system_errors;
    struct errors_rule errors, system_errors;
    struct text unknown; /* see rules_unknown */
};

static struct address plain_v4(const void *bytes)
{
    struct address a = {.family = AF_INET};
    memcpy(a.bytes, bytes, 4);
    return a;
}

static struct address plain_v6(const void *bytes)
{
    struct address a = {.family = AF_INET6};
    memcpy(a.bytes, bytes, 16);
    if (IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)bytes))
        return plain_v4((const uint8_t *)bytes + 12);
    return a;
}

/* False for a unix socket and others without an IP address. */
static bool address_of(const struct sockaddr *sa, struct address *a)
{
    if (sa && sa->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, sa, sizeof in);
        *a = plain_v4(&in.sin_addr);
        return true;
    }
    if (sa && sa->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, sa, sizeof in6);
        *a = plain_v6(&in6.sin6_addr);
        return true;
    }
    return false;
}

/* The address actually reached: connecting to 0.0.0.0 or :: reaches the loopback. */
static struct address as_reached(const struct address *a)
{
    static const uint8_t any[16] = {0};
    struct in6_addr loopback = IN6ADDR_LOOPBACK_INIT;
    if (memcmp(a->bytes, any, sizeof any) != 0)
        return *a;
    return a->family == AF_INET ? plain_v4("\x7f\0\0\1") : plain_v6(&loopback);
}

static bool read_address(const char *text, struct address *a)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, text, &v4) == 1) {
        *a = plain_v4(&v4);
        return true;
    }
    if (inet_pton(AF_INET6, text, &v6) == 1) {
        *a = plain_v6(&v6);
        return true;
    }
    return false;
}

static bool in_network(const struct rule *r, const struct address *a)
{
    if (r->family == AF_UNSPEC)
        return true;
    if (r->family != a->family || memcmp(r->bytes, a->bytes, r->prefix / 8) != 0)
        return false;
    unsigned rest = r->prefix % 8;
    return !rest || (r->bytes[r->prefix / 8] ^ a->bytes[r->prefix / 8]) >> (8 - rest) == 0;
}

static const char *read_network(struct rule *r, char *text)
{
    char *slash = strchr(text, '/');
    struct address a;
    if (slash)
        *slash++ = '\0';
    if (!read_address(text, &a))
        return "not an address before the '/'";
    bool mapped = a.family == AF_INET && strchr(text, ':');
    uint64_t prefix, most = mapped ? 128 : a.family == AF_INET ? 32 : 128;
    r->network = true;
    r->family = a.family;
    memcpy(r->bytes, a.bytes, sizeof r->bytes);
    r->prefix = a.family == AF_INET ? 32 : 128;
    if (slash) {
        if (parse_count(slash, &prefix) || prefix > most)
            return most == 32 ? "a prefix of IPv4 is 0 to 32" : "a prefix of IPv6 is 0 to 128";
        if (mapped && prefix < 96)
            return "a network of mapped addresses has a prefix of 96 to 128";
        r->prefix = (unsigned)prefix - (mapped ? 96 : 0);
    }
    for (unsigned bit = r->prefix; bit < (r->family == AF_INET ? 32 : 128); bit++)
        if (r->bytes[bit / 8] & 0x80 >> bit % 8)
            return "the address has bits beyond its prefix (10.0.0.0/8, or one address alone)";
    return NULL;
}

static const char *read_name(struct rule *r, const char *text)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    size_t len = strlen(text);
    const char *name = text;
    if (strcmp(text, "*") == 0) {
        r->network = true;
        r->family = AF_UNSPEC;
        return NULL;
    }
    if (text[0] == '*' && text[1] == '.')
        name++;
    if (len >= sizeof r->name || strspn(name, letters) != strlen(name) || !name[*name == '.'])
        return "not a host's name (db.example.com, *.example.com), an address or a network "
               "(10.0.0.0/8)";
    if (name == text && strspn(text, "0123456789.") == len)
        return "not an address";
    copy_str(r->name, sizeof r->name, name);
    len = strlen(r->name);
    if (r->name[len - 1] == '.' && len > 1)
        r->name[len - 1] = '\0';
    return NULL;
}

/* BACKEND=IDENTITY; `is` is at the '='. */
static const char *read_identity(struct rule *r, const char *what, const char *is)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    size_t len = (size_t)(is - what);
    if (!len || len >= 24 || strspn(what, letters) != len || !is[1])
        return "not BACKEND=IDENTITY (kafka=MkU3OEVBNTcwNTJENDM2Qg)";
    r->identity = true;
    copy_part(r->name, sizeof r->name, what, len);
    r->is = strdup(is + 1);
    if (!r->is)
        abort();
    return NULL;
}

static const char *read_rule(struct rule *r, const char *verdict, char *what)
{
    static const char *const names[] = {"allow", "protect", "deny"};
    char *is = strchr(what, '=');
    for (unsigned i = 0; i < 3; i++)
        if (strcmp(verdict, names[i]) == 0)
            r->verdict = (enum rule_verdict)(RULE_ALLOW + i);
    if (r->verdict == RULE_NONE)
        return "a line begins with allow, protect or deny";
    if (!*what)
        return "a host or a network is missing (deny 10.0.0.0/8)";
    struct address a;
    if (is)
        return read_identity(r, what, is);
    if (strchr(what, '/') || read_address(what, &a))
        return read_network(r, what);
    return read_name(r, what);
}

/* Reads "5% for 5s", which follows the word "errors". */
static const char *read_errors(struct rules *rules, const char *text)
{
    char share[24] = "", word[8] = "", time[24] = "", more[4] = "";
    struct errors_rule e = {0};
    int words = sscanf(text, "%23s %7s %23s %3s", share, word, time, more);
    char *percent = strchr(share, '%');
    if (percent)
        *percent = '\0';
    if (words != 3 || !percent || percent[1] || strcmp(word, "for") != 0 ||
        parse_real(share, &e.share) || parse_duration(time, &e.for_ns))
        return "the form is: errors 10% for 10s";
    if (!(e.share >= 0 && e.share <= 100) || e.for_ns < 1000000000 ||
        e.for_ns > UINT64_C(3600000000000))
        return "allowed are 0% to 100% and 1s to 1h";
    e.share /= 100;
    *(rules->system ? &rules->system_errors : &rules->errors) = e;
    *(rules->system ? &rules->has_system_errors : &rules->has_errors) = true;
    return NULL;
}

static void add_rule(struct rules *rules, const struct rule *r)
{
    if (rules->n == rules->room) {
        rules->room = rules->room ? rules->room * 2 : 16;
        struct rule *more = realloc(rules->rule, rules->room * sizeof *more);
        if (!more)
            abort();
        rules->rule = more;
    }
    rules->rule[rules->n++] = *r;
}

/* Parses one line without its newline. 0, or the error. */
static int read_line(struct rules *rules, const char *line, size_t len, const char *file,
                     unsigned number, struct err *err)
{
    char copy[400], verdict[16] = "", what[300] = "", more[8] = "";
    int rest = 0;
    struct rule r = {0};
    const char *comment = memchr(line, '#', len);
    if (comment)
        len = (size_t)(comment - line);
    const char *wrong = NULL;
    if (len >= sizeof copy || memchr(line, '\0', len))
        return err_set(err, ERR_USAGE, "%s:%u: not a line of text, or too long", file, number);
    memcpy(copy, line, len);
    copy[len] = '\0';
    while (len && strchr(" \t\r", copy[len - 1]))
        copy[--len] = '\0';
    int words = sscanf(copy, "%15s %n%299s %7s", verdict, &rest, what, more);
    if (words <= 0)
        return 0;
    char shown[300];
    bool errors = strcmp(verdict, "errors") == 0;
    if (words > 1 && strlen(copy + rest) >= sizeof what)
        return err_set(err, ERR_USAGE, "%s:%u: too long", file, number);
    if (words > 1 && (errors || strchr(what, '='))) { /* a cluster's name may contain blanks */
        copy_str(what, sizeof what, copy + rest);
        words = 2;
    }
    copy_str(shown, sizeof shown, what);
    r.system = rules->system;
    wrong = errors      ? read_errors(rules, what)
            : words > 2 ? "only one host or network a line"
                        : read_rule(&r, verdict, what);
    if (errors && !wrong)
        return 0;
    if (wrong)
        free(r.is);
    if (wrong)
        return err_set(err, ERR_USAGE, "%s:%u: '%s %.80s': %s", file, number, verdict, shown,
                       wrong);
    struct text where = {0};
    text_add(&where, "%s:%u: %s %s", file, number, verdict, shown);
    r.where = where.s;
    add_rule(rules, &r);
    return 0;
}

static int read_text(struct rules *rules, const char *text, size_t size, const char *file,
                     struct err *err)
{
    unsigned number = 1;
    for (size_t at = 0; at < size; number++) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t len = end ? (size_t)(end - (text + at)) : size - at;
        int bad = read_line(rules, text + at, len, file, number, err);
        if (bad)
            return bad;
        at += len + 1;
    }
    return 0;
}

static int read_file(struct rules *rules, const char *file, bool required, struct err *err)
{
    struct text text = {0};
    struct err why = {0};
    if (!required && access(file, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    int bad = plain_file_read(file, false, FILE_MAX_BYTES, file, &text, &why);
    if (bad)
        bad = err_set(err, ERR_FAILED, "%s (it says which targets may be loaded)", why.msg);
    else
        bad = read_text(rules, text_str(&text), text.len, file, err);
    text_free(&text);
    return bad;
}

static int read_users_file(struct rules *rules, struct err *err)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    struct text file = {0};
    if (config && *config)
        text_add(&file, "%s/loadtop/targets.conf", config);
    else if (home && *home)
        text_add(&file, "%s/.config/loadtop/targets.conf", home);
    int bad = file.len ? read_file(rules, file.s, false, err) : 0;
    text_free(&file);
    return bad;
}

/* A rule that denies or protects a name applies to the host by any of its addresses. */
static bool wants_addresses(const struct rule *r)
{
    return !r->network && !r->identity && r->name[0] != '.' && r->verdict != RULE_ALLOW;
}

static void keep_addresses(struct rules *rules, struct rule *r, const struct addrinfo *list)
{
    unsigned n = 0;
    for (const struct addrinfo *i = list; i; i = i->ai_next)
        n++;
    if (!n) {
        text_add(&rules->unknown, "%s%s", rules->unknown.len ? "\n" : "", r->where);
        return;
    }
    if (!(r->address = calloc(n, sizeof *r->address)))
        abort();
    for (const struct addrinfo *i = list; i; i = i->ai_next) {
        if (!address_of(i->ai_addr, &r->address[r->addresses]))
            continue;
        r->address[r->addresses] = as_reached(&r->address[r->addresses]);
        r->addresses++;
        r->own = r->own || address_is_local(i->ai_addr);
    }
}

static void find_addresses(struct rules *rules)
{
    const char **names = calloc(rules->n + 1, sizeof *names);
    struct name_answer *answer = calloc(rules->n + 1, sizeof *answer);
    unsigned n = 0, at = 0;
    if (!names || !answer)
        abort();
    for (unsigned i = 0; i < rules->n; i++)
        if (wants_addresses(&rules->rule[i]))
            names[n++] = rules->rule[i].name;
    names_look_up(names, n, NULL, clock_ns() + NAMES_WAIT_NS, NULL, NULL, answer);
    for (unsigned i = 0; i < rules->n; i++)
        if (wants_addresses(&rules->rule[i]))
            keep_addresses(rules, &rules->rule[i], answer[at++].list);
    for (unsigned i = 0; i < n; i++)
        if (answer[i].list)
            freeaddrinfo(answer[i].list);
    free(answer);
    free(names);
}

struct rules *rules_load(struct err *err)
{
    const char *only = getenv("LOADTOP_TARGETS_CONF");
    struct rules *rules = calloc(1, sizeof *rules);
    if (!rules)
        abort();
    int bad;
    if (only && *only)
        bad = read_file(rules, only, true, err);
    else
        bad = read_users_file(rules, err);
    rules->system = true;
    if (!bad)
        bad = read_file(rules, "/etc/loadtop/targets.conf", false, err);
    if (!bad) {
        find_addresses(rules);
        return rules;
    }
    rules_free(rules);
    return NULL;
}

const char *rules_unknown(const struct rules *rules)
{
    return text_str(&rules->unknown);
}

struct rules *rules_parse(const char *text, const char *file, struct err *err)
{
    struct rules *rules = calloc(1, sizeof *rules);
    if (!rules)
        abort();
    if (read_text(rules, text, strlen(text), file, err) == 0)
        return rules;
    rules_free(rules);
    return NULL;
}

int rules_add_system(struct rules *rules, const char *text, const char *file, struct err *err)
{
    rules->system = true;
    return read_text(rules, text, strlen(text), file, err);
}

void rules_free(struct rules *rules)
{
    if (!rules)
        return;
    for (unsigned i = 0; i < rules->n; i++) {
        free(rules->rule[i].where);
        free(rules->rule[i].address);
        free(rules->rule[i].is);
    }
    text_free(&rules->unknown);
    free(rules->rule);
    free(rules);
}

static bool is_loopback(const struct address *a)
{
    static const uint8_t any[16] = {0};
    if (a->family == AF_INET)
        return a->bytes[0] == 127 || memcmp(a->bytes, any, 4) == 0;
    return memcmp(a->bytes, any, 15) == 0 && a->bytes[15] <= 1;
}

static bool same_address(const struct address *a, const struct address *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static bool is_own(const struct address *a)
{
    struct address own;
    struct ifaddrs *list = NULL;
    bool found = false;
    if (is_loopback(a))
        return true;
    if (getifaddrs(&list))
        return false;
    for (const struct ifaddrs *i = list; i && !found; i = i->ifa_next)
        found = i->ifa_addr && address_of(i->ifa_addr, &own) && same_address(&own, a);
    freeifaddrs(list);
    return found;
}

bool address_is_local(const struct sockaddr *sa)
{
    struct address a;
    return sa->sa_family == AF_UNIX || (address_of(sa, &a) && is_own(&a));
}

static bool has_address(const struct rule *r, const struct address *a)
{
    for (unsigned i = 0; i < r->addresses; i++)
        if (same_address(&r->address[i], a))
            return true;
    return r->own && is_own(a);
}

/* How specific a name rule is for this host; 0: it does not match. */
static unsigned name_fits(const struct rule *r, const char *host, size_t len)
{
    size_t rule_len = strlen(r->name);
    if (r->name[0] != '.')
        return rule_len == len && strncasecmp(r->name, host, len) == 0 ? EXACT_NAME : 0;
    if (len <= rule_len || strncasecmp(host + len - rule_len, r->name, rule_len) != 0)
        return 0;
    return (unsigned)rule_len;
}

/* The most specific matching rule of one kind so far; the stricter one at equal specificity. */
struct best {
    const struct rule *rule;
    unsigned how;
};

static void consider(struct best *best, const struct rule *rule, unsigned how)
{
    if (!best->rule || how > best->how ||
        (how == best->how && rule->verdict > best->rule->verdict)) {
        best->rule = rule;
        best->how = how;
    }
}

/* The rule that applies; with `system`, among those from the system's file only. */
static const struct rule *decide(const struct rules *rules, const char *host,
                                 const struct sockaddr *sa, bool system)
{
    struct best by_name = {0}, by_network = {0};
    struct address a = {0};
    size_t len = host ? strlen(host) : 0;
    bool resolved = address_of(sa, &a), socket = sa && sa->sa_family == AF_UNIX;
    if (len > 1 && host[len - 1] == '.')
        len--;
    if (!resolved && len)
        resolved = read_address(host, &a);
    struct address reached = as_reached(&a);
    for (unsigned i = 0; rules && i < rules->n; i++) {
        const struct rule *r = &rules->rule[i];
        if (r->identity || (system && !r->system))
            continue;
        if (r->network) {
            /* '*' matches everything with a name, an address or a socket path. */
            if (r->family == AF_UNSPEC ? resolved || len || socket
                                       : resolved && (in_network(r, &a) || in_network(r, &reached)))
                consider(&by_network, r, r->family == AF_UNSPEC ? 0 : r->prefix + 1);
        } else {
            unsigned how = len ? name_fits(r, host, len) : 0;
            if (!how && ((resolved && has_address(r, &reached)) || (socket && r->own)))
                how = EXACT_NAME;
            if (how)
                consider(&by_name, r, how);
        }
    }
    const struct rule *r = by_network.rule;
    if (by_name.rule && (!r || by_name.how == EXACT_NAME || by_network.how == 0 ||
                         by_name.rule->verdict > r->verdict))
        r = by_name.rule;
    return r;
}

enum rule_verdict rules_check(const struct rules *rules, const char *host,
                              const struct sockaddr *sa, const char **where)
{
    const struct rule *r = decide(rules, host, sa, true);
    if (!r || r->verdict != RULE_DENY)
        r = decide(rules, host, sa, false);
    if (where)
        *where = r ? r->where : NULL;
    return r ? r->verdict : RULE_NONE;
}

enum rule_verdict rules_judge(const struct rules *rules, const char *host, const char **where,
                              bool *remote)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    const struct sockaddr socket = {.sa_family = AF_UNIX};
    struct addrinfo *list = NULL;
    enum rule_verdict worst = rules_check(rules, host, host ? NULL : &socket, where);
    /* connecting will report it */
    if (!host || getaddrinfo(host, NULL, &hints, &list) != 0)
        return worst;
    for (const struct addrinfo *a = list; a; a = a->ai_next) {
        const char *rule = NULL;
        enum rule_verdict one = rules_check(rules, host, a->ai_addr, &rule);
        if (remote && !address_is_local(a->ai_addr))
            *remote = true;
        if (one > worst) {
            worst = one;
            if (where)
                *where = rule;
        }
    }
    freeaddrinfo(list);
    return worst;
}

/* Does this deny or protect rule name this identity? Ignores case. */
static bool is_meant(const struct rule *r, const char *identity)
{
    return r->verdict == RULE_ALLOW ? strcmp(r->is, identity) == 0
                                    : strcasecmp(r->is, identity) == 0;
}

enum rule_verdict rules_check_identity(const struct rules *rules, const char *backend,
                                       const char *identity, const char **where)
{
    const struct rule *best = NULL, *any = NULL;
    for (unsigned i = 0; rules && i < rules->n; i++) {
        const struct rule *r = &rules->rule[i];
        if (!r->identity || strcmp(r->name, backend) != 0)
            continue;
        any = any && any->verdict > r->verdict ? any : r;
        if (!identity || !is_meant(r, identity) ||
            (best && best->system && best->verdict == RULE_DENY))
            continue;
        if (!best || r->verdict > best->verdict || (r->system && r->verdict == RULE_DENY))
            best = r;
    }
    bool silent = !identity || !*identity;
    if (silent)
        best = any;
    if (where)
        *where = best ? best->where : NULL;
    return !best ? RULE_NONE : silent ? RULE_PROTECT : best->verdict;
}

int rules_check_backends(const struct rules *rules, const char *const *names, struct err *err)
{
    for (unsigned i = 0; i < rules->n; i++) {
        const struct rule *r = &rules->rule[i];
        bool known = !r->identity;
        for (unsigned k = 0; names[k] && !known; k++)
            known = strcmp(names[k], r->name) == 0;
        const char *near = known ? NULL : nearest_name(r->name, names);
        if (!known)
            return err_set(err, ERR_USAGE, "%s: no backend is called '%s'%s%s%s", r->where, r->name,
                           near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
    }
    return 0;
}

bool rules_name_identity(const struct rules *rules, const char *backend)
{
    for (unsigned i = 0; rules && i < rules->n; i++)
        if (rules->rule[i].identity && strcmp(rules->rule[i].name, backend) == 0)
            return true;
    return false;
}

struct errors_rule rules_errors(const struct rules *rules)
{
    struct errors_rule e = {0.10, UINT64_C(10000000000)};
    if (!rules)
        return e;
    if (rules->has_errors)
        e = rules->errors;
    if (rules->has_system_errors && (!rules->has_errors || e.share > rules->system_errors.share))
        e.share = rules->system_errors.share;
    if (rules->has_system_errors && (!rules->has_errors || e.for_ns > rules->system_errors.for_ns))
        e.for_ns = rules->system_errors.for_ns;
    return e;
}
