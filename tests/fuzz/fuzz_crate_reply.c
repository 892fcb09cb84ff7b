/* Fuzzes the scanner of `_sql` replies: it never crashes, and gives the same result in whatever
 * pieces a reply comes. The first byte is the size of the pieces. jansson is the reference: what it
 * accepts as an object, the scanner must accept as complete (unless it is nested too deep, or
 * jansson is stricter about UTF-8 and duplicate keys). */
#include "backends/crate_sql/reply.h"
#include "engine/base/utf8.h"

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    static struct crate_reply whole, pieces;
    size_t piece = 1 + data[0] % 16;
    const char *s = (const char *)data + 1;
    size_t len = size - 1;
    crate_reply_start(&whole);
    crate_reply_feed(&whole, s, len);
    crate_reply_start(&pieces);
    for (size_t i = 0; i < len; i += piece)
        crate_reply_feed(&pieces, s + i, piece < len - i ? piece : len - i);
    if (crate_reply_end(&whole) != crate_reply_end(&pieces) || whole.results != pieces.results ||
        whole.failed != pieces.failed || whole.rowcount != pieces.rowcount ||
        whole.faults != pieces.faults || whole.has_error != pieces.has_error ||
        whole.error.len != pieces.error.len)
        abort();
    if (whole.failed > whole.results || whole.faults > CRATE_FAULTS)
        abort();
    uint64_t rows = 0;
    for (unsigned i = 0; i < whole.faults; i++) {
        rows += whole.fault[i].rows;
        char copy[CRATE_MESSAGE_MAX];
        memcpy(copy, whole.fault[i].msg, whole.fault[i].len);
        if (clean_line(copy, whole.fault[i].len) != whole.fault[i].len ||
            memcmp(copy, whole.fault[i].msg, whole.fault[i].len) != 0)
            abort(); /* what is kept is clean already */
    }
    if (rows != whole.failed)
        abort();
    json_t *v = memchr(s, 0, len) ? NULL : json_loadb(s, len, 0, NULL); /* it skips a NUL */
    if (json_is_object(v) && crate_reply_end(&whole) != CRATE_WHOLE &&
        whole.depth < CRATE_DEPTH_MAX)
        abort();
    json_decref(v);
    return 0;
}
