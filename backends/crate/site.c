/* Blocking HTTP requests other than load: a pool's start, its figures, and clean.
 *
 * One easy handle is used for one request after another. A statement is tried on each host in turn,
 * starting with the one that answered last, so that a lost node does not stop the pool's figures.
 * Only hosts with a known cluster are used. Requests are never diverted: proxies and .netrc from
 * the environment and redirects are disabled. */
#if LOADTOP_HAVE_CURL && LOADTOP_HAVE_ZLIB
#include "backends/crate/site.h"

#include "backends/common/resolve.h"
#include "backends/common/tls_option.h"
#include "backends/crate/scheme.h"
#include "backends/crate/types.h"
#include "backends/crate_sql/error.h"
#include "engine/base/base64.h"
#include "engine/base/err.h"
#include "engine/base/secret.h"
#include "engine/base/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REPLY_MAX ((size_t)4 << 20)
/* most JSON values in a reply; a parsed value takes about 100 bytes */
#define REPLY_VALUES_MAX 100000u
#define IDENTIFY_MS 5000L
#define CONNECT_MS 3000L /* most of a request's time that connecting may take */
#define CLUSTER_MAX 1024 /* bytes of its name */

static bool add_header(struct curl_slist **list, const char *header)
{
    struct curl_slist *longer = curl_slist_append(*list, header);
    if (longer)
        *list = longer;
    return longer != NULL;
}

static void add_authorization(struct text *line, const struct target *t, const struct options *o)
{
    const char *token = option_str(o, OPT_TOKEN);
    if (token[0]) {
        text_add(line, "Authorization: Bearer %s", token);
    } else if (t->user[0]) {
        struct text pair = {0};
        text_add(&pair, "%s:%s", t->user, t->password);
        text_add(line, "Authorization: Basic ");
        size_t at = line->len;
        base64_add(line, text_str(&pair), pair.len);
        /* the encoded form is a secret too: a proxy may send it back */
        secret_know(text_str(line) + at);
        if (pair.s)
            explicit_bzero(pair.s, pair.len);
        text_free(&pair);
    }
}

struct curl_slist *crate_headers(const struct target *t, const struct options *o, bool gzip)
{
    struct curl_slist *list = NULL;
    struct text line = {0};
    bool ok = add_header(&list, "Content-Type: application/json") && add_header(&list, "Expect:") &&
              add_header(&list, "Accept:");
    if (ok && gzip)
        ok = add_header(&list, "Content-Encoding: gzip");
    if (ok && option_str(o, OPT_SCHEMA)[0]) {
        text_add(&line, "Default-Schema: %s", option_str(o, OPT_SCHEMA));
        ok = add_header(&list, text_str(&line));
        text_clear(&line);
    }
    add_authorization(&line, t, o);
    if (ok && line.len)
        ok = add_header(&list, line.s);
    if (line.s)
        explicit_bzero(line.s, line.len);
    text_free(&line);
    if (!ok) {
        curl_slist_free_all(list);
        return NULL;
    }
    return list;
}

void crate_tls_options(CURL *easy, const struct options *o)
{
    struct tls_files files = tls_files(o, OPT_TLS);
    if (!files.verify) {
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (*files.ca)
        curl_easy_setopt(easy, CURLOPT_CAINFO, files.ca);
    if (*files.cert) {
        curl_easy_setopt(easy, CURLOPT_SSLCERT, files.cert);
        curl_easy_setopt(easy, CURLOPT_SSLKEY, files.key);
        /* Without one, OpenSSL would ask for the passphrase of an encrypted key on the terminal. */
        curl_easy_setopt(easy, CURLOPT_KEYPASSWD, "");
    }
}

bool crate_unconnected(CURL *easy, CURLcode result)
{
    curl_off_t connected_us = 0;
    if (result == CURLE_COULDNT_CONNECT)
        return true;
    return result == CURLE_OPERATION_TIMEDOUT &&
           curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &connected_us) == CURLE_OK &&
           connected_us == 0;
}

const char *crate_reason(CURL *easy, CURLcode result, const char *detail)
{
    long os_errno = 0;
    if (result == CURLE_OPERATION_TIMEDOUT && crate_unconnected(easy, result))
        return "no answer in time";
    if (result == CURLE_COULDNT_CONNECT &&
        curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &os_errno) == CURLE_OK && os_errno)
        return strerror((int)os_errno);
    return detail[0] ? detail : curl_easy_strerror(result);
}

const char *crate_hint(const struct crate_host *h, CURLcode result)
{
    bool tls = crate_is_tls(h);
    switch (result) {
    case CURLE_COULDNT_CONNECT:
        return " (is CrateDB running there?)";
    case CURLE_PEER_FAILED_VERIFICATION:
        return " " TLS_HINT_AUTHORITY;
    case CURLE_SSL_CONNECT_ERROR:
        return " (TLS: " TLS_HINT_PORT("crate") ")";
    case CURLE_UNSUPPORTED_PROTOCOL: /* what came is not HTTP */
    case CURLE_WEIRD_SERVER_REPLY:
        return tls ? "" : " (does this port want TLS? crates://)";
    case CURLE_GOT_NOTHING: /* it left right after the handshake */
    case CURLE_RECV_ERROR:
        return tls && !atomic_load(&h->known) ? " (TLS: " TLS_HINT_CLIENT ")" : "";
    default:
        return "";
    }
}

void crate_plain_options(CURL *easy, const char *sender)
{
    char agent[192];
    snprintf(agent, sizeof agent, "loadtop/%s (%.127s)", LOADTOP_VERSION, sender);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, agent);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
}

static size_t keep_reply(char *bytes, size_t size, size_t n, void *ctx)
{
    struct crate_site *s = ctx;
    text_put(&s->reply, bytes, size * n);
    return s->reply.cut ? 0 : size * n; /* 0: no more of it */
}

/* Parses JSON with a bound on the number of values, because jansson limits only the depth. NULL:
 * not JSON, or too large. */
static json_t *read_json(const struct text *t)
{
    unsigned values = 0;
    for (const char *p = text_str(t); *p; p++)
        values += *p == ',' || *p == '[' || *p == '{';
    return values > REPLY_VALUES_MAX ? NULL : json_loads(text_str(t), 0, NULL);
}

static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
    struct crate_site *s = ctx;
    (void)purpose;
    if (pool_connect_allowed(s->pool, s->host[s->at].at.host, &a->addr, &s->refused) < 0)
        return CURL_SOCKET_BAD;
    int fd = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
    if (fd < 0 && err_is_own_limit(errno))
        err_set(&s->refused, ERR_OWN_LIMIT, "%s: no socket: %s%s", s->host[s->at].shown,
                strerror(errno), err_descriptor_advice(errno));
    return fd;
}

/* Called by libcurl at least once a second, so that the end of a run does not wait for a hanging
 * server. */
static int still_wanted(void *ctx, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                        curl_off_t up)
{
    const struct crate_site *s = ctx;
    (void)down_total;
    (void)down;
    (void)up_total;
    (void)up;
    return s->pool && !s->ending && pool_stopping(s->pool);
}

static void add_host(struct crate_site *s, const char *scheme, const struct target_host *from,
                     unsigned default_port)
{
    struct crate_host *h = &s->host[s->hosts++];
    h->from = *from;
    if (!h->from.port)
        h->from.port = default_port;
    char shown[PLACE_TEXT_MAX];
    place_text(shown, sizeof shown, from->name, h->from.port);
    copy_str(h->shown, sizeof h->shown, shown);
    snprintf(h->root, sizeof h->root, "%s://%s/", scheme, shown);
    snprintf(h->sql, sizeof h->sql, "%s://%s/_sql", scheme, shown);
}

static void curl_init(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

int crate_site_open(struct crate_site *s, const struct pool *pool, const struct target *t,
                    const struct options *o, const char *sender, struct err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, curl_init);
    memset(s, 0, sizeof *s);
    s->pool = pool;
    s->reply.limit = REPLY_MAX;
    const char *scheme = strcmp(t->scheme, "crates") == 0 ? "https" : "http";
    for (unsigned i = 0; i < t->hosts; i++)
        add_host(s, scheme, &t->host[i], 4200);
    if (strcmp(scheme, "https") == 0 && tls_files_check(o, OPT_TLS, err) < 0)
        return ERR_USAGE;
    s->headers = crate_headers(t, o, false);
    s->easy = curl_easy_init();
    if (!s->headers || !s->easy) {
        crate_site_close(s);
        return err_set(err, ERR_FAILED, "%s: out of memory", t->shown);
    }
    crate_plain_options(s->easy, sender);
    curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, s->headers);
    curl_easy_setopt(s->easy, CURLOPT_WRITEFUNCTION, keep_reply);
    curl_easy_setopt(s->easy, CURLOPT_WRITEDATA, s);
    curl_easy_setopt(s->easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(s->easy, CURLOPT_OPENSOCKETDATA, s);
    curl_easy_setopt(s->easy, CURLOPT_ERRORBUFFER, s->why);
    curl_easy_setopt(s->easy, CURLOPT_XFERINFOFUNCTION, still_wanted);
    curl_easy_setopt(s->easy, CURLOPT_XFERINFODATA, s);
    curl_easy_setopt(s->easy, CURLOPT_NOPROGRESS, 0L);
    crate_tls_options(s->easy, o);
    return 0;
}

void crate_site_close(struct crate_site *s)
{
    for (unsigned i = 0; i < s->hosts; i++)
        for (unsigned k = 0; k < ADDRESSES_MAX; k++)
            curl_slist_free_all(s->host[i].to[k]);
    if (s->easy)
        curl_easy_cleanup(s->easy);
    curl_slist_free_all(s->headers);
    text_free(&s->reply);
    free(s->cluster);
    memset(s, 0, sizeof *s);
}

/* Resolves a host to CURLOPT_CONNECT_TO entries, so that libcurl never looks up a name itself,
 * which it would do without a time limit. */
static int look_up(struct crate_site *s, struct crate_host *h, struct err *err)
{
    int result = resolve(&h->at, s->ending ? NULL : s->pool, h->from.name, h->from.port, h->shown,
                         clock_ns() + RESOLVE_NS, err);
    for (unsigned k = 0; k < h->at.n && result == 0; k++) {
        char place[PLACE_TEXT_MAX], to[PLACE_TEXT_MAX + 4];
        snprintf(to, sizeof to, "::%s", address_text(&h->at.address[k], place, sizeof place));
        curl_slist_free_all(h->to[k]); /* left from an attempt that ran out of memory */
        h->to[k] = curl_slist_append(NULL, to);
        if (!h->to[k])
            result = err_set(err, ERR_FAILED, "%s: out of memory", h->shown);
    }
    if (result == 0)
        atomic_store(&h->resolved, true);
    return result;
}

/* left: how many addresses, this one included, share the remaining time for connecting. */
static void begin(struct crate_site *s, unsigned host, long timeout_ms, unsigned left)
{
    long share_ms = timeout_ms / (long)left;
    s->at = host;
    s->status = 0;
    s->code = 0;
    s->why[0] = '\0';
    s->refused.code = 0;
    text_clear(&s->reply);
    s->reply.cut = false;
    curl_easy_setopt(s->easy, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(s->easy, CURLOPT_CONNECTTIMEOUT_MS,
                     share_ms < CONNECT_MS ? share_ms : CONNECT_MS);
}

static int failed(struct crate_site *s, CURLcode result, struct err *err)
{
    const char *shown = s->host[s->at].shown;
    secret_hide_values(s->why);
    if (s->refused.code)
        return err_set(err, s->refused.code, "%s", s->refused.msg);
    if (s->reply.cut)
        return err_set(err, ERR_FAILED, "%s: an answer of more than %zu bytes: it is not read",
                       shown, REPLY_MAX);
    return err_set(err, ERR_UNREACHED, "%s: %s%s", shown, crate_reason(s->easy, result, s->why),
                   crate_hint(&s->host[s->at], result));
}

/* Could a wrong scheme be the reason of this failure? */
static bool may_speak_other(const struct crate_host *h, CURLcode result)
{
    return result != CURLE_COULDNT_CONNECT && result != CURLE_PEER_FAILED_VERIFICATION &&
           (result != CURLE_OPERATION_TIMEDOUT || crate_is_tls(h));
}

/* Performs a request in which everything except the URL's host is set. Another address is tried
 * only if nothing was sent, so that no statement runs twice. The timeout covers all addresses
 * together. */
static int perform(struct crate_site *s, unsigned host, long timeout_ms, struct err *err)
{
    struct crate_host *h = &s->host[host];
    unsigned order[ADDRESSES_MAX];
    int code = atomic_load(&h->resolved) ? 0 : look_up(s, h, err);
    if (code < 0)
        return code;
    unsigned n = addresses_order(&h->at, order);
    struct tries tries = {0};
    struct err why = {0};
    uint64_t deadline_ns = clock_ns() + (uint64_t)timeout_ms * NS_PER_MS;
    for (unsigned i = 0; i < n; i++) {
        uint64_t now = clock_ns(),
                 left_ms = deadline_ns > now ? (deadline_ns - now) / NS_PER_MS : 0;
        begin(s, host, left_ms ? (long)left_ms : 1, n - i); /* 0 would be libcurl's default */
        curl_easy_setopt(s->easy, CURLOPT_CONNECT_TO, h->to[order[i]]);
        CURLcode result = curl_easy_perform(s->easy);
        if (result == CURLE_OK) {
            addresses_answered(&h->at, order[i]);
            curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &s->status);
            return 0;
        }
        code = failed(s, result, &why);
        if (code == ERR_UNREACHED && may_speak_other(h, result))
            code = crate_scheme_check(h, &h->at.address[order[i]], s->pool, &why) ? why.code : code;
        tries_add(&tries, &h->at, order[i], h->shown, &why);
        if (code != ERR_UNREACHED || !crate_unconnected(s->easy, result))
            break;
    }
    tries_say(&tries, &h->at, h->shown, &why);
    return err_set(err, code, "%s", why.msg);
}

int crate_site_get(struct crate_site *s, unsigned host, bool fresh, long timeout_ms,
                   struct err *err)
{
    curl_easy_setopt(s->easy, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(s->easy, CURLOPT_URL, s->host[host].root);
    curl_easy_setopt(s->easy, CURLOPT_FRESH_CONNECT, fresh ? 1L : 0L);
    curl_easy_setopt(s->easy, CURLOPT_FORBID_REUSE, fresh ? 1L : 0L);
    int result = perform(s, host, timeout_ms, err);
    curl_easy_setopt(s->easy, CURLOPT_FRESH_CONNECT, 0L);
    curl_easy_setopt(s->easy, CURLOPT_FORBID_REUSE, 0L);
    return result;
}

/* ---- who it is ---- */

/* Reads the cluster's name of a host; all hosts must belong to the cluster of the first one. */
static int take_identity(struct crate_site *s, unsigned host, struct err *err)
{
    json_t *root = read_json(&s->reply);
    const char *version =
        json_string_value(json_object_get(json_object_get(root, "version"), "number"));
    const char *cluster = json_string_value(json_object_get(root, "cluster_name"));
    const char *shown = s->host[host].shown;
    int result = 0;
    if (cluster && strlen(cluster) > CLUSTER_MAX) {
        result = err_set(err, ERR_FAILED, "%s: its cluster's name is longer than %d bytes", shown,
                         CLUSTER_MAX);
    } else if (!s->identified) {
        s->cluster = cluster ? strdup(cluster) : NULL;
        if (cluster && !s->cluster)
            result = err_set(err, ERR_FAILED, "out of memory");
        s->identified = result == 0;
    } else if (!crate_same_cluster(s, cluster)) {
        char name[80];
        copy_str(name, sizeof name, "one without a name");
        if (cluster)
            secret_said(name, sizeof name, cluster, strlen(cluster));
        result = err_set(err, ERR_FAILED,
                         "%s: it is of another cluster (%s) than the hosts before: give "
                         "it a pool of its own",
                         shown, name);
    }
    if (version && result == 0)
        secret_said(s->version, sizeof s->version, version, strlen(version));
    json_decref(root);
    return result;
}

bool crate_same_cluster(const struct crate_site *s, const char *cluster)
{
    return cluster && s->cluster ? strcmp(cluster, s->cluster) == 0 : cluster == s->cluster;
}

/* Takes the answer to GET / of a host. */
static int judge_greeting(struct crate_site *s, unsigned host, struct err *err)
{
    const struct crate_host *h = &s->host[host];
    char name[CRATE_CLASS_MAX], said[120], shown[sizeof err->msg];
    if (crate_status_hides(s->status))
        text_clear(&s->reply);
    if (s->status == 200 || crate_status_hides(s->status))
        return take_identity(s, host, err);
    if (crate_redirected(s->easy, h, s->status, shown, sizeof shown))
        return err_set(err, ERR_FAILED, "%s: %s", h->shown, shown);
    /* Servers of TLS that know HTTP in plain answer it with this status. */
    if (s->status == 400 && crate_scheme_check(h, addresses_current(&h->at), s->pool, err) < 0)
        return ERR_FAILED;
    secret_said(said, sizeof said, text_str(&s->reply), s->reply.len);
    unsigned len = (unsigned)clean_line(said, strlen(said));
    crate_message(shown, sizeof shown, said, s->status == 503 ? 0 : len,
                  crate_status_advice(s->status));
    crate_status_class(name, sizeof name, s->status);
    return err_set(err, crate_status_passes(s->status) ? ERR_UNREACHED : ERR_FAILED, "%s: %s: %s",
                   h->shown, name, shown);
}

/* err is about an answer: says from which of the host's addresses it came. Returns err's code. */
static int name_address(const struct crate_host *h, struct err *err)
{
    struct tries answered = {0};
    tries_add(&answered, &h->at, (unsigned)(addresses_current(&h->at) - h->at.address), h->shown,
              err);
    return tries_say(&answered, &h->at, h->shown, err);
}

int crate_site_identify(struct crate_site *s, unsigned host, struct err *err)
{
    int result = crate_site_get(s, host, false, IDENTIFY_MS, err);
    if (result < 0)
        return result;
    result = judge_greeting(s, host, err);
    return result < 0 ? name_address(&s->host[host], err) : 0;
}

/* ---- statements ---- */

/* Makes an error from CrateDB's message. */
static int refused_statement(struct crate_site *s, const json_t *reply, struct err *err)
{
    char name[CRATE_CLASS_MAX], shown[sizeof err->msg], said[160];
    const json_t *error = json_object_get(reply, "error");
    const char *text = json_string_value(json_object_get(error, "message"));
    const char *advice;
    if (crate_redirected(s->easy, &s->host[s->at], s->status, shown, sizeof shown))
        return err_set(err, ERR_FAILED, "%s: %s", s->host[s->at].shown, shown);
    s->code = (int)json_integer_value(json_object_get(error, "code"));
    if (s->code) {
        crate_code_class(name, sizeof name, s->code);
        advice = crate_code_advice(s->code);
    } else {
        crate_status_class(name, sizeof name, s->status);
        advice = crate_status_advice(s->status);
        if (!text)
            text = text_str(&s->reply);
    }
    secret_said(said, sizeof said, text ? text : "", text ? strlen(text) : 0);
    unsigned len = (unsigned)clean_line(said, strlen(said));
    crate_message(shown, sizeof shown, said, len, advice);
    int code = crate_status_passes(s->status) ? ERR_UNREACHED : ERR_FAILED;
    return err_set(err, code, "%s: %s: %s", s->host[s->at].shown, name, shown);
}

int crate_site_sql(struct crate_site *s, const char *sql, json_t *args, json_t **reply,
                   long timeout_ms, struct err *err)
{
    json_t *body = json_pack("{s:s}", "stmt", sql);
    if (args)
        json_object_set_new(body, "args", args);
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    if (!text)
        return err_set(err, ERR_FAILED, "out of memory");
    curl_easy_setopt(s->easy, CURLOPT_COPYPOSTFIELDS, text);
    curl_easy_setopt(s->easy, CURLOPT_POST, 1L);
    free(text);
    int result = ERR_UNREACHED;
    unsigned first = s->at;
    bool asked = false;
    for (unsigned i = 0; i < s->hosts && result == ERR_UNREACHED; i++) {
        unsigned host = (first + i) % s->hosts;
        if (!atomic_load(&s->host[host].known))
            continue;
        asked = true;
        curl_easy_setopt(s->easy, CURLOPT_URL, s->host[host].sql);
        result = perform(s, host, timeout_ms, err);
    }
    if (!asked)
        return err_set(err, ERR_UNREACHED, "no host has said yet which cluster it is of");
    if (result < 0)
        return result;
    json_t *root = read_json(&s->reply);
    if (s->status != 200 || json_object_get(root, "error")) {
        refused_statement(s, root, err);
        json_decref(root);
        return name_address(&s->host[s->at], err);
    }
    if (!json_is_object(root)) {
        json_decref(root);
        err_set(err, ERR_FAILED, "%s: the answer is not JSON, or too much of it (is this CrateDB?)",
                s->host[s->at].shown);
        return name_address(&s->host[s->at], err);
    }
    if (reply)
        *reply = root;
    else
        json_decref(root);
    return 0;
}

static const json_t *cell(const json_t *reply, unsigned row, unsigned col)
{
    return json_array_get(json_array_get(json_object_get(reply, "rows"), row), col);
}

double crate_cell(const json_t *reply, unsigned row, unsigned col, double otherwise)
{
    const json_t *v = cell(reply, row, col);
    return json_is_number(v) ? json_number_value(v) : otherwise;
}

double crate_cell_sum(const json_t *reply, unsigned row, unsigned col)
{
    const json_t *list = cell(reply, row, col), *v;
    double sum = 0;
    size_t i;
    json_array_foreach(list, i, v) sum += json_is_number(v) ? json_number_value(v) : 0;
    return sum;
}

const char *crate_cell_text(const json_t *reply, unsigned row, unsigned col)
{
    return json_string_value(cell(reply, row, col));
}

#else
extern int crate_not_built; /* ISO C wants a declaration */
#endif
