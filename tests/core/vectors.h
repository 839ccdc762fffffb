#ifndef TESTS_CORE_VECTORS_H
#define TESTS_CORE_VECTORS_H

#include <stddef.h>
#include <stdint.h>

/* The bytes under "vector NAME" in a document; 0 where there is none. */
size_t vector_read(const char *document, const char *name, uint8_t *bytes, size_t room);
/* Names in order; false after the last. */
int vector_name(const char *document, unsigned index, char *name, size_t room);

#endif
