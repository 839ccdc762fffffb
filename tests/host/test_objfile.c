#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <elf.h>

#include "host/lib/objfile.h"

static bool parse(tb_objfile *o, const char *text)
{
    return tb_objfile_parse(o, "f", text, strlen(text), TB_NO_ADDRESS);
}

static void expect_error(const char *text, const char *part)
{
    tb_objfile o;
    bool good = parse(&o, text);
    if (good || !strstr(o.error, part)) {
        fail_msg("expected '%s', got '%s'", part, good ? "(success)" : o.error);
    }
    assert_int_equal(o.count, 0);
    assert_null(o.segments);
    tb_objfile_free(&o);
}

/* ---- Intel HEX ----------------------------------------------------------------------------- */

#define END ":00000001FF\n"

static void test_hex_good(void **state)
{
    (void)state;
    tb_objfile o;
    assert_true(parse(&o, ":020000040800F2\r\n"
                          ":04000400AABBCCDDEA\r\n"
                          ":0400000001020304F2\n"
                          "\n"
                          ":0400000508000401EA\n"
                          ":0100FF0077 89\n" END) ==
                false); /* a blank inside a record is no hex digit */
    tb_objfile_free(&o);
    assert_true(parse(&o, ":020000040800F2\r\n"
                          ":04000400AABBCCDDEA\r\n"
                          ":0400000001020304F2\n"
                          "\n"
                          ":0400000508000401EA\n"
                          ":0100FF007789  \n" END));
    assert_int_equal(o.format, TB_FORMAT_HEX);
    assert_int_equal(o.count, 2);
    assert_int_equal(o.segments[0].address, 0x08000000);
    assert_int_equal(o.segments[0].bytes, 8);
    assert_memory_equal(o.segments[0].data, "\1\2\3\4\xAA\xBB\xCC\xDD", 8);
    assert_int_equal(o.segments[1].address, 0x080000FF);
    assert_int_equal(o.segments[1].data[0], 0x77);
    tb_objfile_free(&o);
}

static void test_hex_segmented(void **state)
{
    (void)state;
    tb_objfile o;
    /* Type 02: base 0x12340, and an offset that wraps within the 64 KB. */
    assert_true(parse(&o, ":020000021234B6\n:04FFFE0001020304F5\n" END));
    assert_int_equal(o.count, 2);
    assert_int_equal(o.segments[0].address, 0x12340);
    assert_memory_equal(o.segments[0].data, "\3\4", 2);
    assert_int_equal(o.segments[1].address, 0x2233E);
    assert_memory_equal(o.segments[1].data, "\1\2", 2);
    tb_objfile_free(&o);
    /* Type 04: the next 64 KB follow. */
    assert_true(parse(&o, ":020000040800F2\n:04FFFE0001020304F5\n" END));
    assert_int_equal(o.count, 1);
    assert_int_equal(o.segments[0].address, 0x0800FFFE);
    tb_objfile_free(&o);
}

static void test_hex_bad(void **state)
{
    (void)state;
    expect_error(":0400000001020304F3\n" END,
                 "line 1: checksum is F3, the bytes before it ask for F2");
    expect_error(":020000040800F2\n:0400000001020304F2\n",
                 "ends after line 2 without an end record");
    expect_error(":020000040800F2\n:04000000010203",
                 "line 2: the record is 7 bytes long but its length");
    expect_error(":04000000010203F6\n" END, "line 1: the record is 8 bytes long");
    expect_error(":FF000000", "asks for 260");
    expect_error(":0", "line 1: 1 hex digits cannot be a record");
    expect_error(":", "line 1: the record is 0 bytes long");
    expect_error(":04000000010203G4F2\n" END, "line 1: not a hex digit in column 16");
    expect_error(":0400000001020304F2\nnonsense\n", "line 2: does not begin with ':'");
    expect_error(":0400000001020304F2\n" END ":0400080001020304EA\n",
                 "line 3: a record after the end");
    expect_error(":00000006FA\n" END, "line 1: unknown record type 06");
    expect_error(":0100000408F3\n" END, "record type 04 must carry 2 bytes, not 1");
    expect_error(":0100000101FD\n", "record type 01 must carry 0 bytes");
    expect_error(":0400000001020304F2\n:0400020001020304F0\n" END,
                 "gives the byte at 0x00000002 twice");
    expect_error(":02000004FFFFFC\n:04FFFE0001020304F5\n" END, "past the end of the address space");
    expect_error(END, "holds no data");
}

static void test_hex_long_line(void **state)
{
    (void)state;
    char line[2000];
    memset(line, '0', sizeof line);
    line[0] = ':';
    line[sizeof line - 2] = '\n';
    line[sizeof line - 1] = 0;
    expect_error(line, "hex digits cannot be a record");
}

/* ---- the others ------------------------------------------------------------------------------ */

static void test_formats(void **state)
{
    (void)state;
    tb_objfile o;
    expect_error("", "is empty");
    expect_error("hello world", "neither ELF (no magic) nor Intel HEX");
    expect_error("S00600004844521B\n", "Motorola S-record");
    assert_true(tb_objfile_parse(&o, "f", "hello", 5, 0x08000000));
    assert_int_equal(o.format, TB_FORMAT_BINARY);
    assert_int_equal(o.segments[0].address, 0x08000000);
    assert_int_equal(o.segments[0].bytes, 5);
    tb_objfile_free(&o);
    assert_false(tb_objfile_parse(&o, "f", "hello", 5, 0xFFFFFFFCu));
    assert_non_null(strstr(o.error, "past the end"));
}

static void test_files(void **state)
{
    (void)state;
    tb_objfile o;
    assert_false(tb_objfile_read(&o, "/no/such/file.elf", TB_NO_ADDRESS));
    assert_non_null(strstr(o.error, "/no/such/file.elf: cannot be opened: No such file"));
    assert_false(tb_objfile_read(&o, "/", TB_NO_ADDRESS));
    assert_non_null(strstr(o.error, "cannot be read: Is a directory"));
    assert_false(tb_objfile_read(&o, "/dev/null", TB_NO_ADDRESS));
    assert_non_null(strstr(o.error, "is empty"));
    assert_false(tb_objfile_read(&o, "/dev/zero", 0x08000000));
    assert_non_null(strstr(o.error, "too large"));
}

/* ---- ELF ------------------------------------------------------------------------------------- */

/* Headers, one segment of 64 bytes at file offset 0x100, of which the sections cover the
 * last 48, and a section table. */
typedef struct elf_file {
    Elf32_Ehdr header;
    Elf32_Phdr segment[2];
    uint8_t pad[0x100 - sizeof(Elf32_Ehdr) - 2 * sizeof(Elf32_Phdr)];
    uint8_t data[64];
    char names[16];
    Elf32_Shdr section[3];
} elf_file;

static elf_file good_elf(void)
{
    elf_file f = {0};
    memcpy(f.header.e_ident, ELFMAG, 4);
    f.header.e_ident[EI_CLASS] = ELFCLASS32;
    f.header.e_ident[EI_DATA] = ELFDATA2LSB;
    f.header.e_ident[EI_VERSION] = EV_CURRENT;
    f.header.e_type = ET_EXEC;
    f.header.e_machine = EM_ARM;
    f.header.e_version = EV_CURRENT;
    f.header.e_phoff = offsetof(elf_file, segment);
    f.header.e_shoff = offsetof(elf_file, section);
    f.header.e_ehsize = sizeof f.header;
    f.header.e_phentsize = sizeof f.segment[0];
    f.header.e_phnum = 2;
    f.header.e_shentsize = sizeof f.section[0];
    f.header.e_shnum = 3;
    f.header.e_shstrndx = 1;
    f.segment[0] = (Elf32_Phdr){.p_type = PT_LOAD,
                                .p_offset = offsetof(elf_file, data),
                                .p_vaddr = 0x20000000,
                                .p_paddr = 0x08008000,
                                .p_filesz = 64,
                                .p_memsz = 128};
    f.segment[1] = (Elf32_Phdr){
        .p_type = PT_LOAD, .p_vaddr = 0x20001000, .p_paddr = 0x20001000, .p_memsz = 0x1000};
    memcpy(f.names, "\0.text\0.names", 13);
    f.section[1] = (Elf32_Shdr){.sh_name = 7,
                                .sh_type = SHT_STRTAB,
                                .sh_offset = offsetof(elf_file, names),
                                .sh_size = sizeof f.names};
    f.section[2] = (Elf32_Shdr){.sh_name = 1,
                                .sh_type = SHT_PROGBITS,
                                .sh_flags = SHF_ALLOC,
                                .sh_addr = 0x20000010,
                                .sh_offset = offsetof(elf_file, data) + 16,
                                .sh_size = 48};
    for (unsigned i = 0; i < 64; i++) {
        f.data[i] = (uint8_t)(i + 1);
    }
    return f;
}

static void test_elf_good(void **state)
{
    (void)state;
    tb_objfile o;
    elf_file f = good_elf();
    assert_true(tb_objfile_parse(&o, "f", &f, sizeof f, TB_NO_ADDRESS));
    assert_int_equal(o.format, TB_FORMAT_ELF);
    assert_int_equal(o.count, 1);
    assert_int_equal(o.segments[0].address, 0x08008010); /* the segment's start is no section's */
    assert_int_equal(o.segments[0].bytes, 48);
    assert_int_equal(o.segments[0].data[0], 17);
    tb_objfile_free(&o);
    f.header.e_shnum = 0;
    f.header.e_shoff = 0;
    f.header.e_shstrndx = 0;
    assert_true(tb_objfile_parse(&o, "f", &f, sizeof f, TB_NO_ADDRESS));
    assert_int_equal(o.segments[0].address, 0x08008000);
    assert_int_equal(o.segments[0].bytes, 64);
    tb_objfile_free(&o);
}

static void expect_bad_elf(const elf_file *f, size_t bytes, const char *part)
{
    tb_objfile o;
    bool good = tb_objfile_parse(&o, "f", f, bytes, TB_NO_ADDRESS);
    if (good || !strstr(o.error, part)) {
        fail_msg("expected '%s', got '%s'", part, good ? "(success)" : o.error);
    }
    tb_objfile_free(&o);
}

static void test_elf_bad(void **state)
{
    (void)state;
    elf_file f = good_elf();
    expect_bad_elf(&f, 4, "cut short: 4 bytes");
    expect_bad_elf(&f, 51, "cut short");
    expect_bad_elf(&f, 0x120, "truncated");
    f.header.e_ident[EI_CLASS] = ELFCLASS64;
    expect_bad_elf(&f, sizeof f, "64-bit");
    f = good_elf();
    f.header.e_ident[EI_DATA] = ELFDATA2MSB;
    expect_bad_elf(&f, sizeof f, "big-endian");
    f = good_elf();
    f.header.e_machine = EM_386;
    expect_bad_elf(&f, sizeof f, "another processor (machine 3)");
    f = good_elf();
    f.header.e_type = ET_REL;
    expect_bad_elf(&f, sizeof f, "link it first");
    f = good_elf();
    f.segment[0].p_filesz = 0x10000;
    expect_bad_elf(&f, sizeof f, "is truncated: segment 0 at 0x08008000");
    f = good_elf();
    f.segment[0].p_offset = 0xFFFFFFF0u;
    expect_bad_elf(&f, sizeof f, "is truncated");
    f = good_elf();
    f.segment[0].p_type = PT_NOTE;
    expect_bad_elf(&f, sizeof f, "holds no data to load");
    f = good_elf();
    f.segment[1] = f.segment[0];
    f.segment[1].p_paddr += 20;
    expect_bad_elf(&f, sizeof f, "twice");
    f = good_elf();
    f.segment[0].p_paddr = 0xFFFFFFF0u;
    expect_bad_elf(&f, sizeof f, "past the end");
    f = good_elf();
    f.header.e_phoff = 0x7FFFFFFF;
    expect_bad_elf(&f, sizeof f, "f: ");
}

/* Every truncation and every single damaged byte of a small file: an answer, no crash (the
 * sanitizer build looks), and never more data than the file has. */
static void damage_all(const uint8_t *good, size_t bytes)
{
    uint8_t *copy = malloc(bytes);
    assert_non_null(copy);
    tb_objfile o;
    for (size_t n = 0; n < bytes; n++) {
        (void)tb_objfile_parse(&o, "f", good, n, TB_NO_ADDRESS);
        tb_objfile_free(&o);
    }
    for (size_t at = 0; at < bytes; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            memcpy(copy, good, bytes);
            copy[at] ^= (uint8_t)(1u << bit);
            if (tb_objfile_parse(&o, "f", copy, bytes, TB_NO_ADDRESS)) {
                size_t sum = 0;
                for (size_t i = 0; i < o.count; i++) {
                    sum += o.segments[i].bytes;
                }
                assert_true(sum <= bytes);
            } else {
                assert_true(o.error[0] != 0);
            }
            tb_objfile_free(&o);
        }
    }
    free(copy);
}

static void test_damage(void **state)
{
    (void)state;
    elf_file f = good_elf();
    damage_all((const uint8_t *)&f, sizeof f);
    static const char hex[] = ":020000040800F2\n:04000400AABBCCDDEA\n:0400000001020304F2\n" END;
    damage_all((const uint8_t *)hex, sizeof hex - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hex_good), cmocka_unit_test(test_hex_segmented),
        cmocka_unit_test(test_hex_bad),  cmocka_unit_test(test_hex_long_line),
        cmocka_unit_test(test_formats),  cmocka_unit_test(test_files),
        cmocka_unit_test(test_elf_good), cmocka_unit_test(test_elf_bad),
        cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
