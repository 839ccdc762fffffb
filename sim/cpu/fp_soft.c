/* Soft float in integer arithmetic, one implementation for half, single and double. By hand,
 * since the host's own arithmetic differs in NaNs, flush to zero and when a flag is set, and
 * the distribution has no package of a soft-float library. */
#include "sim/cpu/fp_soft.h"

#include <stddef.h>

__extension__ typedef unsigned __int128 wide;

typedef enum kind { ZERO, FINITE, INFINITE, QUIET, SIGNALLING } kind;

/* FINITE: frac / 2^LEAD * 2^exp, with bit LEAD the highest one. */
typedef struct number {
    kind kind;
    bool sign;
    int exp;
    wide frac;
} number;

enum { LEAD = 126 };

typedef struct shape {
    unsigned exp_bits, frac_bits;
} shape;

static const shape shapes[] = { { 5, 10 }, { 8, 23 }, { 11, 52 } };

static uint64_t exp_mask(shape s)
{
    return (1ull << s.exp_bits) - 1u;
}
static uint64_t frac_mask(shape s)
{
    return (1ull << s.frac_bits) - 1u;
}
static int bias(shape s)
{
    return (1 << (s.exp_bits - 1u)) - 1;
}
static uint64_t sign_bit(fp_size size)
{
    return 1ull << (shapes[size].exp_bits + shapes[size].frac_bits);
}
static uint64_t with_sign(fp_size size, bool sign, uint64_t rest)
{
    return (sign ? sign_bit(size) : 0) | rest;
}
static uint64_t infinity(fp_size size, bool sign)
{
    return with_sign(size, sign, exp_mask(shapes[size]) << shapes[size].frac_bits);
}
static uint64_t default_nan(fp_size size)
{
    return infinity(size, false) | 1ull << (shapes[size].frac_bits - 1u);
}
static uint64_t invalid(fp_size size, uint32_t *fpscr)
{
    *fpscr |= FPSCR_IOC;
    return default_nan(size);
}
static bool is_nan(number n)
{
    return n.kind >= QUIET;
}

/* Shifts right; what falls out stays as a one in the lowest bit. */
static wide shift_jam(wide value, unsigned by)
{
    if (by == 0)
        return value;
    if (by > 127)
        return value != 0;
    wide lost = value & (((wide)1 << by) - 1u);
    return value >> by | (lost != 0);
}

static number normalise(bool sign, int exp, wide frac)
{
    if (frac == 0)
        return (number){ .kind = ZERO, .sign = sign };
    if (frac >> (LEAD + 1)) {
        frac = shift_jam(frac, 1);
        exp++;
    }
    uint64_t high = (uint64_t)(frac >> 64);
    unsigned zeros = high ? (unsigned)__builtin_clzll(high)
                          : 64u + (unsigned)__builtin_clzll((uint64_t)frac);
    unsigned by = zeros - (127u - LEAD);
    return (number){ FINITE, sign, exp - (int)by, frac << by };
}

static number unpack(fp_size size, uint64_t bits, uint32_t *fpscr)
{
    shape s = shapes[size];
    uint64_t exp = bits >> s.frac_bits & exp_mask(s), frac = bits & frac_mask(s);
    bool sign = bits & sign_bit(size);
    if (exp == 0) {
        if (frac && size != FP_HALF && (*fpscr & FPSCR_FZ)) {
            *fpscr |= FPSCR_IDC;
            frac = 0;
        }
        return normalise(sign, 1 - bias(s), (wide)frac << (LEAD - s.frac_bits));
    }
    if (exp == exp_mask(s) && !(size == FP_HALF && (*fpscr & FPSCR_AHP))) {
        kind k = frac == 0 ? INFINITE : frac >> (s.frac_bits - 1u) ? QUIET : SIGNALLING;
        return (number){ .kind = k, .sign = sign };
    }
    return (number){ FINITE, sign, (int)exp - bias(s),
                     (wide)(frac | 1ull << s.frac_bits) << (LEAD - s.frac_bits) };
}

/* Is the value above bit `drop` to be made one larger? */
static bool rounds_up(wide frac, unsigned drop, bool sign, fp_rounding mode)
{
    wide rest = frac & (((wide)1 << drop) - 1u), half = (wide)1 << (drop - 1u);
    switch (mode) {
    case FP_NEAREST:
        return rest > half || (rest == half && (frac >> drop & 1u));
    case FP_AWAY:
        return rest >= half;
    case FP_UP:
        return rest && !sign;
    case FP_DOWN:
        return rest && sign;
    default:
        return false;
    }
}

static uint64_t overflow(fp_size size, bool sign, fp_rounding mode, uint32_t *fpscr)
{
    if (size == FP_HALF && (*fpscr & FPSCR_AHP)) {
        *fpscr |= FPSCR_IOC;
        return with_sign(size, sign, 0x7FFF);
    }
    *fpscr |= FPSCR_OFC | FPSCR_IXC;
    bool to_infinity = mode == FP_NEAREST || mode == FP_AWAY || mode == (sign ? FP_DOWN : FP_UP);
    return infinity(size, sign) - (to_infinity ? 0 : 1u);
}

/* FPRound. Tininess is detected before rounding. */
static uint64_t pack(fp_size size, number n, fp_rounding mode, uint32_t *fpscr)
{
    shape s = shapes[size];
    if (n.kind == INFINITE)
        return infinity(size, n.sign);
    if (n.kind == ZERO)
        return with_sign(size, n.sign, 0);
    int exp = n.exp + bias(s);
    if (exp < 1) {
        if (size != FP_HALF && (*fpscr & FPSCR_FZ)) {
            *fpscr |= FPSCR_UFC;
            return with_sign(size, n.sign, 0);
        }
        n.frac = shift_jam(n.frac, (unsigned)(1 - exp));
        exp = 0;
    }
    unsigned drop = LEAD - s.frac_bits;
    bool inexact = n.frac & (((wide)1 << drop) - 1u);
    if (exp == 0 && inexact)
        *fpscr |= FPSCR_UFC;
    uint64_t mantissa = (uint64_t)(n.frac >> drop) + rounds_up(n.frac, drop, n.sign, mode);
    if (mantissa >> (s.frac_bits + 1u)) {
        mantissa >>= 1;
        exp++;
    } else if (exp == 0 && mantissa >> s.frac_bits) {
        exp = 1;
    }
    bool alternative = size == FP_HALF && (*fpscr & FPSCR_AHP);
    if ((uint64_t)exp >= exp_mask(s) + alternative)
        return overflow(size, n.sign, mode, fpscr);
    if (inexact)
        *fpscr |= FPSCR_IXC;
    return with_sign(size, n.sign, (uint64_t)exp << s.frac_bits | (mantissa & frac_mask(s)));
}

/* ---- NaNs ---------------------------------------------------------------------------- */

static uint64_t quieted(fp_size size, uint64_t bits, number n, uint32_t *fpscr)
{
    if (n.kind == SIGNALLING) {
        *fpscr |= FPSCR_IOC;
        bits |= 1ull << (shapes[size].frac_bits - 1u);
    }
    return *fpscr & FPSCR_DN ? default_nan(size) : bits;
}

/* FPProcessNaNs: the first signalling one, else the first quiet one. */
static bool nan_among(fp_size size, const uint64_t *bits, const number *n, size_t count,
                      uint32_t *fpscr, uint64_t *result)
{
    for (kind k = SIGNALLING; k >= QUIET; k--)
        for (size_t i = 0; i < count; i++)
            if (n[i].kind == k) {
                *result = quieted(size, bits[i], n[i], fpscr);
                return true;
            }
    return false;
}

/* ---- arithmetic ---------------------------------------------------------------------- */

static number multiply(number a, number b)
{
    bool sign = a.sign != b.sign;
    if (a.kind == INFINITE || b.kind == INFINITE)
        return (number){ .kind = INFINITE, .sign = sign };
    if (a.kind == ZERO || b.kind == ZERO)
        return (number){ .kind = ZERO, .sign = sign };
    /* No format has more than 53 bits, so the upper halves are all there is. */
    wide product = (wide)(uint64_t)(a.frac >> 64) * (uint64_t)(b.frac >> 64);
    return normalise(sign, a.exp + b.exp, product << (LEAD - 2 * (LEAD - 64)));
}

/* Neither is a NaN, and not infinities of different sign. */
static number sum(number a, number b, fp_rounding mode)
{
    if (a.kind == ZERO && b.kind == ZERO) {
        bool sign = a.sign == b.sign ? a.sign : mode == FP_DOWN;
        return (number){ .kind = ZERO, .sign = sign };
    }
    if (a.kind == INFINITE || b.kind == ZERO)
        return a;
    if (b.kind == INFINITE || a.kind == ZERO)
        return b;
    if (a.exp < b.exp || (a.exp == b.exp && a.frac < b.frac)) {
        number other = a;
        a = b;
        b = other;
    }
    wide small = shift_jam(b.frac, (unsigned)(a.exp - b.exp));
    if (a.sign == b.sign)
        return normalise(a.sign, a.exp, a.frac + small);
    number r = normalise(a.sign, a.exp, a.frac - small);
    if (r.kind == ZERO)
        r.sign = mode == FP_DOWN;
    return r;
}

static bool opposite_infinities(number a, number b)
{
    return a.kind == INFINITE && b.kind == INFINITE && a.sign != b.sign;
}

static uint64_t add(fp_size size, uint64_t a, uint64_t b, bool negate, uint32_t *fpscr)
{
    const uint64_t bits[] = { a, b };
    number n[2];
    for (size_t i = 0; i < 2; i++)
        n[i] = unpack(size, bits[i], fpscr);
    uint64_t result;
    if (nan_among(size, bits, n, 2, fpscr, &result))
        return result;
    n[1].sign = n[1].sign != negate;
    if (opposite_infinities(n[0], n[1]))
        return invalid(size, fpscr);
    fp_rounding mode = fp_mode(*fpscr);
    return pack(size, sum(n[0], n[1], mode), mode, fpscr);
}

uint64_t fp_add(fp_size size, uint64_t a, uint64_t b, uint32_t *fpscr)
{
    return add(size, a, b, false, fpscr);
}

uint64_t fp_sub(fp_size size, uint64_t a, uint64_t b, uint32_t *fpscr)
{
    return add(size, a, b, true, fpscr);
}

static bool zero_by_infinity(number a, number b)
{
    return (a.kind == ZERO && b.kind == INFINITE) || (a.kind == INFINITE && b.kind == ZERO);
}

uint64_t fp_mul(fp_size size, uint64_t a, uint64_t b, uint32_t *fpscr)
{
    const uint64_t bits[] = { a, b };
    number n[2];
    for (size_t i = 0; i < 2; i++)
        n[i] = unpack(size, bits[i], fpscr);
    uint64_t result;
    if (nan_among(size, bits, n, 2, fpscr, &result))
        return result;
    if (zero_by_infinity(n[0], n[1]))
        return invalid(size, fpscr);
    return pack(size, multiply(n[0], n[1]), fp_mode(*fpscr), fpscr);
}

uint64_t fp_fma(fp_size size, uint64_t addend, uint64_t a, uint64_t b, uint32_t *fpscr)
{
    const uint64_t bits[] = { addend, a, b };
    number n[3];
    for (size_t i = 0; i < 3; i++)
        n[i] = unpack(size, bits[i], fpscr);
    uint64_t result;
    bool no_product = zero_by_infinity(n[1], n[2]);
    if (n[0].kind == QUIET && no_product)
        return invalid(size, fpscr);
    if (nan_among(size, bits, n, 3, fpscr, &result))
        return result;
    if (no_product)
        return invalid(size, fpscr);
    number product = multiply(n[1], n[2]);
    if (opposite_infinities(n[0], product))
        return invalid(size, fpscr);
    fp_rounding mode = fp_mode(*fpscr);
    return pack(size, sum(n[0], product, mode), mode, fpscr);
}

uint64_t fp_div(fp_size size, uint64_t a, uint64_t b, uint32_t *fpscr)
{
    const uint64_t bits[] = { a, b };
    number n[2];
    for (size_t i = 0; i < 2; i++)
        n[i] = unpack(size, bits[i], fpscr);
    uint64_t result;
    if (nan_among(size, bits, n, 2, fpscr, &result))
        return result;
    if (n[0].kind == n[1].kind && n[0].kind != FINITE)
        return invalid(size, fpscr);
    bool sign = n[0].sign != n[1].sign;
    if (n[0].kind == INFINITE || n[1].kind == ZERO) {
        if (n[1].kind == ZERO && n[0].kind == FINITE)
            *fpscr |= FPSCR_DZC;
        return infinity(size, sign);
    }
    if (n[0].kind == ZERO || n[1].kind == INFINITE)
        return with_sign(size, sign, 0);
    uint64_t divisor = (uint64_t)(n[1].frac >> 64);
    wide quotient = n[0].frac / divisor; /* of 2^63 to 2^65: 64 bits of fraction */
    bool rest = n[0].frac % divisor;
    number q = normalise(sign, n[0].exp - n[1].exp, quotient << (LEAD - 64) | rest);
    return pack(size, q, fp_mode(*fpscr), fpscr);
}

uint64_t fp_sqrt(fp_size size, uint64_t a, uint32_t *fpscr)
{
    number n = unpack(size, a, fpscr);
    if (is_nan(n))
        return quieted(size, a, n, fpscr);
    if (n.kind == ZERO)
        return with_sign(size, n.sign, 0);
    if (n.sign)
        return invalid(size, fpscr);
    if (n.kind == INFINITE)
        return infinity(size, false);
    if (n.exp & 1) {
        n.frac <<= 1;
        n.exp--;
    }
    wide left = n.frac, root = 0;
    for (wide bit = (wide)1 << LEAD; bit; bit >>= 2) {
        if (left >= root + bit) {
            left -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    number r = normalise(false, n.exp / 2, root << (LEAD - LEAD / 2) | (left != 0));
    return pack(size, r, fp_mode(*fpscr), fpscr);
}

/* -1, 0, 1; neither is a NaN. */
static int order(number a, number b)
{
    if (a.kind == ZERO && b.kind == ZERO)
        return 0;
    int way = a.sign ? -1 : 1;
    if (a.kind == ZERO)
        return b.sign ? 1 : -1;
    if (b.kind == ZERO || a.sign != b.sign)
        return way;
    if (a.kind == INFINITE || b.kind == INFINITE)
        return a.kind == b.kind ? 0 : a.kind == INFINITE ? way : -way;
    if (a.exp != b.exp)
        return a.exp > b.exp ? way : -way;
    return a.frac == b.frac ? 0 : a.frac > b.frac ? way : -way;
}

uint64_t fp_max_num(fp_size size, uint64_t a, uint64_t b, bool min, uint32_t *fpscr)
{
    const uint64_t bits[] = { a, b };
    number n[2];
    for (size_t i = 0; i < 2; i++)
        n[i] = unpack(size, bits[i], fpscr);
    /* A quiet NaN beside anything else loses against it. */
    for (size_t i = 0; i < 2; i++)
        if (n[i].kind == QUIET && n[1 - i].kind != QUIET)
            n[i] = (number){ .kind = INFINITE, .sign = !min };
    uint64_t result;
    if (nan_among(size, bits, n, 2, fpscr, &result))
        return result;
    bool first = min ? order(n[0], n[1]) < 0 : order(n[0], n[1]) > 0;
    number r = first ? n[0] : n[1];
    if (r.kind == ZERO)
        r.sign = min ? n[0].sign || n[1].sign : n[0].sign && n[1].sign;
    return pack(size, r, fp_mode(*fpscr), fpscr);
}

uint32_t fp_compare(fp_size size, uint64_t a, uint64_t b, bool signal, uint32_t *fpscr)
{
    number x = unpack(size, a, fpscr), y = unpack(size, b, fpscr);
    if (is_nan(x) || is_nan(y)) {
        if (signal || x.kind == SIGNALLING || y.kind == SIGNALLING)
            *fpscr |= FPSCR_IOC;
        return 3u << 28;
    }
    int way = order(x, y);
    return way < 0 ? 8u << 28 : way == 0 ? 6u << 28 : 2u << 28;
}

/* ---- conversion ---------------------------------------------------------------------- */

/* A NaN keeps its sign and the upper part of its fraction. */
static uint64_t convert_nan(fp_size from, fp_size to, uint64_t a, number n, uint32_t *fpscr)
{
    if (n.kind == SIGNALLING)
        *fpscr |= FPSCR_IOC;
    if (to == FP_HALF && (*fpscr & FPSCR_AHP)) { /* has no NaN */
        *fpscr |= FPSCR_IOC;
        return with_sign(to, n.sign, 0);
    }
    if (*fpscr & FPSCR_DN)
        return default_nan(to);
    unsigned have = shapes[from].frac_bits, want = shapes[to].frac_bits;
    uint64_t frac = a & frac_mask(shapes[from]);
    frac = want > have ? frac << (want - have) : frac >> (have - want);
    return with_sign(to, n.sign, default_nan(to) | frac);
}

uint64_t fp_convert(fp_size from, fp_size to, uint64_t a, uint32_t *fpscr)
{
    number n = unpack(from, a, fpscr);
    if (is_nan(n))
        return convert_nan(from, to, a, n, fpscr);
    if (n.kind == INFINITE && to == FP_HALF && (*fpscr & FPSCR_AHP)) {
        *fpscr |= FPSCR_IOC;
        return with_sign(to, n.sign, 0x7FFF);
    }
    return pack(to, n, fp_mode(*fpscr), fpscr);
}

/* The magnitude as an integer; n.exp is below 64. */
static uint64_t integral(number n, fp_rounding mode, bool *inexact)
{
    int drop = LEAD - n.exp;
    if (drop > 127) {
        n.frac = shift_jam(n.frac, (unsigned)(drop - 127));
        drop = 127;
    }
    *inexact = n.frac & (((wide)1 << drop) - 1u);
    return (uint64_t)(n.frac >> drop) + rounds_up(n.frac, (unsigned)drop, n.sign, mode);
}

uint64_t fp_round_int(fp_size size, uint64_t a, fp_rounding mode, bool exact, uint32_t *fpscr)
{
    number n = unpack(size, a, fpscr);
    if (is_nan(n))
        return quieted(size, a, n, fpscr);
    if (n.kind != FINITE || n.exp >= (int)shapes[size].frac_bits)
        return pack(size, n, mode, fpscr);
    bool inexact;
    uint64_t magnitude = integral(n, mode, &inexact);
    if (inexact && exact)
        *fpscr |= FPSCR_IXC;
    return pack(size, normalise(n.sign, LEAD, magnitude), mode, fpscr);
}

uint32_t fp_to_fixed(fp_size size, uint64_t a, unsigned bits, unsigned fraction, bool is_signed,
                     fp_rounding mode, uint32_t *fpscr)
{
    number n = unpack(size, a, fpscr);
    uint64_t top = is_signed ? 1ull << (bits - 1u) : 1ull << bits, magnitude = 0;
    uint64_t limit = !n.sign ? top - 1u : is_signed ? top : 0; /* largest magnitude */
    bool inexact = false;
    if (is_nan(n)) {
        *fpscr |= FPSCR_IOC;
        return 0;
    }
    n.exp += (int)fraction;
    bool huge = n.kind == INFINITE || (n.kind == FINITE && n.exp >= 63);
    if (n.kind == FINITE && !huge)
        magnitude = integral(n, mode, &inexact);
    if (huge || magnitude > limit) {
        *fpscr |= FPSCR_IOC;
        magnitude = limit;
    } else if (inexact) {
        *fpscr |= FPSCR_IXC;
    }
    return (uint32_t)(n.sign ? 0 - magnitude : magnitude);
}

uint64_t fp_from_fixed(fp_size size, int64_t value, unsigned fraction, fp_rounding mode,
                       uint32_t *fpscr)
{
    bool sign = value < 0;
    uint64_t magnitude = sign ? 0 - (uint64_t)value : (uint64_t)value;
    return pack(size, normalise(sign, LEAD - (int)fraction, magnitude), mode, fpscr);
}

/* ---- bits ---------------------------------------------------------------------------- */

uint64_t fp_negate(fp_size size, uint64_t a)
{
    return a ^ sign_bit(size);
}

uint64_t fp_absolute(fp_size size, uint64_t a)
{
    return a & ~sign_bit(size);
}

/* VFPExpandImm: sign, NOT(b), b repeated, cd, efgh, zeros. */
uint64_t fp_expand_imm(fp_size size, uint32_t imm8)
{
    shape s = shapes[size];
    uint64_t b = imm8 >> 6 & 1u, repeated = b ? (1ull << (s.exp_bits - 3u)) - 1u : 0;
    uint64_t exp = (b ^ 1u) << (s.exp_bits - 1u) | repeated << 2 | (imm8 >> 4 & 3u);
    return with_sign(size, imm8 >> 7, exp << s.frac_bits |
                                          (uint64_t)(imm8 & 15u) << (s.frac_bits - 4u));
}
