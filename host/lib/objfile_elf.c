#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>

#include "host/lib/objfile_internal.h"

static bool check_header(tb_object_builder *b, Elf *elf, const uint8_t *data, size_t bytes,
                         GElf_Ehdr *header)
{
    if (bytes < sizeof(Elf32_Ehdr)) {
        return tb_object_fail(b, "is an ELF file cut short: %zu bytes, the header alone has %zu",
                              bytes, sizeof(Elf32_Ehdr));
    }
    if (data[EI_CLASS] != ELFCLASS32) {
        return tb_object_fail(b, "is a 64-bit ELF file; a 32-bit ARM one is needed");
    }
    if (data[EI_DATA] != ELFDATA2LSB) {
        return tb_object_fail(b, "is a big-endian ELF file; a little-endian ARM one is needed");
    }
    if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, header)) {
        return tb_object_fail(b, "is a damaged ELF file: %s", elf_errmsg(-1));
    }
    if (header->e_machine != EM_ARM) {
        return tb_object_fail(
            b, "is an ELF file for another processor (machine %u); ARM (%u) is needed",
            header->e_machine, EM_ARM);
    }
    if (header->e_type != ET_EXEC) {
        return tb_object_fail(b, "is an ELF file but not an executable (type %u): link it first",
                              header->e_type);
    }
    return true;
}

/* Linkers may put the file's own headers into the first segment, in front of the first
 * section and far below its address; objcopy leaves them out, and so does this. Without
 * section headers the segment is taken as it is. */
static void trim_to_sections(Elf *elf, GElf_Phdr *segment)
{
    uint64_t first = UINT64_MAX, end = 0, segment_end = segment->p_offset + segment->p_filesz;
    for (Elf_Scn *scn = elf_nextscn(elf, NULL); scn; scn = elf_nextscn(elf, scn)) {
        GElf_Shdr s;
        if (!gelf_getshdr(scn, &s) || !(s.sh_flags & SHF_ALLOC) || s.sh_type == SHT_NOBITS ||
            s.sh_size == 0 || s.sh_offset < segment->p_offset || s.sh_offset >= segment_end ||
            s.sh_size > segment_end - s.sh_offset) {
            continue;
        }
        first = s.sh_offset < first ? s.sh_offset : first;
        end = s.sh_offset + s.sh_size > end ? s.sh_offset + s.sh_size : end;
    }
    if (first < end) {
        segment->p_paddr += first - segment->p_offset;
        segment->p_filesz = end - first;
        segment->p_offset = first;
    }
}

static bool add_segments(tb_object_builder *b, Elf *elf, const uint8_t *data, size_t bytes)
{
    size_t count;
    if (elf_getphdrnum(elf, &count) != 0) {
        return tb_object_fail(b, "has a damaged program header table: %s", elf_errmsg(-1));
    }
    for (size_t i = 0; i < count; i++) {
        GElf_Phdr p;
        if (!gelf_getphdr(elf, (int)i, &p)) {
            return tb_object_fail(b, "program header %zu cannot be read: is the file truncated?",
                                  i);
        }
        if (p.p_type != PT_LOAD || p.p_filesz == 0) {
            continue;
        }
        if (p.p_offset > bytes || p.p_filesz > bytes - p.p_offset) {
            return tb_object_fail(
                b,
                "is truncated: segment %zu at 0x%08X needs bytes up to %llu of the "
                "file, which has %zu",
                i, (unsigned)p.p_paddr, (unsigned long long)(p.p_offset + p.p_filesz), bytes);
        }
        trim_to_sections(elf, &p);
        if (p.p_paddr + p.p_filesz > 0x100000000u) {
            return tb_object_fail(b, "segment %zu runs past the end of the address space", i);
        }
        if (!tb_object_add(b, (uint32_t)p.p_paddr, data + p.p_offset, p.p_filesz)) {
            return false;
        }
    }
    return true;
}

bool tb_object_elf(tb_object_builder *b, const uint8_t *data, size_t bytes)
{
    /* libelf wants a buffer that it may write to. */
    char *copy = malloc(bytes);
    if (!copy) {
        return tb_object_fail(b, "out of memory");
    }
    memcpy(copy, data, bytes);
    (void)elf_version(EV_CURRENT);
    Elf *elf = elf_memory(copy, bytes);
    GElf_Ehdr header;
    bool good = check_header(b, elf, data, bytes, &header) && add_segments(b, elf, data, bytes);
    if (elf) {
        (void)elf_end(elf);
    }
    free(copy);
    return good;
}
