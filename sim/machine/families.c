/* Every product line that there is a model of. */
#include "sim/machine/family.h"

#include "sim/periph/periph.h"

static const sim_family *const families[] = {
    &sim_family_g47x,
    &sim_family_l47x,
    &sim_family_l4r,
    &sim_family_h743,
    &sim_family_h7a3,
    &sim_family_u545,
    &sim_family_u575,
    &sim_family_u5a5,
    &sim_family_f767,
};

const sim_family *sim_family_of(const tb_chip *chip)
{
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        if (families[i]->family == chip->family && families[i]->device_id == chip->device_id) {
            return families[i];
        }
    }
    return NULL;
}
