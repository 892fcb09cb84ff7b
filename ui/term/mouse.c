/* The mouse's reports; see mouse.h. */
#include "ui/term/mouse.h"

#include <stdlib.h>

#include "ui/term/input.h"

enum { BUTTON_FIRST = 0, WHEEL_UP = 64, WHEEL_DOWN = 65 };

/* column and row from 1 */
static bool report(long button, long column, long row, struct input *in)
{
    if (column < 1 || row < 1 || column > 10000 || row > 10000)
        return false;
    if (button != BUTTON_FIRST && button != WHEEL_UP && button != WHEEL_DOWN)
        return false;
    *in = (struct input){.kind = button == WHEEL_UP     ? INPUT_WHEEL_UP
                                 : button == WHEEL_DOWN ? INPUT_WHEEL_DOWN
                                                        : INPUT_CLICK,
                         .x = (int)column - 1,
                         .y = (int)row - 1};
    return true;
}

bool mouse_is_x10(const char *params, uint32_t final)
{
    return final == 'M' && params[0] == '\0';
}

bool mouse_sgr(const char *params, uint32_t final, struct input *in)
{
    long v[3];
    char *end;

    if (params[0] != '<' || final != 'M') /* m is a release */
        return false;
    params++;
    for (int i = 0; i < 3; i++) {
        if (*params < '0' || *params > '9')
            return false;
        v[i] = strtol(params, &end, 10);
        if (*end != (i < 2 ? ';' : '\0'))
            return false;
        params = end + 1;
    }
    return report(v[0], v[1], v[2], in);
}

bool mouse_x10(const uint32_t three[3], struct input *in)
{
    for (int i = 0; i < 3; i++)
        if (three[i] < 32 || three[i] > 255)
            return false;
    return report((long)three[0] - 32, (long)three[1] - 32, (long)three[2] - 32, in);
}
