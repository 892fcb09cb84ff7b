/* See command_log.h. */
#include "engine/state/command_log.h"

#include "engine/base/err.h"
#include "engine/base/secret.h"
#include "engine/config/command_text.h"
#include "engine/state/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *copy(const char *text)
{
    char *c = strdup(text);
    if (!c)
        abort();
    return c;
}

static void forget(struct kept_command *k)
{
    free(k->text);
    free(k->why);
    *k = (struct kept_command){0};
}

void command_log_init(struct command_log *log)
{
    pthread_mutex_init(&log->lock, NULL);
}

void command_log_fini(struct command_log *log)
{
    struct command_log_shared *shared = command_log_lock(log);
    for (unsigned i = 0; i < COMMANDS_KEPT; i++)
        forget(&shared->kept[i]);
    command_log_unlock(log);
    for (struct undo *u; (u = command_log_take_undo(log));)
        undo_free(u);
    pthread_mutex_destroy(&log->lock);
}

struct command_log_shared *command_log_lock(struct command_log *log)
{
    pthread_mutex_lock(&log->lock);
    return &log->under_lock;
}

void command_log_unlock(struct command_log *log)
{
    pthread_mutex_unlock(&log->lock);
}

uint64_t command_log_add(struct command_log *log, const struct command *c, enum origin by,
                         uint64_t now_ns)
{
    char text[COMMAND_LINE_MAX];
    command_shown(c, text, sizeof text);
    struct command_log_shared *shared = command_log_lock(log);
    uint64_t ticket = ++shared->sent;
    struct kept_command *k = &shared->kept[ticket % COMMANDS_KEPT];
    forget(k);
    *k = (struct kept_command){.ticket = ticket,
                               .sent_ns = now_ns,
                               .by = by,
                               .result = COMMAND_WAITING,
                               .text = copy(text)};
    command_log_unlock(log);
    return ticket;
}

/* Finds a command by its ticket. NULL: it is not kept, or not any more. */
static struct kept_command *find(struct command_log_shared *shared, uint64_t ticket)
{
    struct kept_command *k = &shared->kept[ticket % COMMANDS_KEPT];
    return ticket && k->ticket == ticket ? k : NULL;
}

void command_log_close(struct command_log *log, uint64_t ticket, enum command_result result,
                       const char *why)
{
    struct kept_command *k = find(command_log_lock(log), ticket);
    if (k)
        k->result = result;
    if (k && *why) {
        free(k->why);
        k->why = copy(why);
        secret_hide_places(k->why);
    }
    command_log_unlock(log);
}

enum command_result command_log_result(struct command_log *log, uint64_t ticket, struct err *why)
{
    const struct kept_command *k = find(command_log_lock(log), ticket);
    enum command_result result = k ? k->result : COMMAND_UNKNOWN;
    if (why)
        *why = (struct err){0};
    if (k && k->why)
        err_set(why, ERR_REFUSED, "%s", k->why);
    command_log_unlock(log);
    return result;
}

void command_log_keep_undo(struct command_log *log, uint64_t ticket, const struct pool *p,
                           const char *text)
{
    struct command_log_supervised *sup = command_log_sup(log);
    size_t size = strlen(text) + 1;
    struct undo *u = calloc(1, sizeof *u + size);
    if (!u)
        abort();
    u->ticket = ticket;
    u->pool = p->number;
    memcpy(u->name, p->spec.name, sizeof u->name);
    memcpy(u->text, text, size);
    if (sup->undos == UNDO_MAX) {
        undo_free(sup->undo[0]);
        memmove(sup->undo, sup->undo + 1, (UNDO_MAX - 1) * sizeof sup->undo[0]);
        sup->undos--;
    }
    sup->undo[sup->undos++] = u;
}

struct undo *command_log_take_undo(struct command_log *log)
{
    struct command_log_supervised *sup = command_log_sup(log);
    return sup->undos ? sup->undo[--sup->undos] : NULL;
}

void undo_free(struct undo *u)
{
    free(u);
}

void command_log_show_undo(struct command_log *log, char *buf, size_t size)
{
    struct command_log_supervised *sup = command_log_sup(log);
    const struct undo *u = sup->undos ? sup->undo[sup->undos - 1] : NULL;
    snprintf(buf, size, "%s%s%s", u ? u->name : "", u ? " " : "", u ? u->text : "");
}
