#!/bin/bash
# docs/porting.md, 3: an application without CMake compiles these files with these folders on the
# include path and a tb_target.h of its own. Read from the page, compiled and linked with
# tests/consumer as it says:
#   porting_list.sh PAGE FOLDER
# FOLDER is made anew. The warnings that nearly every project has are errors.
set -u -o pipefail
page=${1:?usage: porting_list.sh PAGE FOLDER} out=${2:?usage: porting_list.sh PAGE FOLDER}
cd "$(dirname "$0")/../.." || exit 2
chip=stm32g474re # the part that the page is about

fail() {
    echo "porting_list: $1" >&2
    exit 1
}

section=$(awk '/^\*\*3\. /{on=1} /^\*\*4\. /{on=0} on' "$page")
words=$(printf '%s' "$section" | tr '\n' ' ')
list=$(printf '%s' "$words" | sed -n 's/.*Without CMake: compile \(.*\), with .*/\1/p')
folders=$(printf '%s' "$words" | sed -n 's/.*Without CMake: compile .*, with \(.*\) on the include path.*/\1/p')
[ -n "$list" ] && [ -n "$folders" ] ||
    fail "$page: part 3 has no \"Without CMake: compile ..., with ... on the include path\""

# Between backquotes; a name may be a pattern of bash's.
quoted() { printf '%s' "$1" | grep -o '`[^`]*`' | tr -d '`'; }

rm -rf "$out"
mkdir -p "$out/own"
printf '%s\n' "$section" | awk '/^```c$/{on=1; next} /^```/{on=0} on' > "$out/own/tb_target.h"
[ -s "$out/own/tb_target.h" ] || fail "$page: part 3 shows no tb_target.h"
flags=(-mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard -std=c11 -Og -Wall -Wextra -Werror
       -I "$out/own")
case $folders in *'the top folder'*) flags+=(-I .) ;; esac
while read -r folder; do
    [ "$folder" = tb_target.h ] && continue
    [ -d "$folder" ] || fail "$page names the folder $folder, which is not there"
    flags+=(-I "$folder")
done < <(quoted "$folders")

sources=()
while read -r pattern; do
    eval "names=($pattern)"
    for name in "${names[@]}"; do
        [ -f "$name" ] || fail "$page names $name, which is not there"
        sources+=("$name")
    done
done < <(quoted "$list")
objects=()
for source in "${sources[@]}" tests/consumer/main.c tests/consumer/startup.c; do
    object=$out/$(printf '%s' "$source" | tr / _).o
    arm-none-eabi-gcc "${flags[@]}" -c "$source" -o "$object" ||
        fail "$source does not compile as $page says"
    objects+=("$object")
done

# With part 1's numbers. Nothing is left out that nobody calls: whoever uses other functions than
# tests/consumer finds all that they need.
numbers=$(sed -n 's/^| STM32G474xE .* | \(0x[0-9A-F]*\) | \(0x[0-9A-F]*\) |$/-e s,@origin@,\1, -e s,@length@,\2,/p' "$page")
[ -n "$numbers" ] || fail "$page: part 1 has no ORIGIN and LENGTH of the STM32G474xE"
sed $numbers -e s,@ram@,96K, tests/consumer/STM32_FLASH.ld.in > "$out/app.ld"
arm-none-eabi-gcc "${flags[@]}" -nostartfiles --specs=nano.specs --specs=nosys.specs \
    -T "$out/app.ld" "${objects[@]}" -o "$out/app.elf" ||
    fail "what $page lists does not link: a file is missing from it"
build/bin/twinbank image pack --chip $chip --version 2.0.0 -o "$out/app.twb" "$out/app.elf" ||
    fail "what comes of it cannot be packed"
