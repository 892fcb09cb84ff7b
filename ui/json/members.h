/* Reads JSON into structs by tables: a table lists the members of an object, their types, and their
 * offsets in the struct. All values are checked in the same way, and errors have a path
 * ("pools/0/ops/offered").
 *
 * A member that is missing or null is absent. An absent number is NAN, a text "", a flag
 * FLAG_UNKNOWN, a list empty; all members of an absent object are absent. Unknown members are
 * ignored. A type other than the table's, or a number out of range, is an error. */
#ifndef LOADTOP_UI_JSON_MEMBERS_H
#define LOADTOP_UI_JSON_MEMBERS_H

#include <stddef.h>

struct err;
struct json_t;

enum flag { FLAG_UNKNOWN = -1, FLAG_NO, FLAG_YES };

enum member_type {
    MEMBER_TEXT,   /* const char *, borrowed from the JSON */
    MEMBER_FLAG,   /* enum flag */
    MEMBER_NUMBER, /* double: any number */
    MEMBER_AMOUNT, /* double: a number from 0 on */
    MEMBER_OBJECT, /* a struct in place; `of` is its table */
    MEMBER_LIST, /* a pointer to structs, their number at count_at (size_t): an array of objects */
    /* The same for an object with arbitrary member names: the first member of each struct is the
     * name (const char *). */
    MEMBER_BY_NAME,
};

struct member_table;
struct member {
    const char *name;
    enum member_type type;
    size_t at, count_at;
    const struct member_table *of;
};

struct member_reader;
struct member_table {
    size_t size; /* of the struct */
    const struct member *member;
    size_t members;
    /* Optional: reads what a table cannot describe. `o` is NULL when the object is absent. Returns
     * 0 or the result of members_refuse. */
    int (*also)(struct member_reader *, const struct json_t *o, void *out);
};

#define MEMBER_OF(type_, s, member, name_)                                                         \
    {                                                                                              \
        .name = (name_), .type = (type_), .at = offsetof(struct s, member)                         \
    }
#define MEMBER_IN(s, member, name_, table_)                                                        \
    {                                                                                              \
        .name = (name_), .type = MEMBER_OBJECT, .at = offsetof(struct s, member), .of = (table_)   \
    }
#define MEMBER_LIST_OF(type_, s, member, count, name_, table_)                                     \
    {                                                                                              \
        .name = (name_), .type = (type_), .at = offsetof(struct s, member),                        \
        .count_at = offsetof(struct s, count), .of = (table_)                                      \
    }
#define MEMBER_TABLE(s, members_)                                                                  \
    .size = sizeof(struct s), .member = (members_), .members = sizeof(members_) / sizeof *(members_)

/* The memory of all lists that one call of members_read allocates. */
struct member_memory {
    struct member_block *first;
    size_t bytes;
};

/* Fills the struct at `out` from the object o (NULL: absent). Lists are owned by `memory`, which
 * must be zeroed before the first reading; texts are borrowed from o. 0, or ERR_USAGE with the path
 * and the error; free memory in both cases. Lists larger than MEMBERS_BYTES_MOST in total are
 * refused: no real run needs that much, but a hostile file could. */
#define MEMBERS_BYTES_MOST ((size_t)512 << 20)
int members_read(struct member_memory *, const struct member_table *, const struct json_t *o,
                 void *out, struct err *);
void members_free(struct member_memory *);

/* ---- for `also` ---- */

/* Reads one member of o. 0 or ERR_USAGE. */
int members_number(struct member_reader *, const struct json_t *o, const char *name, double *out);
int members_text(struct member_reader *, const struct json_t *o, const char *name,
                 const char **out);
int members_flag(struct member_reader *, const struct json_t *o, const char *name, enum flag *out);
/* An object or a list, borrowed from o; NULL: absent. */
int members_object(struct member_reader *, const struct json_t *o, const char *name,
                   const struct json_t **out);
int members_list(struct member_reader *, const struct json_t *o, const char *name,
                 const struct json_t **out);
/* Reads the first n numbers of the list called `name` (NULL: absent); missing ones become NAN. */
int members_numbers(struct member_reader *, const char *name, const struct json_t *list,
                    double *out, size_t n);
/* Appends a member to the path of error messages: `name`, or element `index` if it is NULL. Returns
 * the value that members_leave needs to go back. A path that is too long for a message is cut. */
size_t members_enter(struct member_reader *, const char *name, size_t index);
void members_leave(struct member_reader *, size_t before);
/* Reads the same object into a struct of another table. */
int members_read_on(struct member_reader *, const struct member_table *, const struct json_t *o,
                    void *out);
/* Allocates n zeroed structs of that size. NULL, with the error set: too many. */
void *members_room(struct member_reader *, size_t n, size_t size);
/* Sets an error with the member's path: "<path> is <what>". Returns ERR_USAGE. */
int members_refuse(struct member_reader *, const char *name, const char *what);

#endif
