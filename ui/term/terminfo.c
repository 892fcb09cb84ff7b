/* A description of the terminal made from its own; see terminfo.h.
 *
 * Everything is collected in the order of the format: names, booleans, numbers, offsets of strings,
 * strings; and the same again for extended capabilities: RGB makes curses treat colour numbers as
 * red, green and blue; XM enables the mouse. */
#include "ui/term/terminfo.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "engine/base/text.h"

#define MAGIC 01036 /* numbers have 32 bits */
#define COLORS 0x1000000
#define PAIRS 0x7fff
#define ENTRY_MAX 16384
#define ITEMS_MAX 512
#define EXTENDED_MAX 8

/* Colours 0 to 7 stay the terminal's own, as in the descriptions that xterm's author keeps. */
#define DIRECT(ground)                                                                             \
    "\033[%?%p1%{8}%<%t" ground "%p1%d%e" ground                                                   \
    "8;2;%p1%{65536}%/%d;%p1%{256}%/%{255}%&%d;%p1%{255}%&%d%;m"

struct bytes {
    uint8_t b[ENTRY_MAX];
    size_t n;
    bool full;
};

/* The offsets of strings, followed by the strings. */
struct strings {
    int16_t offset[ITEMS_MAX];
    unsigned n;
    struct bytes table;
};

static void put(struct bytes *o, const void *b, size_t n)
{
    if (o->full || o->n + n > sizeof o->b) {
        o->full = true;
        return;
    }
    memcpy(o->b + o->n, b, n);
    o->n += n;
}

static void put16(struct bytes *o, int v)
{
    const uint8_t b[2] = {(uint8_t)v, (uint8_t)((unsigned)v >> 8)};

    put(o, b, sizeof b);
}

static void put32(struct bytes *o, int v)
{
    const unsigned u = (unsigned)v;
    const uint8_t b[4] = {(uint8_t)u, (uint8_t)(u >> 8), (uint8_t)(u >> 16), (uint8_t)(u >> 24)};

    put(o, b, sizeof b);
}

static void align(struct bytes *o)
{
    if (o->n % 2)
        put(o, "", 1);
}

static void strings_add(struct strings *s, const char *value)
{
    if (s->n == ITEMS_MAX || s->table.n > INT16_MAX) {
        s->table.full = true;
        return;
    }
    s->offset[s->n++] = value ? (int16_t)s->table.n : -1;
    if (value)
        put(&s->table, value, strlen(value) + 1);
}

static int count(const char *const *names)
{
    int n = 0;

    while (names[n])
        n++;
    return n;
}

static bool is_one_of(const char *name, const char *const *list)
{
    for (; *list; list++)
        if (!strcmp(name, *list))
            return true;
    return false;
}

static const char *string_of(const struct terminfo_source *src, const char *name, bool direct)
{
    /* Removed capabilities: those that change the palette, and the sequences that set the 16
     * colours. */
    static const char *const gone[] = {"initc", "initp", "oc", "setf", "setb", "scp", NULL};
    /* Repeating a character and scrolling by several lines: not every emulator supports them. */
    static const char *const rare[] = {"rep", "indn", "rin", NULL};
    const char *value;

    if (is_one_of(name, rare) || (direct && is_one_of(name, gone)))
        return NULL;
    if (direct && !strcmp(name, "setaf"))
        return DIRECT("3");
    if (direct && !strcmp(name, "setab"))
        return DIRECT("4");
    value = src->string(name);
    /* NOLINT: how curses marks a capability of the wrong type */
    return value == (const char *)-1 ? NULL : value;
}

static int number_of(const struct terminfo_source *src, const char *name, bool direct)
{
    int v;

    if (direct && !strcmp(name, "colors"))
        return COLORS;
    if (direct && !strcmp(name, "pairs"))
        return PAIRS;
    v = src->number(name);
    return v < 0 ? -1 : v;
}

static void standard(const struct terminfo_source *src, bool direct, struct bytes *o,
                     struct strings *s)
{
    size_t names = strlen(src->name) + 1;
    int bools = count(src->booleans), numbers = count(src->numbers);

    s->n = 0;
    s->table.n = 0;
    for (int i = 0; src->strings[i]; i++)
        strings_add(s, string_of(src, src->strings[i], direct));
    put16(o, MAGIC);
    put16(o, (int)names);
    put16(o, bools);
    put16(o, numbers);
    put16(o, (int)s->n);
    put16(o, (int)s->table.n);
    put(o, src->name, names);
    for (int i = 0; i < bools; i++) {
        const char *name = src->booleans[i];

        bool changes_palette = direct && !strcmp(name, "ccc");

        put(o, src->boolean(name) && !changes_palette ? "\1" : "\0", 1);
    }
    align(o);
    for (int i = 0; i < numbers; i++)
        put32(o, number_of(src, src->numbers[i], direct));
    for (unsigned i = 0; i < s->n; i++)
        put16(o, s->offset[i]);
    put(o, s->table.b, s->table.n);
    align(o);
}

static void extended(const struct terminfo_source *src, bool direct, struct bytes *o,
                     struct strings *s)
{
    static const char *const flags[] = {"AX", "RGB", "XT", NULL}; /* in alphabetical order */
    const char *mouse = src->string("XM"), *name[EXTENDED_MAX];
    int bools = 0, values, base;

    for (int i = 0; flags[i]; i++)
        if (strcmp(flags[i], "RGB") != 0 ? src->boolean(flags[i]) : direct)
            name[bools++] = flags[i];
    values = mouse && mouse != (const char *)-1; /* NOLINT */
    s->n = 0;
    s->table.n = 0;
    if (values)
        strings_add(s, mouse);
    base = (int)s->table.n; /* names are counted from the end of the values */
    for (int i = 0; i < bools; i++)
        strings_add(s, name[i]);
    if (values)
        strings_add(s, "XM");
    put16(o, bools);
    put16(o, 0);
    put16(o, values);
    put16(o, (int)s->n);
    put16(o, (int)s->table.n);
    for (int i = 0; i < bools; i++)
        put(o, "\1", 1);
    align(o);
    for (unsigned i = 0; i < s->n; i++)
        put16(o, (int)i < values ? s->offset[i] : s->offset[i] - base);
    put(o, s->table.b, s->table.n);
}

bool terminfo_make(const struct terminfo_source *src, bool direct, struct text *out)
{
    static const char digits[] = "0123456789ABCDEF";
    static struct bytes entry; /* large, and one thread */
    static struct strings strings;
    const char *setaf = src->string("setaf");

    if (direct && (src->number("colors") < 8 || !setaf || setaf == (const char *)-1 || /* NOLINT */
                   strncmp(setaf, "\033[", 2) != 0))
        return false;
    memset(&entry, 0, sizeof entry);
    memset(&strings, 0, sizeof strings);
    standard(src, direct, &entry, &strings);
    extended(src, direct, &entry, &strings);
    if (entry.full || strings.table.full)
        return false;
    text_add(out, "hex:");
    for (size_t i = 0; i < entry.n; i++) {
        const char two[2] = {digits[entry.b[i] >> 4], digits[entry.b[i] & 15]};

        text_put(out, two, 2);
    }
    return !out->cut;
}
