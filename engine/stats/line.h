/* Straight lines through points, and the growth of one figure with another. Pure functions; x and y
 * must be finite. */
#ifndef LOADTOP_ENGINE_STATS_LINE_H
#define LOADTOP_ENGINE_STATS_LINE_H

#include <stdbool.h>
#include <stddef.h>

/* Least squares: y = mean_y + slope (x - mean_x). */
struct line {
    size_t n;
    double mean_x, mean_y, slope;
    double sxx; /* sum of the squares of x - mean_x */
    double rss; /* of the residuals */
};

/* False, and a slope of NaN, with fewer than two points or when all x are equal. */
bool line_fit(struct line *, const double *x, const double *y, size_t n);
double line_residual(const struct line *, double x, double y);
/* Half the width of the slope's 95 % interval, by Student's t with n - 2 degrees of freedom; NaN
 * below three points. */
double line_slope_half95(const struct line *);

/* How y grows with n: the exponent of y ~ n^e by least squares of the logarithms, with its 95 %
 * interval. False, and NaN, with fewer than three points, values that are not positive, or n whose
 * logarithms lie so close together that the sum of their squares about the mean is not above
 * `least` (0: n must differ). */
bool line_power(const double *n, const double *y, size_t points, double least, double *exponent,
                double *low, double *high);

/* A slope that single outliers do not bend: the median of the slopes between all pairs of points
 * (Theil 1950; Sen, JASA 63, 1968), with Kendall's intervals. */
struct robust_slope {
    double slope;
    double low95, high95, low999, high999;
};
#define ROBUST_POINTS_MOST 64
/* n <= ROBUST_POINTS_MOST points with x ascending; pairs with equal x are left out. All NaN when no
 * pair remains. */
void line_robust(struct robust_slope *, const double *x, const double *y, unsigned n);

#endif
