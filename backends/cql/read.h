/* Frames out of a stream of bytes. */
#ifndef LOADTOP_BACKENDS_CQL_READ_H
#define LOADTOP_BACKENDS_CQL_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cql_frame {
    const uint8_t *body; /* decompressed */
    uint32_t length;
    int16_t stream; /* -1: an event */
    uint8_t version, flags, opcode;
};

/* Zero it to start. `body_max` bounds one frame, before and after decompression (0: 16 MiB). Set
 * `compression` once the server has accepted lz4: a compressed frame before that is an error. */
struct cql_reader {
    uint32_t body_max;
    bool compression;
    bool settled; /* a v4 frame was seen: other versions are an error from now on */
    uint8_t *partial;
    uint32_t used, room; /* bytes used and allocated for a frame that has not fully arrived */
    uint8_t *plain;
    uint32_t plain_room;
    char why[120]; /* after CQL_BAD: what was wrong with the bytes */
};

enum cql_feed {
    CQL_FED,     /* all processed; an incomplete frame is buffered */
    CQL_STOPPED, /* `each` returned non-zero: the rest was not processed */
    CQL_BAD      /* protocol error: the connection is unusable, see reader->why */
};

/* Processes len received bytes and calls `each` for every completed frame. `each` may free the
 * reader if it then returns non-zero. A first frame of another protocol version (1 to 6) is passed
 * on unchanged: it is a server's refusal of version 4. */
enum cql_feed cql_feed(struct cql_reader *, const uint8_t *bytes, size_t len,
                       int (*each)(void *ctx, const struct cql_frame *), void *ctx);
/* frees the memory, keeps the settings; takes zeroed ones */
void cql_reader_free(struct cql_reader *);
bool cql_lz4_built(void);

#endif
