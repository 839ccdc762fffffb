/* What the packing tool (boot/pack/) tells the part of stage 2 that unpacks the rest: three words
 * behind the vectors (boot/stage2/unpack.S). */
#ifndef BOOT_STAGE2_PACKED_H
#define BOOT_STAGE2_PACKED_H

enum {
    STAGE2_STREAM_END = 64, /* address; 0: not packed */
    STAGE2_FIRST = 68,      /* address of the first byte that is unpacked */
    STAGE2_END = 72         /* and of the end */
};
#define STAGE2_FACTS_END 76u

#endif
