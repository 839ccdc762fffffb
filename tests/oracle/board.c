#include "board.h"

#include <string.h>

/* The board with a Cortex-M33 starts in the Secure state, at the Secure alias of its memory. A
 * core without the Security Extension is as the Non-secure state of one that has it, if
 * everything is given to that state: so the image begins with what does this and goes there. */
enum { M33_START = 0x10000 };

static const uint16_t m33_code[] = {
    0xF20F, 0x0018,         /* adr r0, m33_table */
    0xC806,                 /* 1: ldmia r0!, {r1, r2} */
    0xB109,                 /* cbz r1, 2f */
    0x600A,                 /* str r2, [r1] */
    0xE7FB,                 /* b 1b */
    0x6811,                 /* 2: ldr r1, [r2] */
    0xF381, 0x8888,         /* msr msp_ns, r1 */
    0x6851,                 /* ldr r1, [r2, #4] */
    0xF021, 0x0101,         /* bic r1, #1 */
    0x470C, 0xBF00          /* bxns r1; the table */
};

enum {
    MPC_SSRAM = 0x58007000, /* memory protection controllers: index 0x18, look-up table 0x1C */
    MPC_SRAM = 0x50083000,
    MPC_WORDS = 32 /* of 32 KB */
};

static uint8_t *put_poke(uint8_t *at, uint32_t address, uint32_t value) {
    memcpy(at, &address, 4);
    memcpy(at + 4, &value, 4);
    return at + 8;
}

static void m33_preamble(uint8_t *image) {
    static const uint32_t vectors[2] = {0x30004000, 0x10000041};
    static const uint32_t pokes[][2] = {
        {0xE000EDD0, 2},                                    /* SAU: all Non-secure */
        {0xE000ED0C, 0x05FA2000},                           /* BusFault, HardFault, NMI too */
        {0xE000ED8C, 0xC00},                                /* floating point */
        {0xE000E380, UINT32_MAX}, {0xE000E384, UINT32_MAX}, /* interrupts */
        {0xE000E388, UINT32_MAX}, {0xE002ED08, M33_START},  /* VTOR */
    };
    memcpy(image, vectors, sizeof vectors);
    memcpy(image + 0x40, m33_code, sizeof m33_code);
    uint8_t *at = image + 0x40 + 4 + 0x18;
    at = put_poke(at, MPC_SRAM + 0x18, 0);
    at = put_poke(at, MPC_SRAM + 0x1C, UINT32_MAX);
    for (uint32_t k = 0; k < MPC_WORDS; k++) { /* the first 1 KB stays Secure: it is running */
        at = put_poke(at, MPC_SSRAM + 0x18, k);
        at = put_poke(at, MPC_SSRAM + 0x1C, k == 0 ? UINT32_MAX - 1 : UINT32_MAX);
    }
    for (size_t k = 0; k < sizeof pokes / sizeof pokes[0]; k++) {
        at = put_poke(at, pokes[k][0], pokes[k][1]);
    }
    put_poke(at, 0, M33_START);
}

static const oracle_board boards[] = {
    { "m4", "netduinoplus2", 0, 0, 0x08000000, 0x20000000, 0x20000, SIM_CORE_M4, 0x410FC240, 82, 4 },
    { "m7", "mps2-an500", 0, 0, 0, 0x20000000, 0x20000, SIM_CORE_M7, 0x411FC272, 32, 8 },
    { "m33", "mps2-an505", 0x10000000, M33_START, 0, 0x20000000, 0x8000, SIM_CORE_M33, 0x410FD213,
      92, 8 },
};

const oracle_board *oracle_board_find(const char *name) {
    for (size_t k = 0; k < sizeof boards / sizeof boards[0]; k++) {
        if (strcmp(name, boards[k].name) == 0) {
            return &boards[k];
        }
    }
    return NULL;
}

void oracle_board_prepare(const oracle_board *board, uint8_t *image) {
    if (board->core == SIM_CORE_M33) {
        m33_preamble(image);
    }
}

/* R0-R3, R12 and the flags are UNKNOWN when a handler begins (DDI 0553 B3.19). A core with the
 * Security Extension clears them for a Non-secure one, and so ours is given the same. */
bool oracle_board_adopt(const oracle_board *board, const uint8_t *image, const oracle_state *theirs,
                        const oracle_state *ours, sim_cpu *cpu) {
    uint32_t number = theirs->xpsr & 511, handler;
    if (board->core != SIM_CORE_M33 || number == 0) {
        return false;
    }
    memcpy(&handler, image + board->start + 4 * number, 4);
    if (theirs->r[15] != (handler & ~1u) || ours->r[15] != theirs->r[15] ||
        (theirs->xpsr & 0xF80F0000u) != 0) {
        return false;
    }
    static const uint8_t cleared[] = {0, 1, 2, 3, 12};
    for (size_t k = 0; k < sizeof cleared; k++) {
        if (theirs->r[cleared[k]] != 0) {
            return false;
        }
    }
    for (size_t k = 0; k < sizeof cleared; k++) {
        sim_cpu_set_reg(cpu, cleared[k], 0);
    }
    sim_cpu_set_xpsr(cpu, ours->xpsr & ~0xF80F0000u);
    return true;
}
