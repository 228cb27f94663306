#!/usr/bin/env bash
# old_libc.sh gnu|musl FILE...: fails where a library asks its libc for what the oldest that packages are for has not:
# glibc 2.17, musl 1.2. glibc's symbols have versions; of musl's the newer ones are known by name.
files=()
for file in "${@:2}"; do files+=("$(realpath "$file")"); done
source "$(dirname "$0")/common.sh"
require readelf
MUSL_NEWER='_Fork|gettid|reallocarray|tcgetwinsize|tcsetwinsize|qsort_r|pthread_getname_np|statx|preadv2|pwritev2|renameat2|posix_getdents'
case ${1:-} in
    gnu)
        oldest="glibc 2.17"
        # zig and rustc both leave these to the system.
        libraries='lib(c|m)\.so\.6|lib(dl|util)\.so\.2|lib(pthread|rt|gcc_s)\.so\.[01]|ld-linux-(x86-64\.so\.2|aarch64\.so\.1)'
        ;;
    musl) oldest="musl 1.2" libraries='libc\.so' ;;
    *) die "old_libc.sh: gnu or musl, and then files" ;;
esac
libc=$1
for file in "${files[@]}"; do
    dynamic=$(readelf -dW "$file")
    symbols=$(readelf --dyn-syms -W "$file")
    other=$(sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' <<<"$dynamic" | grep -vxE "$libraries" | paste -sd' ') || true
    [ -z "$other" ] || die "$file needs $other"
    # Packed relocations, which glibc before 2.36 and musl before 1.2.4 do not know and do not refuse.
    ! grep -q '(RELR)' <<<"$dynamic" || die "$file has relocations that $oldest does not know"
    if [ "$libc" = gnu ]; then
        newer=$({ grep -o '@GLIBC_[0-9.]*' || true; } <<<"$symbols" | sort -uV | tail -1 |
            awk -F'[_.]' '$2 > 2 || $3 > 17 { print substr($0, 2) }')
    else
        # What is weak may be absent.
        newer=$(awk -v newer="^($MUSL_NEWER)$" '$7 == "UND" && $5 == "GLOBAL" && $8 ~ newer { print $8 }' <<<"$symbols" | paste -sd' ')
    fi
    [ -z "$newer" ] || die "$file asks for $newer, which $oldest has not"
done
