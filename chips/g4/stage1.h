#include "chips/stm32/stage1_g4l4.h"
