/* Passwords and permission before a run: see access.h.
 *
 * The prompt reads byte by byte from the terminal itself, without echo and with the signal keys
 * off, so that Ctrl-C cannot leave a terminal without echo behind. Buffers are wiped. Called by
 * main and clean. */
#include "ui/access.h"

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

#include "engine/err.h"
#include "engine/protect.h"
#include "engine/scenario.h"
#include "engine/target.h"
#include "engine/text.h"
#include "ui/cli.h"
#include "ui/end_signal.h"

enum { KEY_INTERRUPT = 3, KEY_END = 4, KEY_KILL = 21, KEY_DELETE = 127 };

/* The line as typed. False when it was broken off. */
static bool read_hidden(int tty, char *buf, size_t size)
{
    size_t n = 0;
    char c;
    buf[0] = '\0';
    for (;;) {
        struct pollfd ready = {.fd = tty, .events = POLLIN};
        if (end_signal_waits()) /* it is let through once the terminal is as it was */
            return false;
        if (poll(&ready, 1, 100) == 0)
            continue;
        ssize_t got = read(tty, &c, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0 || c == KEY_INTERRUPT || (c == KEY_END && n == 0))
            return false;
        if (c == '\n' || c == '\r' || c == KEY_END)
            return true;
        if (c == '\b' || c == KEY_DELETE)
            n -= n > 0;
        else if (c == KEY_KILL)
            n = 0;
        else if (n + 1 < size)
            buf[n++] = c;
        buf[n] = '\0';
    }
}

static int ask(char *buf, size_t size, struct err *err)
{
    static const char prompt[] = "Password: ";
    struct termios before, quiet;
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (tty < 0)
        return err_set(err, ERR_FAILED,
                       "--ask-password: there is no terminal to ask on (--password-file or "
                       "LOADTOP_PASSWORD work without one)");
    if (tcgetattr(tty, &before) < 0) {
        close(tty);
        return err_set(err, ERR_FAILED, "--ask-password: %s", strerror(errno));
    }
    sigset_t unheld;
    end_signals_hold(&unheld);
    quiet = before;
    quiet.c_lflag &= (tcflag_t) ~(ECHO | ICANON | ISIG);
    quiet.c_cc[VMIN] = 1;
    quiet.c_cc[VTIME] = 0;
    tcsetattr(tty, TCSAFLUSH, &quiet);
    bool typed = write(tty, prompt, sizeof prompt - 1) > 0 && read_hidden(tty, buf, size);
    tcsetattr(tty, TCSAFLUSH, &before);
    typed = write(tty, "\n", 1) == 1 && typed;
    close(tty);
    end_signals_let(&unheld);
    return typed ? 0 : err_set(err, ERR_FAILED, "--ask-password: broken off");
}

static int read_file(const char *file, char *buf, size_t size, struct err *err)
{
    FILE *f = fopen(file, "re");
    if (!f)
        return err_set(err, ERR_FAILED, "--password-file %s: %s", file, strerror(errno));
    setvbuf(f, NULL, _IONBF, 0); /* no copy in a buffer that is not wiped */
    if (!fgets(buf, (int)size, f))
        buf[0] = '\0';
    fclose(f);
    buf[strcspn(buf, "\r\n")] = '\0';
    if (!buf[0])
        return err_set(err, ERR_FAILED, "--password-file %s: its first line is empty", file);
    return 0;
}

/* From the first source that is there; buf "" when there is none. */
static int find_password(const struct cli *c, char *buf, size_t size, struct err *err)
{
    buf[0] = '\0';
    if (cli_flag(c, OWN_ASK_PASSWORD))
        return ask(buf, size, err);
    if (option_given(&c->own, OWN_PASSWORD_FILE))
        return read_file(cli_text(c, OWN_PASSWORD_FILE), buf, size, err);
    const char *env = getenv("LOADTOP_PASSWORD");
    if (env && strlen(env) >= size)
        return err_set(err, ERR_USAGE, "LOADTOP_PASSWORD: longer than %zu bytes", size - 1);
    copy_str(buf, size, env ? env : "");
    return 0;
}

/* A target without an address (the simulated service) has nobody to show a password to. */
static bool wants_password(const struct target *t)
{
    return !t->has_password && (t->hosts || t->path[0]);
}

static void give(struct target *t, const char *password)
{
    copy_str(t->password, sizeof t->password, password);
    t->has_password = true;
}

int access_password(const struct cli *c, struct target *t, struct err *err)
{
    char password[sizeof t->password];
    if (!wants_password(t))
        return 0;
    int bad = find_password(c, password, sizeof password, err);
    if (!bad && password[0])
        give(t, password);
    explicit_bzero(password, sizeof password);
    return bad;
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

static void star_out(char *at, size_t len)
{
    memset(at, '*', len);
}

/* "user:password@" of a URL, also of one inside a command. */
static void hide_password(char *word)
{
    char *body = strstr(word, "://");
    char *at = body ? strrchr(body, '@') : NULL;
    char *colon = at ? memchr(body + 3, ':', (size_t)(at - body - 3)) : NULL;
    if (colon)
        star_out(colon + 1, (size_t)(at - colon) - 1);
}

/* "?token=..." and "&kafka.sasl.password=..." of a URL's query. */
static void hide_query(char *word)
{
    for (char *at = strchr(word, '?'); at && *at; at += strcspn(at, "&")) {
        at++;
        size_t len = strcspn(at, "& "), name = strcspn(at, "=");
        if (name < len && option_name_is_secret(at, name))
            star_out(at + name + 1, len - name - 1);
    }
}

/* --token=..., or --token and the next word. True: the next word is a secret. */
static bool hide_flag(char *word, char *next)
{
    if (strncmp(word, "--", 2) != 0 || strncmp(word, "--password-file", 15) == 0 ||
        strcmp(word, "--ask-password") == 0)
        return false;
    size_t name = strcspn(word + 2, "=");
    if (!option_name_is_secret(word + 2, name))
        return false;
    if (word[2 + name])
        star_out(word + 3 + name, strlen(word + 3 + name));
    else if (next)
        star_out(next, strlen(next));
    return !word[2 + name];
}

void access_hide_arguments(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (hide_flag(argv[i], i + 1 < argc ? argv[i + 1] : NULL)) {
            i++;
            continue;
        }
        hide_password(argv[i]);
        hide_query(argv[i]);
    }
}

void access_hide_environment(void)
{
    char *password = getenv("LOADTOP_PASSWORD");
    if (password) /* unsetenv alone leaves it in /proc/PID/environ */
        explicit_bzero(password, strlen(password));
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
    /* With a screen its question asks for the name, and the engine waits for that. */
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
        fprintf(stderr,
                "loadtop: %.*s: no address is known for it now, so it holds for the name only\n",
                (int)len, line);
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
