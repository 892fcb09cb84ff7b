/* Questions; see ask.h. */
#include "ui/live/ask.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/quantity.h"
#include "engine/base/text.h"
#include "ui/live/app_state.h"
#include "ui/widgets/field.h"

#define QUESTION_MAX 440 /* room for the text about the pools in a question */

void act_ask(struct app *a, enum question question, const char *fmt, ...)
{
    va_list ap;

    a->sc.question = question;
    a->sc.mode = MODE_ASK;
    va_start(ap, fmt);
    vsnprintf(a->sc.question_text, sizeof a->sc.question_text, fmt, ap);
    va_end(ap);
}

/* Describes the target: "redis://db1:6379 at 10.0.0.7:6379: Redis 7.0.15, 12,345 items, 3 other
 * clients". */
static void describe_target(struct text *t, const struct pool_snapshot *p)
{
    char number[32];

    text_add(t, "%s %.200s", p->name, p->target);
    if (p->server.address[0] && !strstr(p->target, p->server.address))
        text_add(t, " at %s", p->server.address);
    if (p->room_why[0])
        text_add(t, " (%s)", p->room_why);
    if (p->state != POOL_PAUSED) {
        text_add(t, " (not reached yet)");
        return;
    }
    text_add(t, ": %s", p->server.version[0] ? p->server.version : "version not known");
    if (p->server.data_items >= 0)
        text_add(t, ", %s item%s",
                 format_count(number, sizeof number, (uint64_t)p->server.data_items),
                 p->server.data_items == 1 ? "" : "s");
    if (p->server.data_bytes >= 0)
        text_add(t, ", %s", format_bytes(number, sizeof number, (double)p->server.data_bytes));
    if (p->server.data_items < 0 && p->server.data_bytes < 0)
        text_add(t, ", size not known");
    if (p->server.other_clients >= 0)
        text_add(t, ", %lld other client%s", (long long)p->server.other_clients,
                 p->server.other_clients == 1 ? "" : "s");
    else
        text_add(t, ", other clients not known");
    text_add(t, "; load: %u thread%s x %u client%s", p->load.threads,
             p->load.threads == 1 ? "" : "s", p->load.clients, p->load.clients == 1 ? "" : "s");
}

/* A hash that distinguishes successive protected names of the same pool. */
static unsigned name_mark(const char *name)
{
    unsigned h = 2166136261U; /* FNV-1a */
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 16777619U;
    return h ? h : 1;
}

void app_ask_name(struct app *a, const struct pool_snapshot *p)
{
    a->name_asked[p->number] = name_mark(p->guard);
    copy_str(a->sc.question_host, sizeof a->sc.question_host, p->guard);
    field_set(&a->sc.input, "");
    a->sc.input.secret = false;
    a->sc.input_error[0] = '\0';
    act_ask(a, ASK_PROTECTED,
            "Pool %u, %s: %.120s is protected (%.120s). No load was sent to it. To "
            "load it, type its name:",
            p->number, p->name, p->guard, p->guard_rule);
}

static bool waits_for_yes(const struct pool_snapshot *p)
{
    return p->awaiting_consent && !p->guard[0] && p->state == POOL_PAUSED;
}

/* Adds a pool to the question. False: it is full, and the pool is asked about in the next one. */
static bool add_question(struct app *a, struct text *list, const struct pool_snapshot *p)
{
    struct text one = {.limit = QUESTION_MAX - 2};

    describe_target(&one, p);
    bool fits =
        !list->len || (a->questions < QUESTIONS_MAX && list->len + one.len + 2 < QUESTION_MAX);
    if (fits) {
        text_add(list, "%s%s", list->len ? "; " : "", text_str(&one));
        a->question[a->questions++] = (struct first_load){p->number, p->consent_epoch};
        a->asked[p->number] = p->consent_epoch;
    }
    text_free(&one);
    return fits;
}

static void ask(struct app *a, const struct text *list)
{
    act_ask(a, ASK_FIRST_LOAD, "This loads what is not on this machine: %s. Start the load?",
            text_str(list));
}

void app_ask_first(struct app *a, const struct pool_snapshot *only)
{
    struct text list = {.limit = QUESTION_MAX};
    bool room = true;

    a->questions = 0;
    for (unsigned i = 0; i < a->live->pools && room; i++) {
        const struct pool_snapshot *p = &a->live->pool[i];
        bool wanted = only ? p == only : a->asked[p->number] != p->consent_epoch;

        if (wanted && waits_for_yes(p))
            room = add_question(a, &list, p);
    }
    if (list.len)
        ask(a, &list);
    text_free(&list);
}

/* Updates the question with new information on its pools; adds no other pool. */
static void renew_question(struct app *a)
{
    struct text list = {.limit = QUESTION_MAX};

    for (unsigned k = 0; k < a->questions; k++)
        for (unsigned i = 0; i < a->live->pools; i++)
            if (a->live->pool[i].number == a->question[k].pool) {
                text_add(&list, "%s", list.len ? "; " : "");
                describe_target(&list, &a->live->pool[i]);
            }
    if (list.len)
        ask(a, &list);
    text_free(&list);
}

/* Forgets the question, so that its pools are asked about again if they still wait. */
static void forget_question(struct app *a)
{
    for (unsigned k = 0; k < a->questions; k++)
        a->asked[a->question[k].pool] = 0;
    a->questions = 0;
}

static bool still_asked(const struct app *a)
{
    for (unsigned k = 0; k < a->questions; k++)
        for (unsigned i = 0; i < a->live->pools; i++)
            if (a->live->pool[i].number == a->question[k].pool && waits_for_yes(&a->live->pool[i]))
                return true;
    return false;
}

void ask_update(struct app *a)
{
    bool fresh = false;

    for (unsigned i = 0; i < a->live->pools; i++) {
        const struct pool_snapshot *p = &a->live->pool[i];

        if (p->guard[0] && a->sc.mode == MODE_VIEW &&
            a->name_asked[p->number] != name_mark(p->guard))
            app_ask_name(a, p);
        fresh = fresh || (waits_for_yes(p) && a->asked[p->number] != p->consent_epoch);
    }
    bool asking = a->sc.mode == MODE_ASK && a->sc.question == ASK_FIRST_LOAD;
    /* a pool of the question has ended, or does not wait any more */
    if (asking && !still_asked(a)) {
        a->sc.mode = MODE_VIEW;
        a->sc.question = ASK_NONE;
        forget_question(a);
    } else if (asking)
        renew_question(a);
    else if (fresh && a->sc.mode == MODE_VIEW)
        app_ask_first(a, NULL);
}
