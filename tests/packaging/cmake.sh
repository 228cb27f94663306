# CMake: find_package(keepalive) with its version, and both targets, also after the installation was moved to a folder
# whose name has quotes.
source "$(dirname "$0")/common.sh"
need cmake cmake
install_to "$WORK/first place"
prefix="$WORK/second \"place\" it's"
mv "first place" "$prefix"
mkdir source
cp "$ROOT/bindings/c/examples/get.c" source
version=$(sed -n 's/^#define KA_VERSION "\(.*\)"/\1/p' "$prefix/include/keepalive.h")
cat >source/CMakeLists.txt <<END
cmake_minimum_required(VERSION 3.13)
project(user C)
find_package(keepalive $version REQUIRED)
find_package(keepalive $version EXACT REQUIRED)
find_package(keepalive REQUIRED)
if(NOT keepalive_VERSION VERSION_EQUAL "$version")
  message(FATAL_ERROR "keepalive_VERSION is \${keepalive_VERSION}")
endif()
find_package(keepalive 99 QUIET)
if(keepalive_FOUND)
  message(FATAL_ERROR "version 99 was found")
endif()
find_package(keepalive REQUIRED)
add_executable(shared get.c)
target_link_libraries(shared keepalive::keepalive)
add_executable(static get.c)
target_link_libraries(static keepalive::static)
END
cmake -S source -B build -DCMAKE_PREFIX_PATH="$prefix" >said 2>&1 || fail "$(cat said)"
cmake --build build >said 2>&1 || fail "$(cat said)"
answers build/shared
answers build/static
readelf -d build/shared | grep -q 'NEEDED.*\[libkeepalive.so.1\]' || fail "shared asks for another library"
readelf -d build/static | grep -q 'NEEDED.*libkeepalive' && fail "static asks for the shared library"

rm "$prefix"/lib/libkeepalive.*
if cmake -S source -B again -DCMAKE_PREFIX_PATH="$prefix" >said 2>&1; then fail "nothing is there"; fi
tr -s ' \n' ' ' <said | grep -q 'neither libkeepalive.so.1.* nor libkeepalive.a is in' || fail "$(cat said)"
