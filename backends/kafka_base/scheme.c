/* TLS where none is spoken, and the other way round; see the header. librdkafka (2.0.2) only says
 * that the broker disconnected, or what went wrong in OpenSSL, and tries again. */
#if LOADTOP_HAVE_RDKAFKA
#include "backends/kafka_base/scheme.h"

#include "backends/common/link.h"
#include "backends/common/tls_scheme.h"
#include "backends/kafka_base/types.h"
#include "engine/base/err.h"

#include <string.h>

#define CHECK_NS (3 * NS_PER_S) /* for all brokers together */

/* ApiVersions, version 0, which brokers answer before a login too. */
static const char question[] = "\0\0\0\x0a" /* length */
                               "\0\x12\0\0" /* ApiVersions, 0 */
                               "\0\0\0\1"   /* correlation id */
                               "\xff\xff";  /* no client id */
static const struct tls_scheme scheme = {
    .plain = "plaintext", .tls = "ssl", .question = question, .question_len = sizeof question - 1};

static unsigned port_of(const struct target_host *host)
{
    return host->port ? host->port : 9092;
}

/* Asks one broker at its addresses. */
static bool broker_is_wrong(const struct kafka_pool *kp, const struct target_host *host, bool tls,
                            uint64_t deadline_ns)
{
    struct addresses at;
    bool wrong = false;
    if (resolve(&at, kp->pool, host->name, port_of(host), host->name, deadline_ns, NULL) < 0)
        return false;
    for (unsigned i = 0; i < at.n && !wrong && clock_ns() < deadline_ns; i++)
        wrong =
            link_scheme_is_wrong(kp->pool, host->name, &at.address[i], &scheme, tls, deadline_ns);
    return wrong;
}

/* Is there a reason already that says something else: a refusal by us, or by the broker's login? */
static bool is_explained(struct kafka_pool *kp)
{
    pthread_mutex_lock(&kp->mutex);
    bool explained = kp->refused[0] || kp->waits[0] || strstr(kp->trouble, "uthentication");
    pthread_mutex_unlock(&kp->mutex);
    return explained;
}

int kafka_scheme_check(struct kafka_pool *kp, const struct target *t, struct err *err)
{
    uint64_t deadline_ns = clock_ns() + CHECK_NS;
    char protocol[32] = "";
    size_t size = sizeof protocol;
    if (is_explained(kp))
        return 0;
    rd_kafka_conf_get(rd_kafka_conf(kp->admin), "security.protocol", protocol, &size);
    bool tls = strstr(protocol, "ssl") != NULL, login = strncmp(protocol, "sasl", 4) == 0;
    for (unsigned i = 0; i < t->hosts && clock_ns() < deadline_ns; i++) {
        char place[PLACE_TEXT_MAX];
        if (!broker_is_wrong(kp, &t->host[i], tls, deadline_ns))
            continue;
        place_text(place, sizeof place, t->host[i].name, port_of(&t->host[i]));
        return err_set(err, ERR_FAILED,
                       "%s: %s: the broker answers %s TLS: use kafka.security.protocol=%s%s",
                       kp->shown, place, tls ? "without" : "with", login ? "sasl_" : "",
                       tls ? scheme.plain : scheme.tls);
    }
    return 0;
}

#endif
