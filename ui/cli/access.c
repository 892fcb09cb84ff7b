/* Passwords and permission before a run: see access.h.
 *
 * The prompt reads byte by byte from the terminal itself, without echo and with the signal keys
 * off, so that Ctrl-C cannot leave a terminal without echo behind. Buffers are wiped. Called by
 * main and clean. */
#include "ui/cli/access.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

#include "engine/base/err.h"
#include "engine/base/secret.h"
#include "engine/base/text.h"
#include "engine/config/scenario.h"
#include "engine/config/target.h"
#include "engine/os/loop.h"
#include "engine/os/plain_file.h"
#include "engine/pools/protect.h"
#include "ui/base/end_signal.h"
#include "ui/base/fd_write.h"
#include "ui/base/say.h"
#include "ui/cli/cli.h"

#define FILE_WAIT_MINUTES 2 /* the user may have to unlock a password store first */
#define NEWLINE_MS 100      /* time for the terminal to accept the newline after the prompt */

enum { KEY_INTERRUPT = 3, KEY_END = 4, KEY_KILL = 21, KEY_DELETE = 127 };

static char *environment_password; /* the value of LOADTOP_PASSWORD, or NULL */

/* What is wrong with a typed line. */
struct flaws {
    bool cut;     /* characters beyond the room for them were dropped */
    bool control; /* it had control characters: from a terminal's late answer, or an arrow key */
};

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 && c != '\t';
}

/* Reads the typed line. False when it was interrupted. */
static bool read_hidden(int tty, char *buf, size_t size, struct flaws *flaws)
{
    size_t n = 0;
    char c;
    buf[0] = '\0';
    *flaws = (struct flaws){0};
    for (;;) {
        struct pollfd ready = {.fd = tty, .events = POLLIN};
        if (end_signal_waits()) /* the signal is delivered once the terminal is restored */
            return false;
        if (poll(&ready, 1, 100) <= 0)
            continue;
        ssize_t got = read(tty, &c, 1);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got <= 0 || c == KEY_INTERRUPT || (c == KEY_END && n == 0))
            return false;
        if (c == '\n' || c == '\r' || c == KEY_END)
            return true;
        if (c == KEY_KILL)
            *flaws = (struct flaws){0};
        if (c == KEY_KILL)
            n = 0;
        else if (c == '\b' || c == KEY_DELETE)
            n -= n > 0;
        else if (is_control(c))
            flaws->control = true;
        else if (n + 1 < size)
            buf[n++] = c;
        else
            flaws->cut = true;
        buf[n] = '\0';
    }
}

/* Not TCSAFLUSH, which waits until the terminal has accepted all output, which a stopped one
 * (Ctrl-S) never does. Pending input is dropped, as TCSAFLUSH does. */
static void set_terminal(int tty, const struct termios *to)
{
    tcsetattr(tty, TCSANOW, to);
    tcflush(tty, TCIFLUSH);
}

/* While the signals are blocked, every wait here must check for them. */
static int ask(char *buf, size_t size, struct err *err)
{
    static const char prompt[] = "Password: ";
    struct termios before, quiet;
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (tty < 0)
        return err_set(err, ERR_FAILED,
                       "--ask-password: there is no terminal to ask on (--password-file or "
                       "LOADTOP_PASSWORD work without one)");
    if (tcgetattr(tty, &before) < 0) {
        close(tty);
        return err_set(err, ERR_FAILED, "--ask-password: %s", strerror(errno));
    }
    sigset_t mask_before;
    end_signals_hold(&mask_before);
    quiet = before;
    quiet.c_lflag &= (tcflag_t) ~(ECHO | ICANON | ISIG);
    quiet.c_cc[VMIN] = 1;
    quiet.c_cc[VTIME] = 0;
    set_terminal(tty, &quiet);
    struct flaws flaws = {0};
    bool typed = fd_write_all(tty, "the terminal", prompt, sizeof prompt - 1, -1, NULL) == 0 &&
                 read_hidden(tty, buf, size, &flaws);
    set_terminal(tty, &before);
    fd_write_all(tty, "the terminal", "\n", 1, NEWLINE_MS, NULL);
    close(tty);
    end_signals_let(&mask_before);
    if (typed && flaws.control)
        return err_set(err, ERR_USAGE,
                       "--ask-password: control characters are in it, of an arrow key or a late "
                       "answer of the terminal: start again and type it anew");
    if (typed && flaws.cut)
        return err_set(err, ERR_USAGE, "--ask-password: longer than %zu bytes", size - 1);
    return typed ? 0 : err_set(err, ERR_FAILED, "--ask-password: broken off");
}

/* Reads up to the end of the first line, which is left out, or of the file: *n bytes, at most
 * `size`. Waits for a pipe whose other end opens late, such as <(pass show db). */
static int read_first_line(int fd, char *buf, size_t size, size_t *n)
{
    uint64_t until = clock_ns() + FILE_WAIT_MINUTES * 60 * NS_PER_S;
    for (*n = 0; *n < size;) {
        ssize_t got = plain_file_next(fd, buf + *n, size - *n, until);
        if (got <= 0)
            return (int)got;
        char *end = memchr(buf + *n, '\n', (size_t)got);
        *n = end ? (size_t)(end - buf) : *n + (size_t)got;
        if (end)
            break;
    }
    return 0;
}

static int read_file(const char *file, char *buf, size_t size, struct err *err)
{
    size_t n = 0;
    char what[160];
    struct err why = {0};
    snprintf(what, sizeof what, "--password-file %.120s", file);
    int fd = plain_file_open(file, true, what, &why);
    if (fd < 0)
        return err_set(err, ERR_FAILED, "%s", why.msg);
    int bad = read_first_line(fd, buf, size, &n);
    int failed = errno;
    close(fd);
    if (bad && failed == ETIMEDOUT)
        return err_set(err, ERR_FAILED, "%s: nobody wrote a line into it within %d minutes", what,
                       FILE_WAIT_MINUTES);
    if (bad)
        return err_set(err, ERR_FAILED, "%s: %s", what, strerror(failed));
    n -= n > 0 && n < size && buf[n - 1] == '\r';
    if (n >= size)
        return err_set(err, ERR_USAGE,
                       "--password-file %s: its first line is longer than %zu bytes", file,
                       size - 1);
    if (memchr(buf, '\0', n))
        return err_set(err, ERR_USAGE, "--password-file %s: a NUL byte is in its first line", file);
    buf[n] = '\0';
    if (!n)
        return err_set(err, ERR_FAILED, "--password-file %s: its first line is empty", file);
    return 0;
}

/* Reads the password from the first source that exists; buf is "" if none does. */
static int find_password(const struct cli *c, char *buf, size_t size, struct err *err)
{
    buf[0] = '\0';
    if (cli_flag(c, OWN_ASK_PASSWORD))
        return ask(buf, size, err);
    if (option_given(&c->own, OWN_PASSWORD_FILE))
        return read_file(cli_text(c, OWN_PASSWORD_FILE), buf, size, err);
    if (environment_password && strlen(environment_password) >= size)
        return err_set(err, ERR_USAGE, "LOADTOP_PASSWORD: longer than %zu bytes", size - 1);
    copy_str(buf, size, environment_password ? environment_password : "");
    return 0;
}

/* A target without an address (the simulated service) needs no password. */
static bool wants_password(const struct target *t)
{
    return !t->has_password && (t->hosts || t->path[0]);
}

static void give(struct target *t, const char *password)
{
    copy_str(t->password, sizeof t->password, password);
    t->has_password = true;
    secret_know(password);
}

int access_passwords(const struct cli *c, struct scenario *s, struct err *err)
{
    char password[sizeof((struct target *)0)->password];
    bool wanted = false;
    int bad = 0;
    for (unsigned i = 0; i < s->pools; i++)
        wanted = wanted || wants_password(&s->pool[i]->target);
    if (wanted)
        bad = find_password(c, password, sizeof password, err);
    for (unsigned i = 0; i < s->pools && wanted && !bad && password[0]; i++)
        if (wants_password(&s->pool[i]->target))
            give(&s->pool[i]->target, password);
    explicit_bzero(password, sizeof password);
    return bad;
}

/* ---- hiding secrets from other processes ---- */

/* Is this word a flag whose value, a secret, is the next word? */
static bool next_is_secret(const char *word)
{
    size_t dashes = strspn(word, "-"), len = strlen(word);
    return dashes == 2 && !strchr(word, '=') && is_secret_name(word + 2, len - 2);
}

static char *copy_of(const char *s)
{
    char *copy = strdup(s);
    if (!copy)
        abort();
    return copy;
}

char **access_take_arguments(int argc, char **argv)
{
    char **own = calloc((size_t)argc + 1, sizeof *own);
    bool secret = false;
    if (!own)
        abort();
    for (int i = 0; i < argc; i++) {
        own[i] = copy_of(argv[i]);
        secret = secret_star(argv[i]) || secret;
        if (i > 0 && next_is_secret(own[i - 1])) {
            memset(argv[i], '*', strlen(argv[i]));
            secret = true;
        }
    }
    if (secret)
        secret_hold();
    return own;
}

void access_drop_arguments(char **own)
{
    for (char **word = own; *word; word++) {
        explicit_bzero(*word, strlen(*word));
        free(*word);
    }
    free(own);
}

void access_take_environment(void)
{
    static const char name[] = "LOADTOP_PASSWORD=";
    const size_t len = sizeof name - 1;
    for (char **e = environ; e && *e; e++) {
        if (strncmp(*e, name, len) != 0)
            continue;
        if (!environment_password)
            environment_password = copy_of(*e + len);
        explicit_bzero(*e + len, strlen(*e + len)); /* unsetenv leaves it in /proc/PID/environ */
        secret_hold();
    }
    unsetenv("LOADTOP_PASSWORD");
}

/* ---- targets.conf ---- */

/* host NULL: the unix socket `what`. A name that cannot be resolved is left to the engine. */
static int check_host(const struct rules *rules, struct scenario *s, const char *pool,
                      const char *host, const char *what, bool screen, struct err *err)
{
    const char *where = NULL;
    enum rule_verdict verdict = rules_judge(rules, host, &where, NULL);
    if (!where)
        where = "targets.conf";
    if (verdict == RULE_DENY)
        return err_set(err, ERR_REFUSED, "%s: %s is denied (%s)", pool, what, where);
    /* with a screen the engine waits until the name was typed there */
    if (verdict != RULE_PROTECT || screen || confirm_lists(s->limits.confirm, what))
        return 0;
    return err_set(err, ERR_REFUSED, "%s: %s is protected (%s): --confirm '%s' loads it", pool,
                   what, where, what);
}

static bool networked(const struct scenario *s)
{
    for (unsigned i = 0; i < s->pools; i++)
        if (s->pool[i]->target.hosts)
            return true;
    return false;
}

static void warn_unknown(const struct rules *rules)
{
    for (const char *line = rules_unknown(rules); *line;) {
        size_t len = strcspn(line, "\n");
        complain("%.*s: no address is known for it now, so it holds for the name only", (int)len,
                 line);
        line += len + (line[len] != '\0');
    }
}

int access_check(struct scenario *s, bool screen, struct err *err)
{
    int bad = 0;
    struct rules *rules = rules_load(err);
    if (!rules)
        return err->code;
    for (unsigned i = 0; i < s->pools; i++) {
        const struct target *t = &s->pool[i]->target;
        for (unsigned h = 0; h < t->hosts && !bad; h++)
            bad = check_host(rules, s, s->pool[i]->name, t->host[h].name, t->host[h].name, screen,
                             err);
        if (!bad && !t->hosts && strstr(t->scheme, "+unix"))
            bad = check_host(rules, s, s->pool[i]->name, NULL, t->path, screen, err);
    }
    if (!bad && networked(s))
        warn_unknown(rules);
    rules_free(rules);
    return bad;
}
