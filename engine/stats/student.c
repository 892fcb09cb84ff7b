/* See student.h. */
#include "engine/stats/student.h"

#include <math.h>

#define NORMAL_95 1.959963984540054
/* degrees of freedom from which on t equals the normal distribution to five digits */
#define DF_NORMAL 1e6

/* The continued fraction of the incomplete beta function (Abramowitz and Stegun 26.5.8), by Lentz's
 * method. */
static double beta_fraction(double a, double b, double x)
{
    double c = 1, d = 1 - (a + b) * x / (a + 1), tiny = 1e-300;
    d = 1 / (fabs(d) < tiny ? tiny : d);
    double f = d;
    for (int m = 1; m < 500; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        for (int k = 0; k < 2; k++) {
            double term = k ? odd : even;
            d = 1 + term * d;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            c = 1 + term / c;
            c = fabs(c) < tiny ? tiny : c;
            f *= c * d;
        }
        if (fabs(c * d - 1) < 1e-14)
            break;
    }
    return f;
}

static double incomplete_beta(double a, double b, double x)
{
    if (x <= 0 || x >= 1)
        return x <= 0 ? 0 : 1;
    double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
    if (x < (a + 1) / (a + b + 2))
        return front * beta_fraction(a, b, x) / a;
    return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double student_p(double t, double df)
{
    if (!isfinite(t))
        return isnan(t) ? NAN : 0;
    return incomplete_beta(df / 2, 0.5, df / (df + t * t)); /* A&S 26.7.1 */
}

double student_t95(double df)
{
    /* the quantiles for infinitely many degrees of freedom, and for one */
    double low = NORMAL_95, high = 12.7063;
    if (df > DF_NORMAL)
        return NORMAL_95;
    if (!(df > 1))
        df = 1;
    while (high - low > 1e-9) {
        double t = (low + high) / 2;
        *(student_p(t, df) > 0.05 ? &low : &high) = t;
    }
    return high;
}
