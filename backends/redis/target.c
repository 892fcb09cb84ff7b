/* Checks of a URL and its options that need no server: the database, and whether keys of others
 * could be changed, and its other scheme. Pure, and always built. */
#include "backends/redis/target.h"

#include "backends/common/tls_scheme.h"
#include "backends/redis/types.h"
#include "engine/base/quantity.h"

#include <string.h>

int redis_target_db(const struct target *t, const struct options *o, unsigned *db, struct err *err)
{
    bool given = option_given(o, REDIS_DB), local = strcmp(t->scheme, "redis+unix") == 0;
    uint64_t n = 0;
    *db = (unsigned)option_u64(o, REDIS_DB);
    if (local || !t->path[0] || strcmp(t->path, "/") == 0)
        return 0;
    if (t->path[1] < '0' || t->path[1] > '9' || parse_count(t->path + 1, &n) < 0 || n > 65535)
        return err_set(err, ERR_USAGE,
                       "%s: the path is a database's number, such as redis://localhost/3",
                       t->shown);
    if (given && n != *db)
        return err_set(err, ERR_USAGE, "%s: the path says database %u and db=%u another", t->shown,
                       (unsigned)n, *db);
    *db = (unsigned)n;
    return 0;
}

const struct tls_scheme *redis_scheme(const struct target *t)
{
    static const char ping[] = "*1\r\n$4\r\nPING\r\n";
    static const struct tls_scheme scheme = {
        .plain = "redis", .tls = "rediss", .question = ping, .question_len = sizeof ping - 1};
    return t->hosts ? &scheme : NULL;
}

const char *redis_destructive(const struct options *o)
{
    return option_str(o, REDIS_PREFIX)[0] ? NULL
                                          : "an empty prefix can overwrite keys that are not ours: "
                                            "--allow-destructive, or prefix=NAME:";
}
