/* JSON into structs by tables: a table names the members of one object, the type of each, and where
 * in the struct it goes. One reader, so that each value is checked in the same way and what is wrong
 * is said with its place ("pools/0/ops/offered").
 *
 * A member that is missing or null is absent. A number that is absent is NAN, a text "", a flag
 * FLAG_UNKNOWN, a list empty; of an object that is absent all members are. Members that no table
 * names are ignored. Any other type than the table's, or a number out of range, is refused. */
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
    /* The same of an object whose members have any names: the first member of each struct is its
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
    /* Reads on what no table can say; NULL: nothing. `o` is NULL when the object is absent. 0 or
     * what members_refuse returns. */
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

/* All that the lists of one reading occupy. */
struct member_memory {
    struct member_block *first;
    size_t bytes;
};

/* Fills the struct at `out` from the object o (NULL: absent). Its lists belong to `memory`, which
 * was zeroed before the first reading; its texts to o. 0, or ERR_USAGE with the place and what is
 * wrong there; memory is to be freed in both cases. Lists of more than MEMBERS_BYTES_MOST together
 * are refused: no run has so much, but a hostile file could. */
#define MEMBERS_BYTES_MOST ((size_t)512 << 20)
int members_read(struct member_memory *, const struct member_table *, const struct json_t *o,
                 void *out, struct err *);
void members_free(struct member_memory *);

/* ---- for `also` ---- */

/* One member of o. 0 or ERR_USAGE. */
int members_number(struct member_reader *, const struct json_t *o, const char *name, double *out);
int members_text(struct member_reader *, const struct json_t *o, const char *name,
                 const char **out);
int members_flag(struct member_reader *, const struct json_t *o, const char *name, enum flag *out);
/* An object or a list, borrowed from o; NULL: absent. */
int members_object(struct member_reader *, const struct json_t *o, const char *name,
                   const struct json_t **out);
int members_list(struct member_reader *, const struct json_t *o, const char *name,
                 const struct json_t **out);
/* The first n of the list of numbers called `name` (NULL, absent); NAN those that are not there. */
int members_numbers(struct member_reader *, const char *name, const struct json_t *list,
                    double *out, size_t n);
/* What is refused from here on is in the member `name`, or with NULL in element `index`, until
 * members_leave with what members_enter has returned. A place that is too long for a message is cut.
 */
size_t members_enter(struct member_reader *, const char *name, size_t index);
void members_leave(struct member_reader *, size_t before);
/* The same object into a struct of another table. */
int members_read_on(struct member_reader *, const struct member_table *, const struct json_t *o,
                    void *out);
/* Room for n structs of that size, zeroed; NULL, refused: too many. */
void *members_room(struct member_reader *, size_t n, size_t size);
/* ERR_USAGE, with the member's place: "<name> is <what>". */
int members_refuse(struct member_reader *, const char *name, const char *what);

#endif
