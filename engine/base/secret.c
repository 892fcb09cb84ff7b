/* Finds secrets in texts; see secret.h.
 *
 * The search marks bytes in place with a control character, so that one search serves the list of
 * processes (a star for each byte) and messages ("***" for each secret). The known secrets are a
 * list that only grows: it is read without a lock from every thread that reports an error. */
#include "engine/base/secret.h"

#include <ctype.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "engine/base/text.h"

/* Writes the name in lower case, unescaped and without separators to plain. False: it does not
 * fit. */
static bool plain_name(const char *name, size_t len, char *plain, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        char c = name[i], digits[3] = "", *end = digits;
        if (c == '%' && len - i > 2) {
            memcpy(digits, name + i + 1, 2);
            c = (char)strtoul(digits, &end, 16);
        }
        if (end == digits + 2)
            i += 2;
        else
            c = name[i];
        if (strchr(".-_", c))
            continue;
        if (n + 1 >= size)
            return false;
        plain[n++] = (char)tolower((unsigned char)c);
    }
    plain[n] = '\0';
    return true;
}

bool is_secret_name(const char *name, size_t len)
{
    static const char *const parts[] = {"passw",  "passphrase", "pwd",        "secret",
                                        "token",  "pem",        "credential", "oauthbearerconfig",
                                        "apikey", "accesskey",  "jaas"};
    char plain[256];
    if (!plain_name(name, len, plain, sizeof plain))
        return true;
    if (strcmp(plain, "passwordfile") == 0 || strcmp(plain, "askpassword") == 0)
        return false;
    for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strstr(plain, parts[i]))
            return true;
    return false;
}

#define MARK '\1'
/* Minimum length of a secret in bytes: shorter ones would match ordinary words. */
#define KNOWN_LEAST 6
/* A message may cut a secret: this many leading bytes count as a match. */
#define KNOWN_PART 16
/* Longest word, in letters, that is treated as an ordinary word. */
#define WORD_MOST 12
/* Most secrets that are remembered; further ones are recognized by their position in a text
 * only. */
#define KNOWN_MOST 256

/* Where secrets are searched: a typed line, which may not be a valid command; a parsed command; a
 * message. */
enum reach { IN_LINE, IN_COMMAND, IN_MESSAGE };

/* ---- Secrets recognized by their position ---- */

static void mark(char *at, const char *end)
{
    memset(at, MARK, (size_t)(end - at));
}

static char *last_at(char *from, const char *end)
{
    char *found = NULL;
    for (char *c = from; c < end; c++)
        if (*c == '@')
            found = c;
    return found;
}

static bool ends_word(const char *c)
{
    c += strspn(c, ":;.,'\")");
    return !*c || *c == ' ' || *c == '\t';
}

/* The first ':' of host:port[,host:port...] that is not followed by a port, or NULL. */
static char *no_port(char *body, const char *end)
{
    for (char *c = body; c < end && !strchr("/?# \t'\"", *c); c++) {
        if (*c == '[')
            c += strcspn(c, "]/ ");
        if (*c != ':')
            continue;
        size_t digits = strspn(c + 1, "0123456789");
        const char *after = c + 1 + digits;
        if (ends_word(after))
            return digits > 5 ? c : NULL;
        if (!digits || digits > 5 || !strchr(",/?#", *after))
            return c;
        c += digits;
    }
    return NULL;
}

/* Marks the secrets of one URL; body starts after "://". Returns where to continue the search. */
static char *mark_url(char *body, enum reach reach)
{
    char *end = body + strlen(body), *next = strstr(body, "://");
    if (reach != IN_LINE)
        end = body + strcspn(body, " \t");
    else if (next)
        end = next;
    char *at = last_at(body, end);
    /* no '@' yet: the URL was cut, is still being typed, or has a password that contains "://" */
    if (!at && no_port(body, end)) {
        at = reach == IN_LINE ? last_at(body, body + strlen(body)) : NULL;
        end = reach == IN_LINE ? body + strlen(body) : end - (end[-1] == ':');
        at = at ? at : end;
    }
    char *colon = at ? memchr(body, ':', (size_t)(at - body)) : NULL;
    if (colon)
        mark(colon + 1, at);
    return at ? at : end;
}

static void mark_urls(char *text, enum reach reach)
{
    for (char *url = strstr(text, "://"); url; url = strstr(url, "://"))
        url = mark_url(url + 3, reach);
}

/* Is the word before `at` "set"? */
static bool follows_set(const char *text, const char *at)
{
    while (at > text && at[-1] == ' ')
        at--;
    return at - text >= 3 && strncmp(at - 3, "set", 3) == 0 && (at - text == 3 || at[-4] == ' ');
}

/* The start of the value of the option whose name is at `name`, or NULL. */
static char *value_of(const char *text, char *word, char *name, size_t len, enum reach reach)
{
    if (name[len] == '=')
        return name + len + 1;
    bool flag = name - word >= 2 || follows_set(text, word);
    if (reach == IN_MESSAGE || name[len] != ' ' || !flag)
        return NULL;
    return name + len + strspn(name + len, " ");
}

static void mark_named(char *text, enum reach reach)
{
    for (char *c = text; *c; c++) {
        if (c > text && !strchr(" \t?&'\"", c[-1]))
            continue;
        bool query = c > text && strchr("?&", c[-1]);
        char *name = c + (query ? 0 : strspn(c, "-"));
        size_t len = strcspn(name, "=&?: \t'\"");
        char *value = len && is_secret_name(name, len) ? value_of(text, c, name, len, reach) : NULL;
        if (!value)
            continue;
        const char *stop = query && reach == IN_MESSAGE ? "& \t" : query ? "&" : " \t";
        char *end =
            query || reach == IN_MESSAGE ? value + strcspn(value, stop) : value + strlen(value);
        mark(value, end);
        c = end > c ? end - 1 : c;
    }
}

/* Marks the password of "add user:password@host". Without a scheme this is not a valid target, but
 * it is visible until it is refused. */
static void mark_added(char *text)
{
    char *add = strstr(text, "add ");
    if (!add || (add > text && !strchr(" :", add[-1])))
        return;
    char *word = add + strcspn(add, " ");
    word += strspn(word, " ");
    char *end = word + strcspn(word, " ?"), *colon = memchr(word, ':', (size_t)(end - word));
    char *at = last_at(word, end);
    if (colon && at > colon && strncmp(colon, "://", 3) != 0)
        mark(colon + 1, at);
}

/* Replaces bytes of the text that equal the marker. */
static void no_marks(char *text, char instead)
{
    for (char *c = text; *c; c++)
        if (*c == MARK)
            *c = instead;
}

static bool mark_all(char *text, enum reach reach)
{
    no_marks(text, reach == IN_MESSAGE ? '?' : ' ');
    mark_urls(text, reach);
    mark_named(text, reach);
    if (reach != IN_MESSAGE)
        mark_added(text);
    return strchr(text, MARK) != NULL;
}

static char *marked_copy(const char *text, enum reach reach)
{
    char *copy = strdup(text);
    if (!copy)
        abort();
    mark_all(copy, reach);
    return copy;
}

static void drop(char *copy)
{
    explicit_bzero(copy, strlen(copy));
    free(copy);
}

bool secret_star(char *text)
{
    bool any = mark_all(text, IN_LINE);
    for (char *c = text; *c; c++)
        if (*c == MARK)
            *c = '*';
    return any;
}

static char *masked(const char *text, char *buf, size_t size, enum reach reach)
{
    struct text out = {.limit = size ? size - 1 : 1};
    char *copy = marked_copy(text, reach);
    for (const char *c = copy; *c;) {
        size_t plain = strcspn(c, (const char[]){MARK, '\0'});
        text_put(&out, c, plain);
        c += plain;
        if (*c == MARK)
            text_put(&out, "***", 3);
        c += strspn(c, (const char[]){MARK, '\0'});
    }
    drop(copy);
    copy_str(buf, size, text_str(&out));
    text_free(&out);
    return buf;
}

char *secret_masked(const char *text, char *buf, size_t size)
{
    return masked(text, buf, size, IN_LINE);
}

char *secret_masked_command(const char *text, char *buf, size_t size)
{
    return masked(text, buf, size, IN_COMMAND);
}

bool secret_was_masked(const char *text)
{
    char *copy = marked_copy(text, IN_LINE);
    bool found = strstr(text, "://***@") != NULL;
    for (size_t i = 0; copy[i] && !found; i++) {
        size_t n = strspn(copy + i, (const char[]){MARK, '\0'});
        found = n == 3 && strncmp(text + i, "***", 3) == 0;
        i += n ? n - 1 : 0;
    }
    drop(copy);
    return found;
}

/* Replaces each marked secret of a message by "***" in place; secrets are at least that long. */
static void unmark(char *message)
{
    char *to = message;
    for (const char *from = message; *from;) {
        size_t marks = strspn(from, (const char[]){MARK, '\0'});
        for (size_t i = 0; i < marks && i < 3; i++)
            *to++ = '*';
        from += marks;
        if (!marks)
            *to++ = *from++;
    }
    *to = '\0';
}

void secret_hide_places(char *message)
{
    if (mark_all(message, IN_MESSAGE))
        unmark(message);
}

/* ---- Secrets recognized by their value ---- */

struct known {
    struct known *next;
    size_t len;
    bool is_word; /* such as "cassandra": not hidden within a longer word or as a URL scheme */
    char value[];
};
static _Atomic(struct known *) first_known;

static bool is_known(const char *value, unsigned *n)
{
    *n = 0;
    for (const struct known *k = atomic_load(&first_known); k; k = k->next, (*n)++)
        if (strcmp(k->value, value) == 0)
            return true;
    return false;
}

void secret_hold(void)
{
    /* RLIMIT_CORE does not keep a core_pattern handler from getting a core; this does: core(5). */
    prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL);
}

static bool is_ordinary_word(const char *value, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!isalpha((unsigned char)value[i]))
            return false;
    return len <= WORD_MOST;
}

void secret_know(const char *value)
{
    unsigned n;
    size_t len = strlen(value);
    if (!len)
        return;
    secret_hold();
    if (len < KNOWN_LEAST || is_known(value, &n) || n >= KNOWN_MOST)
        return;
    struct known *k = malloc(sizeof *k + len + 1);
    if (!k)
        abort();
    k->len = len;
    k->is_word = is_ordinary_word(value, len);
    memcpy(k->value, value, len + 1);
    k->next = atomic_load(&first_known);
    while (!atomic_compare_exchange_weak(&first_known, &k->next, k))
        ;
}

static bool is_word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* The length of the match if this secret, or enough of its beginning, is at `at`; else 0. */
static size_t value_at(const char *text, const char *at, const struct known *k)
{
    size_t n = 0;
    while (n < k->len && at[n] == k->value[n])
        n++;
    if (n < k->len && n < (at[n] ? KNOWN_PART : KNOWN_LEAST))
        return 0;
    if (!k->is_word)
        return n;
    bool inside = (at > text && is_word_char(at[-1])) || (n == k->len && is_word_char(at[n]));
    return inside || strncmp(at + n, "://", 3) == 0 ? 0 : n;
}

static void mark_value(char *text, const struct known *k)
{
    for (char *at = strchr(text, k->value[0]); at; at = strchr(at, k->value[0])) {
        size_t n = value_at(text, at, k);
        mark(at, at + n);
        at += n ? n : 1;
    }
}

void secret_hide_values(char *said)
{
    const struct known *k = atomic_load(&first_known);
    if (!k)
        return;
    no_marks(said, '?');
    for (; k; k = k->next)
        mark_value(said, k);
    unmark(said);
}

char *secret_said(char *buf, size_t size, const char *said, size_t len)
{
    copy_part(buf, size, said, len);
    secret_hide_values(buf);
    return buf;
}
