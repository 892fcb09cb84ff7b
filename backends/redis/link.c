/* Requests and replies on a blocking link; see the header. Called by hello.c, on the pool's thread or
 * a front end's. */
#include "backends/redis/link.h"

#include "backends/common/link.h"
#include "backends/redis/types.h"
#include "engine/base/text.h"

#ifdef LOADTOP_HAVE_HIREDIS

#include <hiredis/hiredis.h>
#include <stdlib.h>

/* Limits of one reply, including nested arrays. */
#define REPLY_BYTES_MAX ((size_t)1 << 20) /* INFO takes some 10 KB, 500 marks 100 KB */
#define REPLY_ELEMENTS_MAX 20000
#define REPLY_DEPTH_MAX 4

struct redis_link {
    struct link link;
    bool broken;     /* a reply was invalid or too large: the link is unusable */
    size_t elements; /* elements of the arrays in the current reply */
    bool too_many;   /* more or deeper arrays than allowed */
    bool too_large;  /* more bytes, or too_many */
    redisReader *reader;
    redisReplyObjectFunctions *functions, bounded;
};

/* hiredis allocates as many elements as an array announces: limit them here. */
#if HIREDIS_MAJOR >= 1
static void *make_array(const redisReadTask *task, size_t n)
#else
static void *make_array(const redisReadTask *task, int n)
#endif
{
    struct redis_link *l = task->privdata;
    unsigned depth = 1;
    for (const redisReadTask *t = task; t->parent; t = t->parent)
        depth++;
    l->too_many = depth > REPLY_DEPTH_MAX || n > REPLY_ELEMENTS_MAX ||
                  (l->elements += (size_t)n) > REPLY_ELEMENTS_MAX;
    return l->too_many ? NULL : l->functions->createArray(task, n);
}

static redisReader *make_reader(struct redis_link *l)
{
    redisReader *r = redisReaderCreate();
    if (!r)
        return NULL;
    l->functions = r->fn;
    l->bounded = *r->fn;
    l->bounded.createArray = make_array;
    r->fn = &l->bounded;
    r->privdata = l;
    return r;
}

struct redis_link *redis_link_open(const struct link_setup *setup, const struct address *a,
                                   uint64_t deadline_ns, struct err *err)
{
    struct redis_link *l = calloc(1, sizeof *l);
    if (!l) {
        err_set(err, ERR_FAILED, "%s: out of memory", setup->shown);
        return NULL;
    }
    l->link = (struct link)LINK_NONE;
    l->reader = make_reader(l);
    if (!l->reader)
        err_set(err, ERR_FAILED, "%s: out of memory", setup->shown);
    else if (link_open(&l->link, setup, a, deadline_ns, err) == 0)
        return l;
    redis_link_free(l);
    return NULL;
}

void redis_link_free(struct redis_link *l)
{
    if (!l)
        return;
    link_close(&l->link);
    if (l->reader)
        redisReaderFree(l->reader);
    free(l);
}

void redis_link_keep(struct redis_link *l)
{
    l->link.pool = NULL;
}

bool redis_link_closed(const struct redis_link *l)
{
    return l->link.closed;
}

bool redis_link_too_large(const struct redis_link *l)
{
    return l->too_large;
}

bool redis_link_quiet(struct redis_link *l)
{
    char in[64];
    return link_poll(&l->link, in, sizeof in, NULL) == 0;
}

int redis_link_send(struct redis_link *l, const char *bytes, size_t n, uint64_t deadline_ns,
                    struct err *err)
{
    return link_send(&l->link, bytes, n, deadline_ns, err);
}

/* Does a reply exceed the limit with the bytes received and still announced? */
static bool too_large(struct redis_link *l, size_t bytes, struct err *err)
{
    uint64_t says = resp_reader_awaits(l->reader);
    if (says <= REPLY_BYTES_MAX && bytes <= REPLY_BYTES_MAX)
        return false;
    l->too_large = true;
    err_set(err, ERR_FAILED, "%s: a reply of %s%llu bytes, and at most %zu are taken",
            l->link.shown, says > bytes ? "" : "more than ",
            (unsigned long long)(says > bytes ? says : bytes), REPLY_BYTES_MAX);
    return true;
}

/* Returns the next complete reply. NULL: there is none yet; or, with l->broken and err set, it is
 * invalid. */
static redisReply *next_reply(struct redis_link *l, struct err *err)
{
    void *reply = NULL;
    if (redisReaderGetReply(l->reader, &reply) == REDIS_OK)
        return reply;
    l->broken = true;
    l->too_large = l->too_many;
    if (l->too_many)
        err_set(err, ERR_FAILED, "%s: a reply of more than %d elements, or more than %d deep",
                l->link.shown, REPLY_ELEMENTS_MAX, REPLY_DEPTH_MAX);
    else
        err_set(err, ERR_FAILED, "%s: not a Redis server: %s", l->link.shown, l->reader->errstr);
    return NULL;
}

redisReply *redis_link_reply(struct redis_link *l, uint64_t deadline_ns, struct err *err)
{
    char in[16384];
    l->elements = 0;
    for (size_t bytes = 0;;) {
        redisReply *reply = next_reply(l, err);
        if (reply || l->broken || too_large(l, bytes, err))
            return reply;
        ssize_t got = link_receive(&l->link, in, sizeof in, deadline_ns, err);
        if (got < 0)
            return NULL;
        bytes += (size_t)got;
        redisReaderFeed(l->reader, in, (size_t)got);
    }
}

redisReply *redis_link_ask(struct redis_link *l, unsigned n, const char *const *words,
                           uint64_t deadline_ns, struct err *err)
{
    struct text command = {0};
    redisReply *reply = NULL;
    redis_words(&command, n, words);
    if (redis_link_send(l, text_str(&command), command.len, deadline_ns, err) == 0)
        reply = redis_link_reply(l, deadline_ns, err);
    text_free(&command);
    return reply;
}

int64_t redis_link_round_trip_ns(const struct redis_link *l)
{
    return net_round_trip_ns(l->link.stream.fd);
}

#endif
