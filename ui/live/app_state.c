/* Actions shared by the parts of the dashboard; see app_state.h. */
#include "ui/live/app_state.h"

#include <stdarg.h>
#include <stdio.h>

#include "engine/base/secret.h"

#define NOTICE_S 6.0

const struct pool_snapshot *app_pool(const struct app *a)
{
    const struct pool_snapshot *shown = screen_pool(&a->sc, app_shown(a));

    /* The display may be frozen, but keys act on the newest snapshot. */
    for (unsigned i = 0; shown && i < a->live->pools; i++)
        if (a->live->pool[i].number == shown->number)
            return &a->live->pool[i];
    return NULL;
}

void app_notice(struct app *a, enum role role, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(a->sc.notice, sizeof a->sc.notice, fmt, ap);
    va_end(ap);
    secret_hide_places(a->sc.notice);
    a->sc.notice_role = role;
    a->sc.notice_until = a->sc.clock + NOTICE_S;
    a->dirty = true;
}

void app_send(struct app *a, enum origin by, const char *fmt, ...)
{
    struct err err = {0};
    char buf[COMMAND_TEXT_MAX + 512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(buf, sizeof buf, fmt, ap);
    va_end(ap);
    a->ticket = engine_send_text(a->engine, buf, by, &err);
    if (a->ticket < 0)
        app_notice(a, ROLE_ALERT, "%s", err.msg);
}

void app_pause_all(struct app *a)
{
    app_send(a, BY_KEY, "pause all");
}

void app_quit(struct app *a)
{
    engine_end(a->engine, END_DRAIN, END_BY_USER);
    a->quit = true;
}
