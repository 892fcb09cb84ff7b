#include "ui/report/report.h"
void report_html(const struct json_t *run, struct text *t){(void)run;(void)t;}
void report_markdown(const struct json_t *run, struct text *t){(void)run;(void)t;}
void report_plain(const struct json_t *run, struct text *t){(void)run;(void)t;}
