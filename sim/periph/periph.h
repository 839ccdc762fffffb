/* The peripherals of a part. Each file makes its models and adds them to the machine;
 * what they need of each other goes through struct sim_part. */
#ifndef SIM_PERIPH_H
#define SIM_PERIPH_H

#include "sim/machine/family.h"
#include "sim/machine/machine.h"

/* The product lines; their build functions add every peripheral and call sim_set_part(). */
extern const sim_family sim_family_g47x;
extern const sim_family sim_family_l47x;
extern const sim_family sim_family_l4r;
extern const sim_family sim_family_h743;
extern const sim_family sim_family_h7a3;
extern const sim_family sim_family_u545;
extern const sim_family sim_family_u575;
extern const sim_family sim_family_u5a5;
extern const sim_family sim_family_f767;
extern const sim_name sim_names_g4[];
extern const sim_name sim_names_l47x[];
extern const sim_name sim_names_l4r[];

/* Adds every peripheral of the STM32G474 and calls sim_set_part(). */
void sim_part_g4_build(sim_machine *m);

/* The flash controller (flash/g4.c): adds itself to the machine. */
void sim_flash_g4_new(sim_machine *m);
void sim_flash_l47x_new(sim_machine *m); /* the same controller, other tables */
void sim_flash_l4r_new(sim_machine *m);
void sim_flash_h7_new(sim_machine *m); /* flash/h7.c */
void sim_flash_u5_new(sim_machine *m); /* flash/u5.c */
void sim_flash_f7_new(sim_machine *m); /* flash/f7.c */

#endif
