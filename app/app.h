/* What the files of the applications share. */
#ifndef APP_APP_H
#define APP_APP_H

#include <stdbool.h>
#include <stdint.h>

void reset_handler(void);
int main(void);
void app_tick(void);           /* SysTick, once a millisecond */
void app_line_interrupt(void); /* the wire's UART */

/* One file of these two for each variant. */
void app_at_start(bool trial);
bool app_is_well(uint32_t up_ms); /* the self-check: may this image be confirmed? */

void console_open(void);
void console_text(const char *text);
void console_flush(void); /* until the last bit has left */
void console_number(uint32_t value);
void console_hex(uint32_t value);
void console_version(uint32_t version);

#endif
