/* The cursor with which all bodies are read.
 *
 * It cannot leave the body: a read past the end yields zeros and marks the cursor, and each public
 * function checks the mark once, at its end. */
#include "backends/cql/in.h"

#include <arpa/inet.h>
#include <stdio.h>

const uint8_t *cql_take(struct cql_in *in, uint32_t n)
{
    if (in->bad || (size_t)(in->end - in->p) < n) {
        in->bad = true;
        return NULL;
    }
    const uint8_t *p = in->p;
    in->p += n;
    return p;
}

uint8_t cql_get_u8(struct cql_in *in)
{
    const uint8_t *p = cql_take(in, 1);
    return p ? *p : 0;
}

uint16_t cql_get_u16(struct cql_in *in)
{
    const uint8_t *p = cql_take(in, 2);
    return p ? cql_be16(p) : 0;
}

int32_t cql_get_i32(struct cql_in *in)
{
    const uint8_t *p = cql_take(in, 4);
    return p ? (int32_t)cql_be32(p) : 0;
}

static struct cql_str get_str(struct cql_in *in, uint32_t len)
{
    const uint8_t *p = cql_take(in, len);
    return p ? (struct cql_str){(const char *)p, len} : (struct cql_str){"", 0};
}

struct cql_str cql_get_string(struct cql_in *in)
{
    return get_str(in, cql_get_u16(in));
}

struct cql_str cql_get_short_bytes(struct cql_in *in)
{
    return cql_get_string(in);
}

bool cql_get_bytes(struct cql_in *in, struct cql_str *v)
{
    int32_t n = cql_get_i32(in);
    *v = get_str(in, n < 0 ? 0 : (uint32_t)n);
    return n >= 0;
}

static void put_address(struct cql_in *in, uint32_t len, char *buf, size_t size)
{
    const uint8_t *p = cql_take(in, len);
    if (size)
        *buf = '\0';
    if (!p)
        return;
    if ((len != 4 && len != 16) ||
        !inet_ntop(len == 4 ? AF_INET : AF_INET6, p, buf, (socklen_t)size))
        in->bad = true;
}

uint16_t cql_get_inet(struct cql_in *in, char *buf, size_t size)
{
    put_address(in, cql_get_u8(in), buf, size);
    int32_t port = cql_get_i32(in);
    if (port < 0 || port > UINT16_MAX)
        in->bad = true;
    return (uint16_t)port;
}
