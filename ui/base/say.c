/* Printing and error messages; see say.h. */
#include "ui/base/say.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/err.h"
#include "engine/base/secret.h"
#include "engine/base/text.h"
#include "engine/base/utf8.h"
#include "ui/base/exit_code.h"
#include "ui/base/fd_write.h"

void complain(const char *fmt, ...)
{
    char line[1024] = "loadtop: ";
    const int before = (int)strlen(line), room = (int)sizeof line - before - 1;
    va_list args;
    va_start(args, fmt);
    if (vsnprintf(line + before, (size_t)room, fmt, args) < 0)
        line[before] = '\0';
    va_end(args);
    secret_hide_places(line);
    clean_str(line + before);
    size_t len = strlen(line);
    line[len++] = '\n';
    fd_write_all(STDERR_FILENO, "stderr", line, len, OUT_BLINK_MS, NULL);
}

void keep_standard_descriptors(void)
{
    /* Otherwise a connection could get descriptor 1 and receive the summary. */
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            open("/dev/null", fd == STDOUT_FILENO ? O_RDONLY : O_RDWR);
}

int print_bytes(int fd, const char *what, const char *text, unsigned long len, bool hurry)
{
    struct err err = {0};
    if (fd_write_all(fd, what, text, len, hurry ? OUT_BLINK_MS : -1, &err) == 0)
        return EXIT_DONE;
    complain("%s", err.msg);
    return EXIT_FAILED;
}

int print_page(int fd, const char *what, const char *text, unsigned long len, bool hurry)
{
    struct text page = {.limit = SIZE_MAX / 4};
    text_put(&page, text, len);
    int code =
        print_bytes(fd, what, text_str(&page), page.s ? clean_lines(page.s, page.len) : 0, hurry);
    text_free(&page);
    return code;
}

int print_stdout(const char *text, unsigned long len)
{
    return print_page(STDOUT_FILENO, "stdout", text, len, false);
}

int print_colored(const char *text, unsigned long len)
{
    return print_bytes(STDOUT_FILENO, "stdout", text, len, false);
}
