/* The mouse as terminals report it: SGR reports (ESC [ < button ; column ; row M or m) and the
 * older X10 ones (ESC [ M and three characters), as in xterm's ctlseqs.
 *
 * They are read here and not by curses: there, a report that its mask does not name (the release
 * after each click) makes the next read wait for input, and the screen stands still meanwhile. */
#ifndef LOADTOP_UI_TERM_MOUSE_H
#define LOADTOP_UI_TERM_MOUSE_H

#include <stdbool.h>
#include <stdint.h>

struct input;

/* Is a sequence whose parameters end in `final` an X10 report, of which three characters follow? */
bool mouse_is_x10(const char *params, uint32_t final);
/* From what stands between ESC [ and the final character ("<0;10;5"), or from the three characters
 * of an X10 report. False for what is no press of the first button and no wheel: releases, other
 * buttons, movement, and what is torn. Clicks with Shift, Alt or Ctrl are left to the terminal. */
bool mouse_sgr(const char *params, uint32_t final, struct input *);
bool mouse_x10(const uint32_t three[3], struct input *);

#endif
