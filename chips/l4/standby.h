#include "chips/stm32/standby_g4l4.h"
