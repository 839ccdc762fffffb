/* What must hold of every object file that is read, and of every refusal. */
#ifndef TESTS_FUZZ_OBJECTS_H
#define TESTS_FUZZ_OBJECTS_H

#include "host/lib/objfile.h"
#include "tests/fuzz/fuzz.h"

void check_object(const uint8_t *data, size_t size, uint32_t address);

#endif
