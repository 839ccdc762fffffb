/* Private to sim/machine. */
#ifndef SIM_MACHINE_STATE_H
#define SIM_MACHINE_STATE_H

#include "sim/machine/family.h"
#include "sim/machine/machine.h"


#define PERIPH_SLOT_SHIFT 10
#define PERIPH_TOP_SHIFT 20
#define PERIPH_TOPS 4096u
#define PERIPH_SLOTS 1024u

#define TEXT_BYTES 400u

enum { CYCLES_NEVER_SHIFT = 62 };
#define CYCLES_NEVER (1ull << CYCLES_NEVER_SHIFT)

typedef struct cut_entry {
    sim_cut cut;
    bool by_time;
    bool fired;
    sim_event event;
    sim_machine *m;
    struct cut_entry *next;
} cut_entry;

/* The time that was looked at last: `ps` and `rest` / hz picoseconds at that cycle. */
typedef struct sim_seen_time {
    uint64_t cycles, rest;
    sim_ps ps;
} sim_seen_time;

struct sim_machine {
    const tb_chip *chip;
    const sim_family *family;
    sim_options options;
    sim_cpu *cpu;

    /* Time: at base_cycles it was base_ps; HCLK has been hz since. */
    uint64_t base_cycles;
    sim_ps base_ps;
    uint32_t hz;
    sim_seen_time *seen; /* set where the machine is not to be changed */
    uint64_t deadline; /* of the run in progress */
    bool running;
    sim_event *events;

    struct {
        uint8_t *bytes;
        sim_code *code;
    } rams[SIM_RAMS]; /* as family->rams */
    unsigned rams_off;  /* mask: without their clock */
    unsigned rams_lost; /* mask: power was away, and nobody has looked since */
    sim_periph *periphs;
    sim_periph **slots[PERIPH_TOPS];
    bool dma;

    const sim_flash_model *flash;
    struct sim_part *part;
    void (*part_destroy)(struct sim_part *part);
    bool fb_mode;
    unsigned mem_mode;

    uint64_t random;
    unsigned reset_pending;
    bool powered, power_cut, stopped, breaking, locked_up, standby;
    bool cut_backup_lost;
    char text[TEXT_BYTES];

    cut_entry *cuts;
    cut_entry *op_cut; /* fires at the end of the operation in progress */
    uint64_t ops[4];
    sim_ps op_time;
    void (*op_hook)(void *ctx, sim_op_kind kind);
    void *op_hook_ctx;
    unsigned cuts_scheduled, cuts_fired;
    unsigned resets;

    struct sim_watching *watching; /* watch.c */
    struct sim_dcache *dcache;     /* NULL: never used */
};

/* time.c */
uint64_t sim_cycle_at(const sim_machine *m, sim_ps when); /* first cycle at or after it */
void sim_fire_due(sim_machine *m, sim_ps now);

/* bus.c */
void sim_bus_init(sim_machine *m, sim_bus *bus);
bool sim_ram_at(sim_machine *m, uint32_t address, uint8_t **host, sim_code **code,
                uint32_t *offset);
void sim_map_ram(sim_machine *m);

/* cuts.c */
void sim_cuts_reset(sim_machine *m);
void sim_free_cuts(sim_machine *m);

/* dcache.c */
void sim_dcache_told(void *ctx, uint32_t address, uint32_t value); /* the core's hook */
void sim_dcache_off(sim_machine *m);
/* Where another master finds this byte; NULL: where the core does. */
uint8_t *sim_dcache_memory(sim_machine *m, uint32_t address);
void sim_dcache_wrote(sim_machine *m, uint32_t address);
void sim_dcache_free(sim_machine *m);

/* watch.c */
void sim_watch_flash(sim_machine *m, uint32_t address, unsigned size, bool fetch);
void sim_watch_ram(sim_machine *m, uint32_t address, unsigned size, bool write);
void sim_watch_random(sim_machine *m);
void sim_free_watch(sim_machine *m);
bool sim_watches_ram(const sim_machine *m);

/* machine.c */
void sim_wake_up_run(sim_machine *m); /* the loop must look again: makes the core come back */

#endif
