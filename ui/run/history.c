/* The runs kept so far; see history.h. */
#include "ui/run/history.h"

#include <jansson.h>
#include <stddef.h>

#include "engine/base/err.h"
#include "ui/run/history_store.h"
#include "ui/run/journal.h"

bool history_available(void)
{
#ifdef LOADTOP_HAVE_SQLITE
    return true;
#else
    return false;
#endif
}

static int take_left(const json_t *run, void *ctx)
{
    return store_add(ctx, run, HISTORY_MOST, NULL);
}

void history_recover(struct store *s)
{
    journal_recover(take_left, s);
}

int history_save(const json_t *run, bool hurry, struct err *err)
{
    struct store *s = store_open(true, hurry, err);
    if (s && !hurry) /* save runs of programs that crashed first, because they are older */
        history_recover(s);
    int code = s ? store_add(s, run, HISTORY_MOST, err) : ERR_FAILED;
    store_close(s);
    return code;
}
