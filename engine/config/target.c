/* Reads a target's URL.
 *
 * No message may show a password, even for a malformed URL, so every message quotes the masked form
 * and never a part of the input. A '+' in the query is a plus (it occurs in values such as
 * stall=5s+1s), not a space. Called when a scenario is made, and by `add`. */
#include "engine/config/target.h"

#include "engine/base/err.h"
#include "engine/base/text.h"
#include "engine/base/utf8.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define EXAMPLE "e.g. redis://localhost:6379/0?threads=2"

/* A piece of the URL. */
struct piece {
    const char *at;
    size_t len;
};

char *target_masked(const char *url, char *buf, size_t size)
{
    /* Search the last '@' before the options: a password may contain '@', '/' or '?' unescaped. */
    const char *scheme_end = strstr(url, "://");
    const char *body = scheme_end ? scheme_end + 3 : url;
    const char *at = strrchr(body, '@');
    const char *rest = at ? at : body;
    struct text out = {0};
    text_add(&out, "%.*s%s", (int)(body - url), url, at ? "***" : "");
    text_put(&out, rest, strcspn(rest, "?"));
    /* Without an '@', the text in the position of the port may be a password whose host is
     * missing. */
    secret_masked(text_str(&out), buf, size);
    text_free(&out);
    return buf;
}

static int refuse(const char *url, const char *why, struct err *err)
{
    char masked[120];
    return err_set(err, ERR_USAGE, "%s: %s (%s)", target_masked(url, masked, sizeof masked), why,
                   EXAMPLE);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-decodes a piece into dst. False when it is cut, holds a NUL, or an escape is broken. */
static bool decode(struct piece p, char *dst, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < p.len; i++) {
        char c = p.at[i];
        if (c == '%') {
            int high = i + 2 < p.len ? hex_digit(p.at[i + 1]) : -1;
            int low = i + 2 < p.len ? hex_digit(p.at[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        }
        if (!c || n + 1 >= size)
            return false;
        dst[n++] = c;
    }
    dst[n] = '\0';
    return true;
}

static const char *read_scheme(struct target *t, const char *url)
{
    const char *colon = strchr(url, ':');
    size_t len = colon ? (size_t)(colon - url) : 0;
    if (!len || len >= sizeof t->scheme || !isalpha((unsigned char)*url))
        return NULL;
    for (size_t i = 0; i < len; i++) {
        char c = url[i];
        if (!isalnum((unsigned char)c) && c != '+' && c != '-' && c != '.')
            return NULL;
        t->scheme[i] = (char)tolower((unsigned char)c);
    }
    t->scheme[len] = '\0';
    return colon + 1;
}

static bool read_port(struct piece p, unsigned *port)
{
    unsigned v = 0;
    if (!p.len || p.len > 5)
        return false;
    for (size_t i = 0; i < p.len; i++) {
        if (!isdigit((unsigned char)p.at[i]))
            return false;
        v = v * 10 + (unsigned)(p.at[i] - '0');
    }
    *port = v;
    return v >= 1 && v <= 65535;
}

/* Non-ASCII letters are refused: libraries may map them to other names after the protection has
 * checked this one. */
static bool host_name_ok(const char *name)
{
    for (const char *c = name; *c; c++)
        if ((unsigned char)*c >= 0x80 || (!isalnum((unsigned char)*c) && !strchr("-._", *c)))
            return false;
    return *name != '\0';
}

static bool ipv6_ok(const char *name)
{
    struct in6_addr address;
    char plain[64];
    size_t len = strcspn(name, "%"); /* a zone such as %eth0 is checked by the resolver */
    if (len >= sizeof plain)
        return false;
    memcpy(plain, name, len);
    plain[len] = '\0';
    return inet_pton(AF_INET6, plain, &address) == 1;
}

/* Reads "host", "host:port", "[v6]" or "[v6]:port". Returns NULL, or what is wrong. */
static const char *read_host(struct piece p, struct target_host *host)
{
    struct piece name = p, port = {NULL, 0};
    bool bracket = p.len && *p.at == '[';
    const char *end = bracket ? memchr(p.at, ']', p.len) : memchr(p.at, ':', p.len);
    if (bracket) {
        if (!end)
            return "a ']' is missing after the IPv6 address";
        name = (struct piece){p.at + 1, (size_t)(end - p.at) - 1};
        end++;
    }
    if (end && end < p.at + p.len) {
        if (*end != ':')
            return "after ']' only a port may follow";
        port = (struct piece){end + 1, (size_t)(p.at + p.len - end) - 1};
        if (!bracket)
            name.len = (size_t)(end - p.at);
        if (!bracket && memchr(port.at, ':', port.len))
            return "an IPv6 address stands in brackets: [::1]:6379";
        if (!read_port(port, &host->port))
            return "a port is a number from 1 to 65535";
    }
    if (!decode(name, host->name, sizeof host->name))
        return "a host's name is too long or holds a broken %-escape";
    if (!host->name[0])
        return "a host is missing";
    if (bracket ? !ipv6_ok(host->name) : !host_name_ok(host->name))
        return "not a host's name or address (an international name stands in its xn-- form)";
    return NULL;
}

static const char *read_hosts(struct target *t, struct piece p)
{
    while (p.len) {
        const char *comma = memchr(p.at, ',', p.len);
        struct piece one = {p.at, comma ? (size_t)(comma - p.at) : p.len};
        if (t->hosts == TARGET_HOSTS_MAX)
            return "at most 32 hosts are allowed";
        const char *wrong = read_host(one, &t->host[t->hosts]);
        if (wrong)
            return wrong;
        t->hosts++;
        if (comma && one.len + 1 == p.len)
            return "a host is missing after the last comma";
        p.at += one.len + (comma != NULL);
        p.len -= one.len + (comma != NULL);
    }
    return NULL;
}

static const char *read_user(struct target *t, struct piece p)
{
    const char *colon = memchr(p.at, ':', p.len);
    struct piece user = {p.at, colon ? (size_t)(colon - p.at) : p.len};
    if (!decode(user, t->user, sizeof t->user))
        return "the user's name is too long or holds a broken %-escape";
    if (colon) {
        struct piece password = {colon + 1, p.len - user.len - 1};
        t->has_password = true;
        if (!decode(password, t->password, sizeof t->password))
            return "the password is longer than " SECRET_WORDS
                   " bytes or holds a broken %-escape (write % as %25)";
    }
    return NULL;
}

/* [user[:password]@]host[:port][,host[:port]...] */
static const char *read_authority(struct target *t, struct piece p)
{
    const char *at = NULL;
    for (size_t i = 0; i < p.len; i++)
        if (p.at[i] == '@')
            at = p.at + i;
    if (at) {
        const char *wrong = read_user(t, (struct piece){p.at, (size_t)(at - p.at)});
        if (wrong)
            return wrong;
        p.len -= (size_t)(at - p.at) + 1;
        p.at = at + 1;
        if (!p.len && !strstr(t->scheme, "+unix"))
            return "a host is missing after the '@'";
    }
    return read_hosts(t, p);
}

/* If the URL has an '@' after the '/' or '?' that ended its hosts, that character may be part of a
 * password: returns a hint about this. NULL: there is no such '@', or no ':' before it. */
static const char *raw_end(const char *url)
{
    const char *body = strstr(url, "://");
    if (!body)
        return NULL;
    body += 3;
    size_t len = strcspn(body, "/?");
    if (!body[len] || !strchr(body + len, '@') || !memchr(body, ':', len) || *body == '[')
        return NULL;
    return body[len] == '/' ? "in a user's name or password write / as %2F, elsewhere @ as %40"
                            : "in a user's name or password write ? as %3F, elsewhere @ as %40";
}

void target_doubt(const char *url, struct err *err)
{
    const char *why = raw_end(url);
    if (why)
        refuse(url, why, err);
}

static const char *read_rest(struct target *t, const char *rest)
{
    const char *query = NULL;
    if (strncmp(rest, "//", 2) == 0) {
        rest += 2;
        size_t len = strcspn(rest, "/?");
        const char *wrong = read_authority(t, (struct piece){rest, len});
        if (wrong)
            return wrong;
        rest += len;
        len = strcspn(rest, "?");
        if (t->hosts && memchr(rest, '@', len))
            return "in a path @ is written as %40, in a user's name or password / as %2F";
        if (!decode((struct piece){rest, len}, t->path, sizeof t->path))
            return "the path is too long or holds a broken %-escape";
        rest += len;
    }
    if (*rest == '?')
        query = rest + 1;
    else if (*rest)
        return "after the scheme '//' must follow";
    if (query && *query && !(t->query = strdup(query)))
        abort();
    return NULL;
}

static void add_host(struct text *out, const struct target_host *host)
{
    bool v6 = strchr(host->name, ':') != NULL;
    text_add(out, v6 ? "[%s]" : "%s", host->name);
    if (host->port)
        text_add(out, ":%u", host->port);
}

static void show(struct target *t)
{
    struct text out = {.limit = sizeof t->shown - 1};
    text_add(&out, "%s:", t->scheme);
    if (t->hosts || t->path[0])
        text_add(&out, "//");
    if (t->user[0])
        text_add(&out, "%s@", t->user);
    for (unsigned i = 0; i < t->hosts; i++) {
        if (i)
            text_add(&out, ",");
        add_host(&out, &t->host[i]);
    }
    text_add(&out, "%s", t->path);
    copy_str(t->shown, sizeof t->shown, text_str(&out));
    text_free(&out);
    clean_str(t->shown);
}

int target_parse(struct target *t, const char *url, struct err *err)
{
    *t = (struct target){0};
    const char *rest = read_scheme(t, url);
    if (!rest)
        return refuse(url, "not a target; a target is a URL", err);
    const char *wrong = read_rest(t, rest);
    if (wrong) {
        const char *why = raw_end(url);
        target_fini(t);
        return refuse(url, why ? why : wrong, err);
    }
    secret_know(t->password);
    show(t);
    return 0;
}

void target_copy(struct target *to, const struct target *from)
{
    *to = *from;
    if (from->query && !(to->query = strdup(from->query)))
        abort();
}

void target_fini(struct target *t)
{
    if (!t)
        return;
    if (t->query) {
        explicit_bzero(t->query, strlen(t->query)); /* may contain options such as password= */
        free(t->query);
    }
    explicit_bzero(t, sizeof *t);
}

static int query_pair(struct piece p, char *name, char *value, size_t size,
                      int (*each)(const char *, const char *, void *), void *ctx, struct err *err)
{
    const char *equals = memchr(p.at, '=', p.len);
    size_t name_len = equals ? (size_t)(equals - p.at) : p.len;
    if (!decode((struct piece){p.at, name_len}, name, size) || !*name)
        return err_set(err, ERR_USAGE, "the URL's options hold a broken name or %%-escape");
    if (!equals)
        return err_set(err, ERR_USAGE, "option '%.60s' has no value (name=value)", name);
    if (!decode((struct piece){equals + 1, p.len - name_len - 1}, value, size))
        return err_set(err, ERR_USAGE, "the value of option '%.60s' holds a broken %%-escape",
                       name);
    return each(name, value, ctx);
}

int target_query(const struct target *t,
                 int (*each)(const char *name, const char *value, void *ctx), void *ctx,
                 struct err *err)
{
    if (!t->query)
        return 0;
    size_t size = strlen(t->query) + 1;
    char *name = malloc(size), *value = malloc(size);
    int result = 0;
    if (!name || !value)
        abort();
    for (const char *at = t->query; *at && !result;) {
        size_t len = strcspn(at, "&");
        if (len)
            result = query_pair((struct piece){at, len}, name, value, size, each, ctx, err);
        at += len + (at[len] == '&');
    }
    explicit_bzero(value, size);
    free(value);
    free(name);
    return result;
}

static bool host_is_local(const char *name)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, name, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127 || v4.s_addr == 0;
    if (inet_pton(AF_INET6, name, &v6) == 1) {
        if (IN6_IS_ADDR_V4MAPPED(&v6))
            return v6.s6_addr[12] == 127;
        return IN6_IS_ADDR_LOOPBACK(&v6) || IN6_IS_ADDR_UNSPECIFIED(&v6);
    }
    return strcasecmp(name, "localhost") == 0 || strcasecmp(name, "ip6-localhost") == 0 ||
           strcasecmp(name, "ip6-loopback") == 0;
}

bool target_is_local(const struct target *t)
{
    for (unsigned i = 0; i < t->hosts; i++)
        if (!host_is_local(t->host[i].name))
            return false;
    return true;
}
