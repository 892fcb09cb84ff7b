/* The mouse as terminals report it: SGR reports (ESC [ < button ; column ; row M or m) and the
 * older X10 ones (ESC [ M and three characters), as in xterm's ctlseqs.
 *
 * They are parsed here and not by curses, where a report outside the event mask (the release after
 * each click) makes the next read block until there is input. */
#ifndef LOADTOP_UI_TERM_MOUSE_H
#define LOADTOP_UI_TERM_MOUSE_H

#include <stdbool.h>
#include <stdint.h>

struct input;

/* Is a sequence whose parameters end in `final` an X10 report, of which three characters follow? */
bool mouse_is_x10(const char *params, uint32_t final);
/* Parses the text between ESC [ and the final character ("<0;10;5"), or the three characters of an
 * X10 report. False for anything but a press of the first button or the wheel: releases, other
 * buttons, movement, and incomplete reports. Clicks with Shift, Alt or Ctrl are left to the
 * terminal. */
bool mouse_sgr(const char *params, uint32_t final, struct input *);
bool mouse_x10(const uint32_t three[3], struct input *);

#endif
