/* See dial.h. Values are always parsed through pool_option_table, so that all ways of setting a
 * dial accept the same values. */
#include "engine/config/dial.h"

#include "engine/base/err.h"
#include "engine/base/quantity.h"
#include "engine/base/text.h"
#include "engine/config/option.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const struct dial_spec dial_table[DIALS] = {
    [DIAL_THREADS] = {POOL_THREADS, VERB_THREADS, NULL, "1,2,4,8", true, true},
    [DIAL_CLIENTS] = {POOL_CLIENTS, VERB_CLIENTS, NULL, "1,2,4,8,16", true, true},
    [DIAL_CONNECTIONS] = {POOL_CONNECTIONS, VERB_CONNECTIONS, "auto", "1,2,4,8", true, false},
    [DIAL_DEPTH] = {POOL_DEPTH, VERB_DEPTH, "auto", "1,4,16,64", true, false},
    [DIAL_RATE] = {POOL_RATE, VERB_RATE, "off", "1k,2k,5k,10k", false, false},
    [DIAL_PATTERN] = {POOL_PATTERN, VERB_PATTERN, NULL, "sync,batch,queue,chain", false, false},
    [DIAL_OPS] = {POOL_OPS, VERB_OPS, NULL, NULL, false, false},
    [DIAL_THINK] = {POOL_THINK, VERB_SET, NULL, NULL, false, false},
    [DIAL_ARRIVAL] = {POOL_ARRIVAL, VERB_SET, NULL, NULL, false, false},
};

const struct option_spec *dial_option(enum dial d)
{
    return &pool_option_table[dial_table[d].option];
}

int dial_find(const char *name)
{
    for (int d = 0; d < DIALS; d++)
        if (strcmp(dial_option((enum dial)d)->name, name) == 0)
            return d;
    return -1;
}

int dial_of_verb(enum verb verb)
{
    for (int d = 0; d < DIALS; d++)
        if (dial_table[d].verb == verb && verb != VERB_SET)
            return d;
    return -1;
}

bool dial_is_amount(enum dial d)
{
    return d <= DIAL_RATE;
}

bool dial_is_plain_set(enum dial d)
{
    return dial_table[d].verb == VERB_SET;
}

double dial_get(const struct load *load, enum dial d)
{
    switch (d) {
    case DIAL_THREADS:
        return load->threads;
    case DIAL_CLIENTS:
        return load->clients;
    case DIAL_CONNECTIONS:
        return load->connections;
    case DIAL_DEPTH:
        return load->depth;
    case DIAL_RATE:
        return load->rate_per_s;
    case DIAL_PATTERN:
        return load->pattern;
    case DIAL_THINK:
        return (double)load->think_ns;
    case DIAL_ARRIVAL:
        return load->arrival;
    default:
        return NAN;
    }
}

void dial_put(struct load *load, enum dial d, double v)
{
    uint32_t n = (uint32_t)llround(fmin(v, UINT32_MAX));
    switch (d) {
    case DIAL_THREADS:
        load->threads = n;
        break;
    case DIAL_CLIENTS:
        load->clients = n;
        break;
    case DIAL_CONNECTIONS:
        load->connections = n;
        break;
    case DIAL_DEPTH:
        load->depth = n;
        break;
    case DIAL_RATE:
        load->rate_per_s = v;
        break;
    case DIAL_PATTERN:
        load->pattern = (enum pattern)n;
        break;
    case DIAL_THINK:
        load->think_ns = (uint64_t)llround(v);
        break;
    case DIAL_ARRIVAL:
        load->arrival = (enum arrival)n;
        break;
    default:
        break;
    }
}

int dial_read(struct load *load, enum dial d, const char *value, struct err *err)
{
    struct options o;
    double v = 0;
    enum pool_option i = dial_table[d].option;
    if (d == DIAL_OPS)
        return 0;
    if (dial_table[d].unset && strcmp(value, dial_table[d].unset) == 0) {
        dial_put(load, d, 0);
        return 0;
    }
    options_init(&o, pool_option_table);
    int bad = options_set(&o, pool_option_table[i].name, value, ORIGIN_ARGV, false, err);
    if (!bad)
        bad = pool_options_check(&o, err);
    if (!bad && d == DIAL_RATE)
        bad = parse_rate(value, &v);
    if (!bad)
        dial_put(load, d, d == DIAL_RATE ? v : (double)option_u64(&o, i));
    options_fini(&o);
    return bad;
}

int dial_set_amount(struct load *load, enum dial d, double v, struct err *err)
{
    char text[40];
    struct load read = *load;
    snprintf(text, sizeof text, d == DIAL_RATE ? "%.10g" : "%.0f", v);
    int bad = dial_read(&read, d, text, err);
    /* set the exact value, because the text of a rate has fewer digits */
    if (!bad)
        dial_put(load, d, v);
    return bad;
}

char *dial_text(const struct load *load, enum dial d, char *buf, size_t size)
{
    double v = dial_get(load, d);
    if (d == DIAL_OPS)
        copy_str(buf, size, "");
    else if (dial_table[d].unset && v <= 0)
        copy_str(buf, size, dial_table[d].unset);
    else if (d == DIAL_RATE)
        snprintf(buf, size, "%.10g/s", v);
    else if (d == DIAL_PATTERN)
        copy_str(buf, size, pattern_name(load->pattern));
    else if (d == DIAL_ARRIVAL)
        copy_str(buf, size, load->arrival == ARRIVAL_POISSON ? "poisson" : "constant");
    else if (d == DIAL_THINK)
        format_exact_duration(buf, size, load->think_ns);
    else
        snprintf(buf, size, "%.0f", v);
    return buf;
}
