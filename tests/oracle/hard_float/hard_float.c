/* An application built with -mfloat-abi=hard: floating point in the program, in an interrupt in
 * the middle of it, and in one that interrupts that; and an interrupt that leaves the registers
 * alone, so that the frame's place for them is never filled. With lazy stacking and without, on
 * either stack. `real` is float, or double where the core has it. */
#include <stdint.h>

typedef volatile uint32_t reg;
#define NVIC_ISER (*(reg *)0xE000E100u)
#define NVIC_ISPR (*(reg *)0xE000E200u)
#define NVIC_IPR ((volatile uint8_t *)0xE000E400u)
#define CPACR (*(reg *)0xE000ED88u)
#define FPCCR (*(reg *)0xE000EF34u)

enum { ADDING, NESTING, COUNTING, TERMS = 24, DIMENSION = 3 };

static volatile real total, deepest;
static volatile unsigned counted;
static volatile float singles[4];

void start(void);
void finish(void);
void irq0_handler(void);
void irq1_handler(void);
void irq2_handler(void);

static inline void interrupt(unsigned n)
{
    NVIC_ISPR = 1u << n;
    __asm volatile("dsb\n isb" ::: "memory");
}

/* Of higher priority: it comes into irq0_handler() and finds its frame still to be written. */
void irq1_handler(void)
{
    deepest = deepest * (real)0.75 + (real)counted;
}

void irq0_handler(void)
{
    interrupt(NESTING);
    real half = total * (real)0.5;
    interrupt(NESTING);
    total = half + (real)3.0 - deepest / (real)7.0;
}

void irq2_handler(void)
{
    counted++;
}

__attribute__((noinline)) static real reciprocal_squares(unsigned terms, real weight)
{
    real sum = (real)0.0;
    for (unsigned n = terms; n > 0u; n--) {
        real x = (real)n;
        sum += weight / (x * x);
        interrupt(n % 3u);
    }
    return sum;
}

__attribute__((noinline)) static float product(const float *a, const float *b, float scale)
{
    float trace = 0.0f;
    for (unsigned i = 0; i < DIMENSION; i++) {
        for (unsigned j = 0; j < DIMENSION; j++) {
            trace += a[i * DIMENSION + j] * b[j * DIMENSION + i] * scale;
        }
        interrupt(ADDING);
    }
    return __builtin_sqrtf(trace);
}

__attribute__((noinline)) static void work(void)
{
    static const float a[] = {1.5f, -2.25f, 3.0f, 0.1f, 1e-3f, 7.0f, -0.5f, 2.0f, 1.0f / 3.0f};
    static const float b[] = {2.0f, 0.25f, 1.0f, 8.0f, 5e2f, 1.25f, 0.75f, 0.2f, 6.0f};
    real sum = reciprocal_squares(TERMS, (real)1.0);
    singles[0] = (float)sum;
    singles[1] = product(a, b, (float)sum);
    singles[2] = (float)(int)(singles[1] * 100.0f);
    singles[3] = (float)total;
}

/* The process stack lies below the main stack; the program goes on it and back. */
static void on_process_stack(void)
{
    __asm volatile("msr psp, %0\n"
                   "mrs r0, control\n orr r0, #2\n msr control, r0\n isb\n"
                   :: "r"(0x20000C00u) : "r0", "memory");
    work();
    __asm volatile("mrs r0, control\n bic r0, #2\n msr control, r0\n isb\n" ::: "r0", "memory");
}

void start(void)
{
    CPACR |= 0xFu << 20;
    __asm volatile("dsb\n isb" ::: "memory");
    NVIC_IPR[ADDING] = 0x80u;
    NVIC_IPR[NESTING] = 0x40u;
    NVIC_IPR[COUNTING] = 0x80u;
    NVIC_ISER = 7u;
    work();
    on_process_stack();
    FPCCR = 0x80000000u; /* ASPEN, not LSPEN: stacked at once */
    work();
    on_process_stack();
    FPCCR = 0xC0000000u;
    work();
    finish();
}
