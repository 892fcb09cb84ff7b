/* Parser of the command language.
 *
 * The text after the verb is read word by word or, for free text, as the rest of the line. A first
 * word that is a verb is always taken as the verb, so a pool named like a verb must be given by its
 * number ("3 threads 8"). Everything that can be checked without knowing the pools (ranges, units,
 * patterns) is checked here, so that a wrong --at is an error at the start of the run and not hours
 * later. command_text.c is the inverse. */
#include "engine/config/command.h"

#include "engine/base/err.h"
#include "engine/base/text.h"
#include "engine/base/quantity.h"
#include "engine/config/dial.h"
#include "engine/config/sweep_spec.h"
#include "engine/config/verb.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES (COMMAND_TEXT_MAX + 128)
#define WORDS_MAX 256

struct reader {
    char line[LINE_MAX_BYTES];
    const char *word[WORDS_MAX];
    size_t len[WORDS_MAX];
    unsigned words, next;
    unsigned *column; /* offset of the wrong word */
    struct err *err;
};

static const struct verb_help *find_verb(const char *name, size_t len)
{
    for (const struct verb_help *v = verb_table; v->name; v++)
        if (strlen(v->name) == len && strncmp(v->name, name, len) == 0)
            return v;
    return NULL;
}

static const struct verb_help *verb_row(enum verb verb)
{
    for (const struct verb_help *v = verb_table; v->name; v++)
        if (v->verb == verb)
            return v;
    return NULL;
}

static bool takes_pool_before(enum verb verb)
{
    return verb <= VERB_START;
}

static int split(struct reader *r, const char *text)
{
    size_t len = strlen(text);
    if (len >= sizeof r->line)
        return err_set(r->err, ERR_USAGE, "a command has at most %d characters",
                       LINE_MAX_BYTES - 1);
    for (size_t i = 0; i <= len; i++) {
        unsigned char c = (unsigned char)text[i];
        r->line[i] = c && (c < 0x20 || c == 0x7f) ? ' ' : (char)c;
    }
    while (len && r->line[len - 1] == ' ')
        r->line[--len] = '\0';
    for (const char *at = r->line; *at;) {
        at += strspn(at, " ");
        size_t word_len = strcspn(at, " ");
        if (!word_len)
            break;
        if (r->words == WORDS_MAX)
            return err_set(r->err, ERR_USAGE, "a command has at most %d words", WORDS_MAX);
        r->word[r->words] = at;
        r->len[r->words++] = word_len;
        at += word_len;
    }
    if (r->word[0])
        return 0;
    return err_set(r->err, ERR_USAGE, "an empty command (threads +1, pause all, help commands)");
}

static void point_at(struct reader *r, unsigned word)
{
    if (r->column)
        *r->column =
            word < r->words ? (unsigned)(r->word[word] - r->line) : (unsigned)strlen(r->line);
}

/* The next word in buf, or "" when there is none. */
static const char *take(struct reader *r, char *buf, size_t size)
{
    buf[0] = '\0';
    point_at(r, r->next);
    if (r->next < r->words) {
        size_t len = r->len[r->next];
        copy_part(buf, size, r->word[r->next], len);
        /* A truncated word must not be accepted as a shorter, valid one. */
        if (len >= size)
            copy_str(buf + size - 4, 4, "...");
        r->next++;
    }
    return buf;
}

static bool word_is(const struct reader *r, unsigned i, const char *word)
{
    return i < r->words && strlen(word) == r->len[i] && strncmp(r->word[i], word, r->len[i]) == 0;
}

static bool next_is(const struct reader *r, const char *word)
{
    return word_is(r, r->next, word);
}

static int wrong_word(struct reader *r, const char *word, const char *allowed,
                      const char *const *names)
{
    const char *near = names ? nearest_name(word, names) : NULL;
    char shown[61];
    secret_masked(word, shown, sizeof shown);
    return err_set(r->err, ERR_USAGE, "'%s': %s%s%s%s", shown, allowed,
                   near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
}

static int read_end(struct reader *r, const struct command *c)
{
    char word[64];
    if (r->next >= r->words)
        return 0;
    take(r, word, sizeof word);
    return err_set(r->err, ERR_USAGE, "'%.60s' is not expected here; the form is: %s", word,
                   verb_row(c->verb)->form);
}

/* The rest of the line, unchanged. */
static int read_rest(struct reader *r, struct command *c, bool required)
{
    point_at(r, r->next);
    if (r->next >= r->words) {
        if (!required)
            return 0;
        const struct verb_help *v = verb_row(c->verb);
        return err_set(r->err, ERR_USAGE, "%s: something is missing; the form is: %s", v->name,
                       v->form);
    }
    const char *rest = r->word[r->next];
    bool may_be_long = c->verb == VERB_ADD || c->verb == VERB_SET || c->verb == VERB_OPS;
    size_t most = may_be_long ? sizeof c->text : COMMAND_SHORT_MAX;
    if (strlen(rest) >= most)
        return err_set(r->err, ERR_USAGE, "%s: its text is too long, at most %zu characters",
                       verb_row(c->verb)->name, most - 1);
    copy_str(c->text, sizeof c->text, rest);
    r->next = r->words;
    return 0;
}

static int read_pool(struct reader *r, struct command *c, unsigned word)
{
    if (r->len[word] >= sizeof c->pool) {
        point_at(r, word);
        return err_set(r->err, ERR_USAGE, "'%.40s...' is too long for a pool's name",
                       r->word[word]);
    }
    copy_part(c->pool, sizeof c->pool, r->word[word], r->len[word]);
    return 0;
}

static int bad_amount(struct reader *r, const struct command *c, const char *word, const char *why)
{
    return err_set(r->err, ERR_USAGE, "%s %.60s: %s", verb_row(c->verb)->name, *word ? word : "''",
                   why);
}

/* A value to set must be within the dial's range; of a step only the size can be checked here. */
static int check_range(struct reader *r, struct command *c, const char *word)
{
    struct load load;
    enum dial d = (enum dial)dial_of_verb(c->verb);
    double most = dial_option(d)->max;
    if (c->kind == AMOUNT_SET) {
        int bad = dial_read(&load, d, word, r->err);
        /* 0, allowed for connections only: as many as the clients need */
        if (!bad && c->amount <= 0)
            c->kind = AMOUNT_AUTO;
        return bad;
    }
    if (d == DIAL_RATE)
        return rate_in_range(c->amount)
                   ? 0
                   : bad_amount(r, c, word, "out of range, allowed " RATE_RANGE);
    if (c->amount > most) {
        char why[80];
        snprintf(why, sizeof why, "out of range, allowed 0 to %.0f", most);
        return bad_amount(r, c, word, why);
    }
    return 0;
}

/* N without its sign. */
static int read_size(struct reader *r, struct command *c, const char *word, const char *number)
{
    if (c->kind == AMOUNT_MUL || c->kind == AMOUNT_DIV) {
        if (parse_real(number, &c->amount) || c->amount <= 0 || c->amount > 1e6)
            return bad_amount(r, c, word, "a factor is a number above 0, up to 1000000");
        return 0;
    }
    uint64_t n;
    if (c->verb == VERB_RATE && parse_rate(number, &c->amount))
        return bad_amount(r, c, word, "not a rate (5000/s, 10k/s, +1k/s, *2, off)");
    if (c->verb != VERB_RATE && parse_count(number, &n))
        return bad_amount(r, c, word, "not a whole number (64, +10, -1, *2, /2)");
    if (c->verb != VERB_RATE)
        c->amount = (double)n;
    return check_range(r, c, word);
}

static int read_over(struct reader *r, struct command *c)
{
    char word[64];
    if (!next_is(r, "over"))
        return read_end(r, c);
    r->next++;
    take(r, word, sizeof word);
    if (parse_duration(word, &c->over_ns))
        return wrong_word(r, word, "after 'over' a duration with its unit is expected (60s, 5m)",
                          NULL);
    return read_end(r, c);
}

static int read_amount(struct reader *r, struct command *c)
{
    static const struct {
        char sign;
        enum amount_kind kind;
    } signs[] = {{'+', AMOUNT_ADD}, {'-', AMOUNT_SUB}, {'*', AMOUNT_MUL}, {'/', AMOUNT_DIV}};
    char word[64];
    take(r, word, sizeof word);
    const char *unset = dial_table[dial_of_verb(c->verb)].unset;
    if (unset && strcmp(word, unset) == 0) {
        c->kind = c->verb == VERB_RATE ? AMOUNT_OFF : AMOUNT_AUTO;
        return read_end(r, c);
    }
    const char *number = word;
    c->kind = AMOUNT_SET;
    for (unsigned i = 0; i < sizeof signs / sizeof *signs; i++)
        if (*word == signs[i].sign) {
            c->kind = signs[i].kind;
            number = word + 1;
        }
    int bad = read_size(r, c, word, number);
    if (bad)
        return bad;
    return c->kind == AMOUNT_AUTO ? read_end(r, c) : read_over(r, c);
}

static int read_pattern(struct reader *r, struct command *c)
{
    char word[64];
    struct load load = {0};
    int bad = dial_read(&load, DIAL_PATTERN, take(r, word, sizeof word), r->err);
    c->pattern = load.pattern;
    return bad ? bad : read_end(r, c);
}

/* MIX; blanks after its commas are accepted. */
static int read_ops(struct reader *r, struct command *c)
{
    int bad = read_rest(r, c, true);
    char *to = c->text;
    for (const char *from = c->text; !bad && *from; from++)
        if (*from != ' ')
            *to++ = *from;
    if (!bad)
        *to = '\0';
    return bad;
}

static int read_set(struct reader *r, struct command *c)
{
    if (r->next < r->words && r->len[r->next] >= sizeof c->option) {
        point_at(r, r->next);
        return err_set(r->err, ERR_USAGE, "'%.40s...' is too long for an option's name",
                       r->word[r->next]);
    }
    take(r, c->option, sizeof c->option);
    return read_rest(r, c, true);
}

static int read_remove(struct reader *r, struct command *c)
{
    if (r->next >= r->words) {
        point_at(r, r->next);
        return err_set(r->err, ERR_USAGE, "remove: which pool? (remove redis, remove 2)");
    }
    int bad = read_pool(r, c, r->next++);
    return bad ? bad : read_end(r, c);
}

/* Is the next word, which has a meaning of its own after `sweep`, the name of a pool? It is where what
 * follows is the sweep of a pool: a VAR=LIST, for `capacity` one that is no range of its search. */
static bool is_pool_of_sweep(const struct reader *r)
{
    static const char *const of_capacity[] = {"from=", "to=", "hold="};
    bool capacity = next_is(r, "capacity");
    if (word_is(r, r->next + 1, "capacity") || word_is(r, r->next + 1, "resume"))
        return true;
    for (unsigned i = r->next + 1; i < r->words; i++) {
        bool own = false;
        for (unsigned o = 0; o < 3 && capacity; o++)
            own = own || strncmp(r->word[i], of_capacity[o], strlen(of_capacity[o])) == 0;
        if (!own && memchr(r->word[i], '=', r->len[i]))
            return true;
    }
    return false;
}

static int read_sweep(struct reader *r, struct command *c)
{
    struct sweep_spec spec = {0};
    unsigned at = 0;
    bool word = next_is(r, "stop") || next_is(r, "capacity") || next_is(r, "resume");
    bool pool = is_pool_of_sweep(r);
    if (next_is(r, "stop") && !pool) {
        c->verb = VERB_SWEEP_STOP;
        r->next++;
        return read_end(r, c);
    }
    if (r->next < r->words && (word ? pool : !memchr(r->word[r->next], '=', r->len[r->next]))) {
        int bad = read_pool(r, c, r->next++);
        if (bad)
            return bad;
    }
    unsigned first = r->next;
    int bad = read_rest(r, c, true);
    if (bad)
        return bad;
    bad = sweep_spec_read(&spec, c->text, r->err, &at);
    if (bad && r->column)
        *r->column = (unsigned)(r->word[first] - r->line) + at;
    return bad;
}

static int read_arguments(struct reader *r, struct command *c)
{
    int d = dial_of_verb(c->verb);
    if (d >= 0 && dial_is_amount((enum dial)d))
        return read_amount(r, c);
    switch (c->verb) {
    case VERB_PATTERN:
        return read_pattern(r, c);
    case VERB_OPS:
        return read_ops(r, c);
    case VERB_SET:
        return read_set(r, c);
    case VERB_REMOVE:
        return read_remove(r, c);
    case VERB_SWEEP:
        return read_sweep(r, c);
    case VERB_ADD:
    case VERB_THEME:
        return read_rest(r, c, true);
    case VERB_MARK:
    case VERB_SCREENSHOT:
    case VERB_REPORT:
    case VERB_BASELINE:
        return read_rest(r, c, false);
    case VERB_PAUSE:
    case VERB_RESUME:
        if (!c->pool[0] && next_is(r, "all")) {
            c->verb = c->verb == VERB_PAUSE ? VERB_PAUSE_ALL : VERB_RESUME_ALL;
            r->next++;
        }
        return read_end(r, c);
    default:
        return read_end(r, c);
    }
}

static int unknown_verb(struct reader *r)
{
    const char *names[VERBS + 1];
    struct text list = {.limit = 200};
    unsigned n = 0;
    for (const struct verb_help *v = verb_table; v->name; v++)
        if (!strchr(v->name, ' ')) {
            text_add(&list, "%s%s", n ? " " : "", v->name);
            names[n++] = v->name;
        }
    names[n] = NULL;
    char word[64] = "";
    const char *near = NULL;
    /* "redis thread 4": the second word may be the mistyped verb. */
    for (unsigned i = r->words > 1 ? 2 : 1; i-- > 0 && !near;) {
        r->next = i;
        take(r, word, sizeof word);
        near = nearest_name(word, names);
    }
    if (near)
        err_set(r->err, ERR_USAGE, "unknown command '%.60s' (did you mean '%s'?)", word, near);
    else
        err_set(r->err, ERR_USAGE, "unknown command '%.40s', allowed: %s%s", word, text_str(&list),
                list.cut ? "..." : "");
    text_free(&list);
    return ERR_USAGE;
}

int command_parse(struct command *c, const char *text, struct err *err, unsigned *at_column)
{
    struct reader r = {.column = at_column, .err = err};
    *c = (struct command){0};
    if (at_column)
        *at_column = 0;
    int bad = split(&r, text);
    if (bad || !r.word[0])
        return bad;
    const struct verb_help *v = find_verb(r.word[0], r.len[0]);
    r.next = 1;
    if (!v && r.word[1]) {
        v = find_verb(r.word[1], r.len[1]);
        if (v && !takes_pool_before(v->verb)) {
            point_at(&r, 0);
            return err_set(err, ERR_USAGE, "'%.*s' is not expected before %s; the form is: %s",
                           (int)(r.len[0] < 60 ? r.len[0] : 60), r.word[0], v->name, v->form);
        }
        bad = v ? read_pool(&r, c, 0) : 0;
        r.next = 2;
    }
    if (bad)
        return bad;
    if (!v)
        return unknown_verb(&r);
    c->verb = v->verb;
    return read_arguments(&r, c);
}
