/* ARMv7-M ARM (DDI 0403E), A5 and A7.7, row by row; then ARMv8-M ARM (DDI 0553), C2.4. Rows that are special cases of
 * others stand before them. */
#include "encodings.h"

#include <stddef.h>
#include <string.h>

#define NOIT ENC_NOIT
#define LAST ENC_ITLAST
#define NSP ENC_NSP
#define TSP ENC_TSP
#define MI ENC_MODIMM
#define V8 ENC_V8M
#define ALU(nm, bt, fl) {.name = nm, .bits = bt, .kind = ENC_ALU, .flags = (fl)}
#define ROW(nm, bt, k, fl) {.name = nm, .bits = bt, .kind = (k), .flags = (fl)}
#define MEM(nm, bt, k, m, sc, al, fl) \
    {.name = nm, .bits = bt, .kind = (k), .mode = (m), .scale = (sc), .align = (al), \
     .flags = (fl)}

/* Shifted register, then modified immediate, in both flag-setting variants. */
#define DP3(nm, op, fl) \
    ALU(nm " reg.W", "1110101" op "Snnnn0iiiddddiittmmmm", fl), \
    ALU(nm " imm.W", "11110i0" op "Snnnn0iiiddddiiiiiiii", (fl) | MI)
#define DP_TEST(nm, op, fl) \
    ALU(nm " reg.W", "1110101" op "1nnnn0iii1111iittmmmm", fl), \
    ALU(nm " imm.W", "11110i0" op "1nnnn0iii1111iiiiiiii", (fl) | MI)

/* s: signed bit, w: width bits, T: LDR or STR. */
#define LOADS(nm, s, w, k, fl) \
    MEM(nm " lit", "1111100" s "U" w "11111ttttiiiiiiiiiiii", k, AM_LIT, 1, 1, 0), \
    MEM(nm " imm12", "1111100" s "1" w "1nnnnttttiiiiiiiiiiii", k, AM_IMM, 1, 1, NSP | (fl)), \
    MEM(nm " neg8", "1111100" s "0" w "1nnnntttt1100iiiiiiii", k, AM_NEG, 1, 1, NSP | (fl)), \
    MEM(nm "T", "1111100" s "0" w "1nnnntttt1110iiiiiiii", k, AM_IMM, 1, 1, NSP), \
    MEM(nm " pre", "1111100" s "0" w "1nnnntttt11U1iiiiiiii", k, AM_PRE, 1, 1, NSP | (fl)), \
    MEM(nm " post", "1111100" s "0" w "1nnnntttt10U1iiiiiiii", k, AM_POST, 1, 1, NSP | (fl)), \
    MEM(nm " reg.W", "1111100" s "0" w "1nnnntttt000000ssmmmm", k, AM_REG, 1, 1, NSP | (fl))
#define STORES(nm, w, fl) \
    MEM(nm " imm12", "111110001" w "0nnnnttttiiiiiiiiiiii", ENC_STORE, AM_IMM, 1, 1, NSP | (fl)), \
    MEM(nm " neg8", "111110000" w "0nnnntttt1100iiiiiiii", ENC_STORE, AM_NEG, 1, 1, NSP | (fl)), \
    MEM(nm "T", "111110000" w "0nnnntttt1110iiiiiiii", ENC_STORE, AM_IMM, 1, 1, NSP), \
    MEM(nm " pre", "111110000" w "0nnnntttt11U1iiiiiiii", ENC_STORE, AM_PRE, 1, 1, NSP | (fl)), \
    MEM(nm " post", "111110000" w "0nnnntttt10U1iiiiiiii", ENC_STORE, AM_POST, 1, 1, NSP | (fl)), \
    MEM(nm " reg.W", "111110000" w "0nnnntttt000000ssmmmm", ENC_STORE, AM_REG, 1, 1, NSP | (fl))
/* PC or SP loaded: t is 11p1. */
#define LOADPC(nm, m, bt) MEM(nm, bt, ENC_LDRPC, m, 1, 4, LAST | NSP)
#define HINT_LOAD(nm, s) \
    ALU(nm " lit", "1111100" s "U00111111111iiiiiiiiiiii", 0), \
    ALU(nm " imm12", "1111100" s "1001nnnn1111iiiiiiiiiiii", NSP), \
    ALU(nm " neg8", "1111100" s "0001nnnn11111100iiiiiiii", NSP), \
    ALU(nm " reg", "1111100" s "0001nnnn1111000000iimmmm", NSP)
#define EXTEND(nm, op) \
    ALU(nm ".W", "11111010" op "11111111dddd10iimmmm", 0), \
    ALU(nm "+A", "11111010" op "nnnn1111dddd10iimmmm", 0)
#define PARALLEL(nm, op) \
    ALU("S" nm, "111110101" op "nnnn1111dddd0000mmmm", 0), \
    ALU("Q" nm, "111110101" op "nnnn1111dddd0001mmmm", 0), \
    ALU("SH" nm, "111110101" op "nnnn1111dddd0010mmmm", 0), \
    ALU("U" nm, "111110101" op "nnnn1111dddd0100mmmm", 0), \
    ALU("UQ" nm, "111110101" op "nnnn1111dddd0101mmmm", 0), \
    ALU("UH" nm, "111110101" op "nnnn1111dddd0110mmmm", 0)
#define DUAL(nm, l, k) \
    MEM(nm " offset", "11101001U10" l "nnnnttttuuuuiiiiiiii", k, AM_OFFU, 4, 4, NSP), \
    MEM(nm " pre", "11101001U11" l "nnnnttttuuuuiiiiiiii", k, AM_PRE, 4, 4, NSP), \
    MEM(nm " post", "11101000U11" l "nnnnttttuuuuiiiiiiii", k, AM_POST, 4, 4, NSP)
#define ACQUIRE(nm, al, plain, ex) \
    MEM("LDA" nm, "111010001101nnnntttt1111" plain "1111", ENC_LOAD, AM_IMM, 1, al, NSP | V8), \
    MEM("STL" nm, "111010001100nnnntttt1111" plain "1111", ENC_STORE, AM_IMM, 1, al, NSP | V8), \
    MEM("LDAEX" nm, "111010001101nnnntttt1111" ex "1111", ENC_LOAD, AM_IMM, 1, al, NSP | V8), \
    MEM("STLEX" nm, "111010001100nnnntttt1111" ex "dddd", ENC_STREX, AM_IMM, 1, al, NSP | V8)

enc_row enc_table[] = {
    /* 16 bits: A5.2 */
    ALU("MOVS reg T2", "0000000000mmmddd", NOIT),
    ALU("LSL imm", "00000iiiiimmmddd", 0),
    ALU("LSR imm", "00001iiiiimmmddd", 0),
    ALU("ASR imm", "00010iiiiimmmddd", 0),
    ALU("ADD reg", "0001100mmmnnnddd", 0),
    ALU("SUB reg", "0001101mmmnnnddd", 0),
    ALU("ADD imm3", "0001110iiinnnddd", 0),
    ALU("SUB imm3", "0001111iiinnnddd", 0),
    ALU("MOV imm8", "00100dddiiiiiiii", 0),
    ALU("CMP imm8", "00101nnniiiiiiii", 0),
    ALU("ADD imm8", "00110dddiiiiiiii", 0),
    ALU("SUB imm8", "00111dddiiiiiiii", 0),
    ALU("AND", "0100000000mmmddd", 0),
    ALU("EOR", "0100000001mmmddd", 0),
    ALU("LSL reg", "0100000010mmmddd", 0),
    ALU("LSR reg", "0100000011mmmddd", 0),
    ALU("ASR reg", "0100000100mmmddd", 0),
    ALU("ADC", "0100000101mmmddd", 0),
    ALU("SBC", "0100000110mmmddd", 0),
    ALU("ROR", "0100000111mmmddd", 0),
    ALU("TST", "0100001000mmmnnn", 0),
    ALU("RSB", "0100001001nnnddd", 0),
    ALU("CMP", "0100001010mmmnnn", 0),
    ALU("CMN", "0100001011mmmnnn", 0),
    ALU("ORR", "0100001100mmmddd", 0),
    ALU("MUL", "0100001101mmmddd", 0),
    ALU("BIC", "0100001110mmmddd", 0),
    ALU("MVN", "0100001111mmmddd", 0),
    ROW("ADD SP,SP,Rm", "010001001mmmm101", ENC_SPREG, 0),
    ROW("ADD PC,PC,Rm", "010001001mmmm111", ENC_ADDPC, LAST),
    ALU("ADD hi", "01000100dmmmmddd", ENC_ANYM),
    ALU("CMP hi", "01000101nmmmmnnn", NSP),
    ROW("MOV SP,Rm", "010001101mmmm101", ENC_SPMOV, 0),
    ROW("MOV PC,Rm", "010001101mmmm111", ENC_BREG, LAST),
    ALU("MOV hi", "01000110dmmmmddd", ENC_ANYM),
    ROW("BX", "010001110mmmm000", ENC_BREG, LAST),
    ROW("BLX", "010001111mmmm000", ENC_BREG, LAST | ENC_LINKS),
    MEM("LDR lit", "01001tttiiiiiiii", ENC_LOAD, AM_LIT, 4, 4, 0),
    MEM("STR reg", "0101000mmmnnnttt", ENC_STORE, AM_REG, 1, 1, 0),
    MEM("STRH reg", "0101001mmmnnnttt", ENC_STORE, AM_REG, 1, 1, 0),
    MEM("STRB reg", "0101010mmmnnnttt", ENC_STORE, AM_REG, 1, 1, 0),
    MEM("LDRSB reg", "0101011mmmnnnttt", ENC_LOAD, AM_REG, 1, 1, 0),
    MEM("LDR reg", "0101100mmmnnnttt", ENC_LOAD, AM_REG, 1, 1, 0),
    MEM("LDRH reg", "0101101mmmnnnttt", ENC_LOAD, AM_REG, 1, 1, 0),
    MEM("LDRB reg", "0101110mmmnnnttt", ENC_LOAD, AM_REG, 1, 1, 0),
    MEM("LDRSH reg", "0101111mmmnnnttt", ENC_LOAD, AM_REG, 1, 1, 0),
    MEM("STR imm5", "01100iiiiinnnttt", ENC_STORE, AM_IMM, 4, 1, 0),
    MEM("LDR imm5", "01101iiiiinnnttt", ENC_LOAD, AM_IMM, 4, 1, 0),
    MEM("STRB imm5", "01110iiiiinnnttt", ENC_STORE, AM_IMM, 1, 1, 0),
    MEM("LDRB imm5", "01111iiiiinnnttt", ENC_LOAD, AM_IMM, 1, 1, 0),
    MEM("STRH imm5", "10000iiiiinnnttt", ENC_STORE, AM_IMM, 2, 1, 0),
    MEM("LDRH imm5", "10001iiiiinnnttt", ENC_LOAD, AM_IMM, 2, 1, 0),
    MEM("STR sp", "10010tttiiiiiiii", ENC_STORE, AM_SP, 4, 4, 0),
    MEM("LDR sp", "10011tttiiiiiiii", ENC_LOAD, AM_SP, 4, 4, 0),
    ALU("ADR", "10100dddiiiiiiii", 0),
    ALU("ADD Rd,SP,imm8", "10101dddiiiiiiii", 0),
    ROW("ADD SP,imm7", "101100000iiiiiii", ENC_SPIMM, 0),
    ROW("SUB SP,imm7", "101100001iiiiiii", ENC_SPIMM, 0),
    ROW("CBZ", "101100i1iiiiinnn", ENC_CBZ, NOIT),
    ROW("CBNZ", "101110i1iiiiinnn", ENC_CBZ, NOIT),
    ALU("SXTH", "1011001000mmmddd", 0),
    ALU("SXTB", "1011001001mmmddd", 0),
    ALU("UXTH", "1011001010mmmddd", 0),
    ALU("UXTB", "1011001011mmmddd", 0),
    ROW("PUSH", "1011010Rrrrrrrrr", ENC_PUSH, 0),
    ROW("POP PC", "10111101rrrrrrrr", ENC_POPPC, LAST),
    ROW("POP", "10111100rrrrrrrr", ENC_POP, 0),
    ALU("CPSIE", "10110110011000IF", NOIT),
    ALU("CPSID", "10110110011100IF", NOIT),
    ALU("REV", "1011101000mmmddd", 0),
    ALU("REV16", "1011101001mmmddd", 0),
    ALU("REVSH", "1011101011mmmddd", 0),
    ROW("BKPT", "10111110iiiiiiii", ENC_SCENARIO, 0),
    ALU("NOP", "1011111100000000", 0),
    ALU("YIELD", "1011111100010000", 0),
    ROW("WFE", "1011111100100000", ENC_WFE, NOIT),
    ROW("WFI", "1011111100110000", ENC_SCENARIO, 0),
    ALU("SEV", "1011111101000000", 0),
    ROW("IT", "10111111cccckkkk", ENC_IT, NOIT),
    MEM("STM", "11000nnnrrrrrrrr", ENC_STM, AM_IA, 4, 4, 0),
    MEM("LDM", "11001nnnrrrrrrrr", ENC_LDM, AM_IA, 4, 4, 0),
    ROW("UDF", "11011110iiiiiiii", ENC_UDF, NOIT),
    ROW("SVC", "11011111iiiiiiii", ENC_SVC, 0),
    ROW("Bcond", "1101cccciiiiiiii", ENC_BCOND, NOIT),
    ROW("B", "11100iiiiiiiiiii", ENC_B, LAST),

    /* Load and store multiple, dual, exclusive, table branch: A5.3.5, A5.3.6 */
    ROW("PUSH.W", "11101001001011010R0rrrrrrrrrrrrr", ENC_PUSH, 0),
    ROW("POP.W PC", "1110100010111101100rrrrrrrrrrrrr", ENC_POPPC, LAST),
    ROW("POP.W", "11101000101111010R0rrrrrrrrrrrrr", ENC_POP, 0),
    MEM("STMIA.W", "1110100010W0nnnn0R0rrrrrrrrrrrrr", ENC_STM, AM_IA, 4, 4, NSP),
    MEM("STMDB", "1110100100W0nnnn0R0rrrrrrrrrrrrr", ENC_STM, AM_DB, 4, 4, NSP),
    MEM("LDMIA.W PC", "1110100010W1nnnn100rrrrrrrrrrrrr", ENC_LDMPC, AM_IA, 4, 4, LAST | NSP),
    MEM("LDMDB PC", "1110100100W1nnnn100rrrrrrrrrrrrr", ENC_LDMPC, AM_DB, 4, 4, LAST | NSP),
    MEM("LDMIA.W", "1110100010W1nnnn0R0rrrrrrrrrrrrr", ENC_LDM, AM_IA, 4, 4, NSP),
    MEM("LDMDB", "1110100100W1nnnn0R0rrrrrrrrrrrrr", ENC_LDM, AM_DB, 4, 4, NSP),
    MEM("STREX", "111010000100nnnnttttddddiiiiiiii", ENC_STREX, AM_IMM, 4, 4, NSP),
    MEM("LDREX", "111010000101nnnntttt1111iiiiiiii", ENC_LOAD, AM_IMM, 4, 4, NSP),
    MEM("STREXB", "111010001100nnnntttt11110100dddd", ENC_STREX, AM_IMM, 1, 1, NSP),
    MEM("STREXH", "111010001100nnnntttt11110101dddd", ENC_STREX, AM_IMM, 1, 2, NSP),
    MEM("LDREXB", "111010001101nnnntttt111101001111", ENC_LOAD, AM_IMM, 1, 1, NSP),
    MEM("LDREXH", "111010001101nnnntttt111101011111", ENC_LOAD, AM_IMM, 1, 2, NSP),
    ROW("TBB", "111010001101nnnn111100000000mmmm", ENC_TB, LAST),
    ROW("TBH", "111010001101nnnn111100000001mmmm", ENC_TB, LAST),
    MEM("LDRD lit", "11101001U1011111ttttuuuuiiiiiiii", ENC_LOAD, AM_LIT, 4, 4, 0),
    DUAL("STRD", "0", ENC_STORE),
    DUAL("LDRD", "1", ENC_LOAD),

    /* Data processing, shifted register and modified immediate: A5.3.11, A5.3.1 */
    DP_TEST("TST", "0000", 0),
    DP3("AND", "0000", 0),
    DP3("BIC", "0001", 0),
    ROW("MOV.W SP,Rm", "1110101001001111000011010000mmmm", ENC_SPMOV, 0),
    ALU("MOV.W Rd,SP", "11101010010011110000dddd00001101", 0),
    ALU("MOV reg.W", "11101010010S11110000dddd0000mmmm", 0),
    ALU("SHIFT imm.W", "11101010010S11110iiiddddiittmmmm", 0),
    ALU("MOV imm.W", "11110i00010S11110iiiddddiiiiiiii", MI),
    DP3("ORR", "0010", 0),
    ALU("MVN reg.W", "11101010011S11110iiiddddiittmmmm", 0),
    ALU("MVN imm.W", "11110i00011S11110iiiddddiiiiiiii", MI),
    DP3("ORN", "0011", 0),
    DP_TEST("TEQ", "0100", 0),
    DP3("EOR", "0100", 0),
    ALU("PKH", "111010101100nnnn0iiiddddiit0mmmm", 0),
    DP_TEST("CMN", "1000", NSP),
    ROW("ADD SP,SP,Rm shifted", "11101011000S110100001101ii00mmmm", ENC_SPREG, 0),
    ROW("ADD SP,imm.W", "11110i01000S11010iii1101iiiiiiii", ENC_SPIMM, MI),
    DP3("ADD", "1000", NSP),
    DP3("ADC", "1010", 0),
    DP3("SBC", "1011", 0),
    DP_TEST("CMP", "1101", NSP),
    ROW("SUB SP,SP,Rm shifted", "11101011101S110100001101ii00mmmm", ENC_SPREG, 0),
    ROW("SUB SP,imm.W", "11110i01101S11010iii1101iiiiiiii", ENC_SPIMM, MI),
    DP3("SUB", "1101", NSP),
    DP3("RSB", "1110", 0),

    /* Plain immediate and bit fields: A5.3.3 */
    ALU("ADR.W +", "11110i10000011110iiiddddiiiiiiii", 0),
    ROW("ADDW SP", "11110i10000011010iii1101iiiiiiii", ENC_SPIMM, 0),
    ALU("ADDW", "11110i100000nnnn0iiiddddiiiiiiii", NSP),
    ALU("MOVW", "11110i100100iiii0iiiddddiiiiiiii", 0),
    ALU("ADR.W -", "11110i10101011110iiiddddiiiiiiii", 0),
    ROW("SUBW SP", "11110i10101011010iii1101iiiiiiii", ENC_SPIMM, 0),
    ALU("SUBW", "11110i101010nnnn0iiiddddiiiiiiii", NSP),
    ALU("MOVT", "11110i101100iiii0iiiddddiiiiiiii", 0),
    ALU("SSAT16", "111100110010nnnn0000dddd0000jjjj", 0),
    ALU("SSAT", "1111001100t0nnnn0iiiddddii0jjjjj", 0),
    ALU("SBFX", "111100110100nnnn0iiiddddii0wwwww", 0),
    ALU("BFC", "11110011011011110iiiddddii0bbbbb", 0),
    ALU("BFI", "111100110110nnnn0iiiddddii0bbbbb", 0),
    ALU("USAT16", "111100111010nnnn0000dddd0000jjjj", 0),
    ALU("USAT", "1111001110t0nnnn0iiiddddii0jjjjj", 0),
    ALU("UBFX", "111100111100nnnn0iiiddddii0wwwww", 0),

    /* Branches and system: A5.3.4. The special registers one by one: B5.1.1 */
    ALU("MSR APSR", "111100111000nnnn1000kk00000000yy", 0),
    ROW("MSR MSP", "111100111000nnnn1000100000001000", ENC_SPMOV, 0),
    ROW("MSR PSP", "111100111000nnnn1000100000001001", ENC_SPMOV, 0),
    ROW("MSR PRIMASK", "111100111000nnnn1000100000010000", ENC_SYSREG, 0),
    ROW("MSR BASEPRI", "111100111000nnnn1000100000010001", ENC_SYSREG, 0),
    ROW("MSR BASEPRI_MAX", "111100111000nnnn1000100000010010", ENC_SYSREG, 0),
    ROW("MSR FAULTMASK", "111100111000nnnn1000100000010011", ENC_SYSREG, 0),
    ROW("MSR CONTROL", "111100111000nnnn1000100000010100", ENC_SYSREG, 0),
    ALU("MRS xPSR views", "11110011111011111000dddd00000yyy", 0),
    ALU("MRS MSP", "11110011111011111000dddd00001000", 0),
    ALU("MRS PSP", "11110011111011111000dddd00001001", 0),
    ALU("MRS PRIMASK", "11110011111011111000dddd00010000", 0),
    ALU("MRS BASEPRI", "11110011111011111000dddd00010001", 0),
    ALU("MRS BASEPRI_MAX", "11110011111011111000dddd00010010", 0),
    ALU("MRS FAULTMASK", "11110011111011111000dddd00010011", 0),
    ALU("MRS CONTROL", "11110011111011111000dddd00010100", 0),
    ALU("NOP.W", "11110011101011111000000000000000", 0),
    ALU("YIELD.W", "11110011101011111000000000000001", 0),
    ROW("WFE.W", "11110011101011111000000000000010", ENC_WFE, NOIT),
    ROW("WFI.W", "11110011101011111000000000000011", ENC_SCENARIO, 0),
    ALU("SEV.W", "11110011101011111000000000000100", 0),
    ALU("DBG", "1111001110101111100000001111iiii", 0),
    ALU("CLREX", "11110011101111111000111100101111", 0),
    ALU("DSB", "1111001110111111100011110100iiii", 0),
    ALU("DMB", "1111001110111111100011110101iiii", 0),
    ALU("ISB", "1111001110111111100011110110iiii", 0),
    ROW("UDF.W", "111101111111iiii1010iiiiiiiiiiii", ENC_UDF, NOIT),
    ROW("Bcond.W", "11110scccciiiiii10J0Kiiiiiiiiiii", ENC_BCOND, NOIT),
    ROW("B.W", "11110siiiiiiiiii10J1Kiiiiiiiiiii", ENC_B, LAST),
    ROW("BL", "11110siiiiiiiiii11J1Kiiiiiiiiiii", ENC_B, LAST | ENC_LINKS),

    /* Load and store single: A5.3.7 to A5.3.10 */
    STORES("STRB.W", "00", 0),
    STORES("STRH.W", "01", 0),
    STORES("STR.W", "10", TSP),
    HINT_LOAD("PLD", "0"),
    HINT_LOAD("PLI", "1"),
    ROW("LDR.W PC,[SP],#4", "11111000010111011111101100000100", ENC_POPPC, LAST),
    LOADPC("LDR.W PC/SP lit", AM_LIT, "11111000U101111111p1iiiiiiiiiiii"),
    LOADPC("LDR.W PC/SP imm12", AM_IMM, "111110001101nnnn11p1iiiiiiiiiiii"),
    LOADPC("LDR.W PC/SP neg8", AM_NEG, "111110000101nnnn11p11100iiiiiiii"),
    LOADPC("LDR.W PC/SP pre", AM_PRE, "111110000101nnnn11p111U1iiiiiiii"),
    LOADPC("LDR.W PC/SP post", AM_POST, "111110000101nnnn11p110U1iiiiiiii"),
    LOADPC("LDR.W PC/SP reg", AM_REG, "111110000101nnnn11p1000000ssmmmm"),
    LOADS("LDRB.W", "0", "00", ENC_LOAD, 0),
    LOADS("LDRH.W", "0", "01", ENC_LOAD, 0),
    LOADS("LDR.W", "0", "10", ENC_LOAD, 0),
    LOADS("LDRSB.W", "1", "00", ENC_LOAD, 0),
    LOADS("LDRSH.W", "1", "01", ENC_LOAD, 0),

    /* Data processing, register: A5.3.12 to A5.3.15 */
    ALU("LSL reg.W", "11111010000Snnnn1111dddd0000mmmm", 0),
    ALU("LSR reg.W", "11111010001Snnnn1111dddd0000mmmm", 0),
    ALU("ASR reg.W", "11111010010Snnnn1111dddd0000mmmm", 0),
    ALU("ROR reg.W", "11111010011Snnnn1111dddd0000mmmm", 0),
    EXTEND("SXTH", "0000"),
    EXTEND("UXTH", "0001"),
    EXTEND("SXTB16", "0010"),
    EXTEND("UXTB16", "0011"),
    EXTEND("SXTB", "0100"),
    EXTEND("UXTB", "0101"),
    PARALLEL("ADD8", "000"),
    PARALLEL("ADD16", "001"),
    PARALLEL("ASX", "010"),
    PARALLEL("SUB8", "100"),
    PARALLEL("SUB16", "101"),
    PARALLEL("SAX", "110"),
    ALU("QADD", "111110101000nnnn1111dddd1000mmmm", 0),
    ALU("QDADD", "111110101000nnnn1111dddd1001mmmm", 0),
    ALU("QSUB", "111110101000nnnn1111dddd1010mmmm", 0),
    ALU("QDSUB", "111110101000nnnn1111dddd1011mmmm", 0),
    ALU("REV.W", "111110101001MMMM1111dddd1000mmmm", 0),
    ALU("REV16.W", "111110101001MMMM1111dddd1001mmmm", 0),
    ALU("RBIT", "111110101001MMMM1111dddd1010mmmm", 0),
    ALU("REVSH.W", "111110101001MMMM1111dddd1011mmmm", 0),
    ALU("SEL", "111110101010nnnn1111dddd1000mmmm", 0),
    ALU("CLZ", "111110101011MMMM1111dddd1000mmmm", 0),

    /* Multiply and divide: A5.3.16, A5.3.17 */
    ALU("MUL.W", "111110110000nnnn1111dddd0000mmmm", 0),
    ALU("MLA", "111110110000nnnnaaaadddd0000mmmm", 0),
    ALU("MLS", "111110110000nnnnaaaadddd0001mmmm", 0),
    ALU("SMULxy", "111110110001nnnn1111dddd00xymmmm", 0),
    ALU("SMLAxy", "111110110001nnnnaaaadddd00xymmmm", 0),
    ALU("SMUAD", "111110110010nnnn1111dddd000xmmmm", 0),
    ALU("SMLAD", "111110110010nnnnaaaadddd000xmmmm", 0),
    ALU("SMULWy", "111110110011nnnn1111dddd000ymmmm", 0),
    ALU("SMLAWy", "111110110011nnnnaaaadddd000ymmmm", 0),
    ALU("SMUSD", "111110110100nnnn1111dddd000xmmmm", 0),
    ALU("SMLSD", "111110110100nnnnaaaadddd000xmmmm", 0),
    ALU("SMMUL", "111110110101nnnn1111dddd000xmmmm", 0),
    ALU("SMMLA", "111110110101nnnnaaaadddd000xmmmm", 0),
    ALU("SMMLS", "111110110110nnnnaaaadddd000xmmmm", 0),
    ALU("USAD8", "111110110111nnnn1111dddd0000mmmm", 0),
    ALU("USADA8", "111110110111nnnnaaaadddd0000mmmm", 0),
    ALU("SMULL", "111110111000nnnnllllhhhh0000mmmm", 0),
    ALU("SDIV", "111110111001nnnn1111dddd1111mmmm", 0),
    ALU("UMULL", "111110111010nnnnllllhhhh0000mmmm", 0),
    ALU("UDIV", "111110111011nnnn1111dddd1111mmmm", 0),
    ALU("SMLAL", "111110111100nnnnllllhhhh0000mmmm", 0),
    ALU("SMLALxy", "111110111100nnnnllllhhhh10xymmmm", 0),
    ALU("SMLALD", "111110111100nnnnllllhhhh110xmmmm", 0),
    ALU("SMLSLD", "111110111101nnnnllllhhhh110xmmmm", 0),
    ALU("UMLAL", "111110111110nnnnllllhhhh0000mmmm", 0),
    ALU("UMAAL", "111110111110nnnnllllhhhh0110mmmm", 0),

    /* ARMv8-M mainline: stack limits, SG, TT, load-acquire and store-release */
    ROW("MSR MSPLIM", "111100111000nnnn1000100000001010", ENC_SPLIM, V8),
    ROW("MSR PSPLIM", "111100111000nnnn1000100000001011", ENC_SPLIM, V8),
    ALU("MRS MSPLIM", "11110011111011111000dddd00001010", V8),
    ALU("MRS PSPLIM", "11110011111011111000dddd00001011", V8),
    ALU("SG", "11101001011111111110100101111111", V8),
    ALU("TT", "111010000100nnnn1111dddd0X000000", V8),
    ACQUIRE("B", 1, "1000", "1100"),
    ACQUIRE("H", 2, "1001", "1101"),
    ACQUIRE("", 4, "1010", "1110"),
};

const unsigned enc_count = sizeof enc_table / sizeof enc_table[0];

static unsigned field_index(char letter) {
    return letter >= 'a' ? (unsigned)(letter - 'a') + 26u : (unsigned)(letter - 'A');
}

static bool with_v8m;

bool enc_present(const enc_row *row) {
    return with_v8m || !(row->flags & ENC_V8M);
}

void enc_prepare(bool v8m) {
    with_v8m = v8m;
    for (unsigned r = 0; r < enc_count; r++) {
        enc_row *row = &enc_table[r];
        size_t n = strlen(row->bits);
        row->bytes = (uint8_t)(n / 8);
        row->mask = row->value = 0;
        memset(row->field, 0, sizeof row->field);
        for (size_t k = 0; k < n; k++) {
            uint32_t bit = 1u << (n - 1 - k);
            char c = row->bits[k];
            if (c == '0' || c == '1') {
                row->mask |= bit;
                row->value |= c == '1' ? bit : 0;
            } else {
                row->field[field_index(c)] |= bit;
            }
        }
    }
}

bool enc_has(const enc_row *row, char letter) {
    return row->field[field_index(letter)] != 0;
}

uint32_t enc_get(const enc_row *row, uint32_t opcode, char letter) {
    uint32_t bits = row->field[field_index(letter)], value = 0;
    for (unsigned k = 32; k-- > 0;) {
        if (bits >> k & 1) {
            value = value << 1 | (opcode >> k & 1);
        }
    }
    return value;
}

uint32_t enc_put(const enc_row *row, uint32_t opcode, char letter, uint32_t value) {
    uint32_t bits = row->field[field_index(letter)];
    opcode &= ~bits;
    for (unsigned k = 0; k < 32; k++) {
        if (bits >> k & 1) {
            opcode |= (value & 1) << k;
            value >>= 1;
        }
    }
    return opcode;
}

uint32_t enc_writes(const enc_row *row, uint32_t opcode) {
    uint32_t mask = 0;
    for (const char *f = "dlh"; *f != 0; f++) {
        mask |= enc_has(row, *f) ? 1u << enc_get(row, opcode, *f) : 0;
    }
    if (row->kind == ENC_LOAD) {
        mask |= 1u << enc_get(row, opcode, 't');
        mask |= enc_has(row, 'u') ? 1u << enc_get(row, opcode, 'u') : 0;
    }
    if (row->kind == ENC_LDM || row->kind == ENC_POP || row->kind == ENC_LDMPC ||
        row->kind == ENC_POPPC) {
        mask |= enc_get(row, opcode, 'r');
        mask |= enc_has(row, 'R') && enc_get(row, opcode, 'R') ? 1u << 14 : 0;
    }
    bool narrow_multiple = row->bytes == 2 && (row->kind == ENC_LDM || row->kind == ENC_STM);
    if (row->mode == AM_PRE || row->mode == AM_POST || narrow_multiple ||
        (enc_has(row, 'W') && enc_get(row, opcode, 'W'))) {
        mask |= 1u << enc_get(row, opcode, 'n');
    }
    return row->flags & ENC_LINKS ? mask | 1u << 14 : mask;
}

/* SP and PC are out for every 4-bit register field unless the row says otherwise. */
static bool registers_legal(const enc_row *row, uint32_t op) {
    for (const char *f = "dnmatulh"; *f != 0; f++) {
        if (!enc_has(row, *f)) {
            continue;
        }
        if (row->kind == ENC_ALU && strchr("t", *f)) {
            continue; /* a shift type there */
        }
        uint32_t reg = enc_get(row, op, *f);
        bool sp_ok = (*f == 'n' && row->flags & ENC_NSP) || (*f == 't' && row->flags & ENC_TSP);
        bool any = *f == 'm' && row->flags & ENC_ANYM;
        if (*f == 'n' && row->kind == ENC_TB && reg == 15) {
            continue;
        }
        if (!any && (reg == 15 || (reg == 13 && !sp_ok))) {
            return false;
        }
    }
    return true;
}

static unsigned bit_count(uint32_t v) {
    unsigned n = 0;
    for (; v != 0; v &= v - 1) {
        n++;
    }
    return n;
}

static bool list_legal(const enc_row *row, uint32_t op) {
    uint32_t list = enc_get(row, op, 'r');
    if (enc_has(row, 'R') && enc_get(row, op, 'R')) {
        list |= 1u << 14;
    }
    bool loads_pc = row->kind == ENC_LDMPC || row->kind == ENC_POPPC;
    unsigned n = bit_count(list) + (loads_pc ? 1u : 0u);
    if (n < (row->bytes == 4 ? 2u : 1u)) {
        return false;
    }
    if (!enc_has(row, 'n')) {
        return true;
    }
    uint32_t base = 1u << enc_get(row, op, 'n');
    if (row->bytes == 2 && row->kind == ENC_STM) {
        /* stored value UNKNOWN unless the base is the lowest */
        return (list & base) == 0 || (list & (base - 1)) == 0;
    }
    return row->bytes == 2 || !enc_get(row, op, 'W') || (list & base) == 0;
}

/* A5.3.2: a repeated zero byte is UNPREDICTABLE. */
static bool modified_immediate_legal(uint32_t i) {
    return i >> 10 != 0 || (i >> 8 & 3) == 0 || (i & 255) != 0;
}

/* What is put into SP must be a multiple of 4. */
static bool sp_amount_legal(const enc_row *row, uint32_t i) {
    if (row->bytes == 2 || !(row->flags & ENC_MODIMM)) {
        return row->bytes == 2 || (i & 3) == 0;
    }
    if (i >> 10 == 0) {
        return (i >> 8 & 3) == 2 || (i & 3) == 0;
    }
    uint32_t rotation = i >> 7, byte = 0x80 | (i & 0x7F);
    return ((byte >> rotation | byte << (32 - rotation)) & 3) == 0;
}

bool enc_legal(const enc_row *row, uint32_t op) {
    if (!registers_legal(row, op)) {
        return false;
    }
    if (enc_has(row, 'r')) {
        return list_legal(row, op);
    }
    if (enc_has(row, 'M') && enc_get(row, op, 'M') != enc_get(row, op, 'm')) {
        return false;
    }
    if (row->flags & ENC_MODIMM && !modified_immediate_legal(enc_get(row, op, 'i'))) {
        return false;
    }
    if (row->kind == ENC_SPIMM && !sp_amount_legal(row, enc_get(row, op, 'i'))) {
        return false;
    }
    if (enc_has(row, 'l') && enc_get(row, op, 'l') == enc_get(row, op, 'h')) {
        return false;
    }
    if (enc_has(row, 'w') && enc_get(row, op, 'i') + enc_get(row, op, 'w') > 31) {
        return false;
    }
    if (enc_has(row, 'b') && enc_get(row, op, 'b') < enc_get(row, op, 'i')) {
        return false;
    }
    if (enc_has(row, 'k') && enc_get(row, op, 'k') == 0) {
        return false;
    }
    if (strncmp(row->name, "MRS x", 5) == 0 && enc_get(row, op, 'y') == 4) {
        return false; /* SYSm 4 names no register */
    }
    if (enc_has(row, 'j') && enc_has(row, 't') && enc_get(row, op, 't') && !enc_get(row, op, 'i')) {
        return false; /* SSAT16 and USAT16 lie there */
    }
    if (strncmp(row->name, "CPS", 3) == 0 && (op & 3) == 0) {
        return false;
    }
    if (strcmp(row->name, "CMP hi") == 0 && enc_get(row, op, 'n') < 8 &&
        enc_get(row, op, 'm') < 8) {
        return false;
    }
    if (row->kind == ENC_IT) {
        uint32_t cond = enc_get(row, op, 'c'), k = enc_get(row, op, 'k');
        return cond != 15 && (cond != 14 || bit_count(k) == 1);
    }
    if (row->kind == ENC_BCOND) {
        return enc_get(row, op, 'c') < 14;
    }
    if (row->kind == ENC_LDRPC && enc_has(row, 'n') && enc_get(row, op, 'n') == 13 &&
        !enc_get(row, op, 'p')) {
        return false; /* SP from where SP points: left out with its write-back forms */
    }
    bool writes_back = row->mode == AM_PRE || row->mode == AM_POST;
    if (writes_back && row->kind != ENC_LDRPC &&
        (enc_get(row, op, 'n') == enc_get(row, op, 't') ||
         (enc_has(row, 'u') && enc_get(row, op, 'n') == enc_get(row, op, 'u')))) {
        return false;
    }
    if (row->kind == ENC_LOAD && enc_has(row, 'u')) {
        return enc_get(row, op, 't') != enc_get(row, op, 'u');
    }
    if (row->kind == ENC_STREX) {
        uint32_t d = enc_get(row, op, 'd');
        return d != enc_get(row, op, 'n') && d != enc_get(row, op, 't');
    }
    return true;
}

const enc_row *enc_classify(uint32_t opcode, unsigned bytes) {
    for (unsigned r = 0; r < enc_count; r++) {
        const enc_row *row = &enc_table[r];
        if (row->bytes == bytes && enc_present(row) && (opcode & row->mask) == row->value && enc_legal(row, opcode)) {
            return row;
        }
    }
    return NULL;
}

const enc_row *enc_named(const char *name) {
    for (unsigned r = 0; r < enc_count; r++) {
        if (strcmp(enc_table[r].name, name) == 0) {
            return &enc_table[r];
        }
    }
    return NULL;
}

unsigned enc_size(uint16_t first) {
    return first >> 11 >= 0x1D ? 4 : 2;
}
