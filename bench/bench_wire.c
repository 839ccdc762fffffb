/* Figures in virtual time: share of the line that an update reaches, and what stage 1
 * takes from reset to the application's first instruction. They repeat exactly. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/lib/client.h"
#include "tests/e2e/board.h"

static void must(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "bench: %s\n", what);
        exit(1);
    }
}

static void set_baud(board *b, tb_client *client, uint32_t baud)
{
    uint8_t wanted[4] = { (uint8_t)baud, (uint8_t)(baud >> 8), (uint8_t)(baud >> 16),
                          (uint8_t)(baud >> 24) };
    if (baud == b->host_baud)
        return;
    must((client->hello.capabilities & TB_CAP_BAUD) != 0, "no change of baud");
    must(tb_client_command(client, TB_CMD_BAUD, wanted, 4, 2000) == TB_CLIENT_OK, "baud refused");
    b->host_baud = baud;
    client->link->baud = baud;
    board_run(b, 2 * SIM_PS_PER_MS);
}

/* An update with the 200 KB image, and a reset. The CRC unit takes 4 cycles a word: as
 * many as the payload has bytes. */
static board *transfer(const char *chip, bool stage2, uint32_t baud, uint32_t *payload_bytes)
{
    board *b = board_new_exact(chip, "factory.hex", 1);
    tb_link link;
    tb_client client;
    tb_image_file image;
    tb_complaint why;
    tb_sent sent;

    must(board_wait(b, "1.0.0", SIM_PS_PER_S), "1.0.0 does not come up");
    board_link(b, &link);
    tb_client_init(&client, &link, NULL);
    must(tb_image_load(&image, board_file(b, "app-200k.twb"), &why), "app-200k.twb");
    must(tb_client_connect(&client) == TB_CLIENT_OK, "no answer");
    if (stage2) {
        must(tb_client_reset(&client, TB_CMD_RESET, 1) == TB_CLIENT_OK, "reset");
        board_run(b, 100 * SIM_PS_PER_MS);
        must(tb_client_connect(&client) == TB_CLIENT_OK, "stage 2 does not answer");
    }
    set_baud(b, &client, baud);
    sim_ps start = sim_now(b->machine);
    b->bytes_to_part = 0;
    must(tb_client_send(&client, &image, &sent) == TB_CLIENT_OK, "the image was not taken");
    double seconds = (double)(sim_now(b->machine) - start) / 1e12;
    double line = (double)image.bytes * 10.0 / baud;
    double wire = (double)(b->last_in - b->first_in) / 1e12;
    uint64_t units = sim_op_count(b->machine, 1u << SIM_OP_PROGRAM);
    uint64_t pages = sim_op_count(b->machine, 1u << SIM_OP_ERASE_PAGE);
    double flash = (double)units * 81.7e-6 + (double)pages * 22.02e-3;
    printf("  %-11s %7u baud %8zu bytes %7.2f s in all, first to last byte %7.2f s: "
           "%5.1f %% of the line, %5.1f %% of the flash's own rate (%.2f s: %llu units, %llu pages)\n",
           stage2 ? "stage 2" : "application", baud, image.bytes, seconds, wire,
           100.0 * line / wire, 100.0 * flash / wire, flash, (unsigned long long)units, (unsigned long long)pages);
    (void)tb_client_reset(&client, TB_CMD_RESET, 0);
    b->host_baud = 115200;
    *payload_bytes = image.head.size;
    tb_image_file_free(&image);
    return b;
}

/* Cycles from a pin reset to the first instruction in the slot. The machine is
 * deterministic, so a coarse run finds the slice and single steps the instruction. */
static void boot(board *b, uint32_t payload_bytes)
{
    sim_cpu *core = sim_core(b->machine);
    uint32_t entry = TB_FLASH_BASE + b->chip->slot_offset;
    uint64_t start_cycles;
    sim_ps start;

    must(board_wait(b, "1.6.0 confirmed", 5 * SIM_PS_PER_S), "1.6.0 does not confirm itself");
    board_run(b, 100 * SIM_PS_PER_MS);
    sim_pin_reset(b->machine);
    start = sim_now(b->machine);
    start_cycles = sim_cpu_cycles(core);
    for (;;) {
        uint32_t pc = sim_cpu_reg(core, 15);
        if (pc >= entry && pc < TB_FLASH_BASE + b->chip->bank_bytes)
            break;
        must(sim_now(b->machine) - start < SIM_PS_PER_S, "the application is not reached");
        sim_run(b->machine, sim_now(b->machine) + SIM_PS_PER_US / 4u);
    }
    uint64_t cycles = sim_cpu_cycles(core) - start_cycles;
    double ms = (double)(sim_now(b->machine) - start) / 1e9;
    printf("  reset to the application's first instruction, %u bytes: %llu cycles, %.3f ms; "
           "the CRC unit alone takes %u cycles\n",
           (unsigned)payload_bytes, (unsigned long long)cycles, ms, (unsigned)payload_bytes);
}

int main(int argc, char **argv)
{
    const char *chip = argc > 1 ? argv[1] : "stm32g474re";
    static const uint32_t bauds[] = { 115200, 921600 };
    for (int stage2 = 0; stage2 < 2; stage2++)
        for (size_t i = 0; i < sizeof bauds / sizeof bauds[0]; i++) {
            if (!stage2 && bauds[i] != 115200)
                continue; /* this application keeps to the rate it opened */
            uint32_t payload_bytes;
            board *b = transfer(chip, stage2 != 0, bauds[i], &payload_bytes);
            if (!stage2)
                boot(b, payload_bytes);
            board_free(b);
        }
    return 0;
}
