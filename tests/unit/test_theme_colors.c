/* Each theme in each colour tier, by computation: can the text be read, and do the series stay
 * apart for eyes that see red and green alike?
 *
 * Contrast is WCAG 2's (relative luminance of sRGB). Colour blindness is simulated by the matrices
 * of Machado, Oliveira and Fernandes (IEEE TVCG 15(6), 2009) of severity 1, in linear RGB. The
 * distance is CIEDE2000 by Sharma, Wu and Dalal (Color Research and Application 30(1), 2005), whose
 * published pairs are tested first. The colours are those that are sent: of a palette's index
 * xterm's RGB. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/err.h"
#include "ui/term/theme.h"
#include "ui/term/theme_files.h"

#define PI 3.14159265358979323846
#define APART 8.0

struct lab {
    double l, a, b;
};

enum sight { NORMAL, PROTANOPIA, DEUTERANOPIA, SIGHTS };
static const char *const sight_names[] = {"normal sight", "protanopia", "deuteranopia"};

static double linear(unsigned c)
{
    double v = c / 255.0;

    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

static double luminance(uint32_t rgb)
{
    return 0.2126 * linear(rgb >> 16 & 255) + 0.7152 * linear(rgb >> 8 & 255) +
           0.0722 * linear(rgb & 255);
}

static double contrast(uint32_t a, uint32_t b)
{
    double x = luminance(a), y = luminance(b);

    return (fmax(x, y) + 0.05) / (fmin(x, y) + 0.05);
}

static double lab_f(double t)
{
    return t > 216.0 / 24389 ? cbrt(t) : (24389.0 / 27 * t + 16) / 116;
}

static struct lab lab_of(uint32_t rgb, enum sight sight)
{
    static const double seen[SIGHTS][3][3] = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
                                              {{0.152286, 1.052583, -0.204868},
                                               {0.114503, 0.786281, 0.099216},
                                               {-0.003882, -0.048116, 1.051998}},
                                              {{0.367322, 0.860646, -0.227968},
                                               {0.280085, 0.672501, 0.047413},
                                               {-0.011820, 0.042940, 0.968881}}};
    double in[3] = {linear(rgb >> 16 & 255), linear(rgb >> 8 & 255), linear(rgb & 255)}, v[3];
    double x, y, z;

    for (int i = 0; i < 3; i++) {
        v[i] = seen[sight][i][0] * in[0] + seen[sight][i][1] * in[1] + seen[sight][i][2] * in[2];
        v[i] = fmin(fmax(v[i], 0), 1);
    }
    x = lab_f((0.4124564 * v[0] + 0.3575761 * v[1] + 0.1804375 * v[2]) / 0.95047);
    y = lab_f(0.2126729 * v[0] + 0.7151522 * v[1] + 0.0721750 * v[2]);
    z = lab_f((0.0193339 * v[0] + 0.1191920 * v[1] + 0.9503041 * v[2]) / 1.08883);
    return (struct lab){116 * y - 16, 500 * (x - y), 200 * (y - z)};
}

static double hue(double a, double b)
{
    double h = a == 0 && b == 0 ? 0 : atan2(b, a) * 180 / PI;

    return h < 0 ? h + 360 : h;
}

static double cosd(double degrees)
{
    return cos(degrees * PI / 180);
}

static double ciede2000(struct lab p, struct lab q)
{
    double c7 = pow((hypot(p.a, p.b) + hypot(q.a, q.b)) / 2, 7), p25 = pow(25, 7);
    double g = 1 + 0.5 * (1 - sqrt(c7 / (c7 + p25)));
    double c1 = hypot(p.a * g, p.b), c2 = hypot(q.a * g, q.b);
    double h1 = hue(p.a * g, p.b), h2 = hue(q.a * g, q.b), dh = h2 - h1, hm = h1 + h2;
    double l = (p.l + q.l) / 2 - 50, c = (c1 + c2) / 2, t, sl, sc, sh, rt, x, y, z;

    dh = c1 * c2 == 0 ? 0 : dh > 180 ? dh - 360 : dh < -180 ? dh + 360 : dh;
    if (c1 * c2 != 0)
        hm = fabs(h1 - h2) <= 180 ? hm / 2 : hm < 360 ? (hm + 360) / 2 : (hm - 360) / 2;
    t = 1 - 0.17 * cosd(hm - 30) + 0.24 * cosd(2 * hm) + 0.32 * cosd(3 * hm + 6) -
        0.20 * cosd(4 * hm - 63);
    sl = 1 + 0.015 * l * l / sqrt(20 + l * l);
    sc = 1 + 0.045 * c;
    sh = 1 + 0.015 * c * t;
    rt = -2 * sqrt(pow(c, 7) / (pow(c, 7) + p25)) *
         sin(60 * exp(-pow((hm - 275) / 25, 2)) * PI / 180);
    x = (q.l - p.l) / sl;
    y = (c2 - c1) / sc;
    z = 2 * sqrt(c1 * c2) * sin(dh / 2 * PI / 180) / sh;
    return sqrt(x * x + y * y + z * z + rt * y * z);
}

/* Pairs of the paper's table 1. */
static void test_the_distance_itself(void **state)
{
    static const struct {
        struct lab p, q;
        double distance;
    } pair[] = {{{50, 2.6772, -79.7751}, {50, 0, -82.7485}, 2.0425},
                {{50, -1.3802, -84.2814}, {50, 0, -82.7485}, 1.0000},
                {{50, 2.49, -0.001}, {50, -2.49, 0.0011}, 7.2195},
                {{50, 2.5, 0}, {73, 25, -18}, 27.1492},
                {{60.2574, -34.0099, 36.2677}, {60.4626, -34.1751, 39.4387}, 1.2644},
                {{2.0776, 0.0795, -1.1350}, {0.9033, -0.0636, -0.5514}, 0.9082}};

    (void)state;
    for (size_t i = 0; i < sizeof pair / sizeof *pair; i++)
        assert_float_equal(ciede2000(pair[i].p, pair[i].q), pair[i].distance, 1e-4);
    assert_float_equal(contrast(0x000000, 0xffffff), 21, 1e-9);
    assert_float_equal(contrast(0x767676, 0xffffff), 4.54, 0.005); /* WCAG's own example */
}

/* ---- what is sent ---- */

static uint32_t rgb_of(int32_t color, enum tier tier, uint32_t unset)
{
    if (color < 0)
        return unset;
    return tier == TIER_DIRECT ? (uint32_t)color : color_256_rgb(color);
}

/* The theme's ground; where that is the terminal's own, `i` 1 is the plainest that there is. */
static uint32_t ground_of(const struct theme *t, int i)
{
    uint32_t ground = t->ground >= 0 ? (uint32_t)t->ground : 0;

    if (i == 0)
        return ground;
    return luminance(ground) < 0.18 ? 0x000000 : 0xffffff;
}

static double contrast_of(const struct theme *t, enum tier tier, enum role role, enum role back,
                          int i)
{
    struct style s = theme_style(t, tier, role, back, 0);
    uint32_t ground = ground_of(t, i), ink = luminance(ground) < 0.18 ? 0xc9d1dc : 0x24292f;

    if (tier == TIER_16) /* such a terminal's ground is black, or white */
        ground = ground_of(t, 1);
    return contrast(rgb_of(s.fg, tier, ink), rgb_of(s.bg, tier, ground));
}

static bool is_one_of(enum role role, const enum role *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (list[i] == role)
            return true;
    return false;
}

static void need(const struct theme *t, enum tier tier, enum role role, enum role back,
                 double least)
{
    for (int i = 0; i < 2; i++) {
        double c = contrast_of(t, tier, role, back, i);

        if (c < least - 0.005)
            fail_msg("%s, %s: %s on %s has a contrast of %.2f, below %.1f", t->name,
                     tier_name(tier), role_name(role), role_name(back), c, least);
    }
}

static const enum role graphics[] = {ROLE_BORDER,   ROLE_GRID,   ROLE_AREA,  ROLE_AREA2,
                                     ROLE_AREA3,    ROLE_AREA4,  ROLE_IDEAL, ROLE_HEAT1,
                                     ROLE_HEAT2,    ROLE_HEAT3,  ROLE_HEAT4, ROLE_HEAT5,
                                     ROLE_GENERATE, ROLE_CLIENT, ROLE_WAIT,  ROLE_IDLE};
static const enum role data[] = {ROLE_SPARK,   ROLE_SERIES1, ROLE_SERIES2, ROLE_SERIES3,
                                 ROLE_SERIES4, ROLE_SERIES5, ROLE_SERIES6};
static const enum role backs[] = {ROLE_TEXT, ROLE_BAR, ROLE_SELECTED, ROLE_DIALOG};

static void each_theme(void (*check)(const struct theme *, enum tier))
{
    for (int i = 0; builtin_themes[i].name; i++) {
        struct theme t;
        struct err err = {0};

        if (theme_parse(&t, builtin_themes[i].name, builtin_themes[i].text, &err))
            fail_msg("%s", err.msg);
        for (int tier = 0; tier < TIER_NONE; tier++)
            check(&t, (enum tier)tier);
    }
}

static void text_can_be_read(const struct theme *t, enum tier tier)
{
    double least = strcmp(t->name, "contrast") != 0 ? 4.5 : 7;

    for (int role = 0; role < ROLES; role++) {
        if (is_one_of((enum role)role, graphics, sizeof graphics / sizeof *graphics))
            continue;
        if (is_one_of((enum role)role, data, sizeof data / sizeof *data)) {
            need(t, tier, (enum role)role, ROLE_TEXT, 3);
            continue;
        }
        for (size_t i = 0; i < sizeof backs / sizeof *backs; i++)
            need(t, tier, (enum role)role, backs[i], least);
    }
}

static void test_text_can_be_read(void **state)
{
    (void)state;
    each_theme(text_can_be_read);
}

static void apart(const struct theme *t, enum tier tier, const enum role *role, int n)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < i; j++) {
            const struct style *a = &t->style[tier][role[i]], *b = &t->style[tier][role[j]];
            uint32_t x = rgb_of(a->fg, tier, ground_of(t, 0));
            uint32_t y = rgb_of(b->fg, tier, ground_of(t, 0));

            /* four greys: weight and underline do it */
            if (tier == TIER_16 && !strcmp(t->name, "mono") && a->attr != b->attr)
                continue;
            for (int sight = 0; sight < SIGHTS; sight++) {
                double d = ciede2000(lab_of(x, (enum sight)sight), lab_of(y, (enum sight)sight));

                if (d < APART)
                    fail_msg("%s, %s, %s: %s and %s are %.1f apart, below %.0f", t->name,
                             tier_name(tier), sight_names[sight], role_name(role[i]),
                             role_name(role[j]), d, APART);
            }
        }
}

static void series_stay_apart(const struct theme *t, enum tier tier)
{
    static const enum role series[] = {ROLE_SERIES1, ROLE_SERIES2, ROLE_SERIES3,
                                       ROLE_SERIES4, ROLE_SERIES5, ROLE_SERIES6};
    static const enum role latency[] = {ROLE_P50, ROLE_P99, ROLE_RESPONSE};

    apart(t, tier, series, 6);
    apart(t, tier, latency, 3);
}

static void test_series_stay_apart(void **state)
{
    (void)state;
    each_theme(series_stay_apart);
}

/* More is always lighter on a dark ground, darker on a light one: read without any colour. */
static void ramps_rise(const struct theme *t, enum tier tier)
{
    static const enum role ramp[2][5] = {
        {ROLE_HEAT1, ROLE_HEAT2, ROLE_HEAT3, ROLE_HEAT4, ROLE_HEAT5},
        {ROLE_AREA, ROLE_AREA2, ROLE_AREA3, ROLE_AREA4, ROLE_AREA4}};

    /* there the heatmap's shades and the plot's height say it */
    if (tier == TIER_16)
        return;
    for (int r = 0; r < 2; r++)
        for (int i = 1; i < 5 - r; i++) {
            double before = contrast_of(t, tier, ramp[r][i - 1], ROLE_TEXT, 0);

            if (contrast_of(t, tier, ramp[r][i], ROLE_TEXT, 0) < before * 1.1)
                fail_msg("%s, %s: %s stands out no more than %s", t->name, tier_name(tier),
                         role_name(ramp[r][i]), role_name(ramp[r][i - 1]));
        }
}

static void test_ramps_rise(void **state)
{
    (void)state;
    each_theme(ramps_rise);
}

static void test_there_are_enough(void **state)
{
    int n = 0;

    (void)state;
    while (builtin_themes[n].name)
        n++;
    assert_true(n >= 8);
    assert_string_equal(builtin_themes[0].name, "dusk");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_distance_itself), cmocka_unit_test(test_text_can_be_read),
        cmocka_unit_test(test_series_stay_apart),   cmocka_unit_test(test_ramps_rise),
        cmocka_unit_test(test_there_are_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
