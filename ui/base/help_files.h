/* The texts of ui/help/, which the build embeds (cmake/Help.cmake): one constant for each file.
 *
 * Texts that can be generated from a table of the program are not in them; they are added after the
 * text. */
#ifndef LOADTOP_UI_BASE_HELP_FILES_H
#define LOADTOP_UI_BASE_HELP_FILES_H

extern const char help_backends[];
extern const char help_commands[];
extern const char help_compare[];
extern const char help_compare_method[]; /* one paragraph: how two runs are compared */
extern const char help_counting[];
extern const char help_exit_codes[];
extern const char help_fit[];
extern const char help_keys[];
extern const char help_patterns[];
extern const char help_protection[];
extern const char help_scenario[];
extern const char help_usage[]; /* --help, before its options */

#endif
