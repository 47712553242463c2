#!/usr/bin/env bash
# pano_module leaves out what needs an absent package, takes a stub where there is one, and reports both.
set -uo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
cases=0

# expect WHAT CONDITION...
expect() {
  cases=$((cases + 1))
  "${@:2}" && return
  echo "FAILED: $1"
  failures=$((failures + 1))
}

mkdir -p "$work"/src/base/{low,gone,stubbed,above} "$work/cmake"
cp "$root"/cmake/{PanoModule,PanoReport,print_report,check_includes}.* "$work/cmake/"
echo 'int main() { return 0; }' >"$work/src/main.cc"
for name in low gone stubbed above; do echo "int $name() { return 0; }" >"$work/src/base/$name/$name.cc"; done
echo 'int no_stubbed() { return 0; }' >"$work/src/base/stubbed/no_stubbed.cc"
cat >"$work/CMakeLists.txt" <<'LISTS'
cmake_minimum_required(VERSION 3.25)
project(modules LANGUAGES CXX)
list(APPEND CMAKE_MODULE_PATH ${CMAKE_SOURCE_DIR}/cmake)
include(PanoReport)
include(PanoModule)
add_library(pano_compile INTERFACE)     # PanoCompile.cmake's part, which this test does without
target_include_directories(pano_compile INTERFACE ${CMAKE_SOURCE_DIR}/src)
function(pano_precompile)
endfunction()
add_library(GTest::gmock INTERFACE IMPORTED GLOBAL)     # for the headers' units
foreach(folder low gone stubbed above)
  add_subdirectory(src/base/${folder})
endforeach()
pano_executable(pano SRCS src/main.cc DEPS low stubbed)
pano_executable(pano-far SRCS src/main.cc DEPS low above)
pano_check_includes()
pano_print_report()
LISTS
echo 'pano_module(low SRCS low.cc)' >"$work/src/base/low/CMakeLists.txt"
echo 'pano_module(gone SRCS gone.cc DEPS low SYSTEM Gone::gone NEEDS libgone-dev)' >"$work/src/base/gone/CMakeLists.txt"
echo 'pano_module(stubbed SRCS stubbed.cc DEPS low SYSTEM Gone::gone NEEDS libgone-dev STUB no_stubbed.cc)' \
  >"$work/src/base/stubbed/CMakeLists.txt"
echo 'pano_module(above SRCS above.cc DEPS gone)' >"$work/src/base/above/CMakeLists.txt"

configure() { cmake -S "$work" -B "$work/build" -G Ninja "$@" >"$work/log" 2>&1; }
reports() { grep -qxF "$1" "$work/build/built.txt"; }
shows() { grep -qF -- "$1" "$work/log"; }

expect "configures without the package" configure
expect "builds" ninja -C "$work/build" --quiet
expect "leaves out" reports "left out|gone|not installed: libgone-dev"
expect "leaves out what depends on that" reports "left out|above|gone is left out"
expect "and a program" reports "left out|pano-far|above is left out"
expect "takes the stub" reports "stub|stubbed|not installed: libgone-dev"
expect "builds the program over the stub" test -x "$work/build/pano"
expect "the table shows why" shows "gone: not installed: libgone-dev"
# With tests every header is compiled alone, but not those of a stub: they may include what is absent.
echo '#include <gone/gone.h>' >"$work/src/base/stubbed/gone_internal.h"
echo 'int low();' >"$work/src/base/low/alone.h"
expect "builds with tests" sh -c 'cmake -S "$0" -B "$0/with-tests" -G Ninja -DPANO_TESTS=ON >"$0/log" 2>&1 &&
  ninja -C "$0/with-tests" --quiet' "$work"
expect "checks the headers of what is there" test -f "$work/with-tests/header_check/base_low_alone.h.cc"
expect "and not those of a stub" test ! -e "$work/with-tests/header_check/base_stubbed_gone_internal.h.cc"
rm "$work/src/base/stubbed/gone_internal.h" "$work/src/base/low/alone.h"
expect "the second build does nothing" sh -c 'ninja -C "$0" | grep -q "no work to do"' "$work/build"
echo 'pano_module(low SRCS low.cc DEPS above)' >"$work/src/base/low/CMakeLists.txt"
expect "refuses a dependency that comes later" sh -c '! cmake -S "$0" -B "$0/build" >"$0/log" 2>&1' "$work"
expect "and names it" shows "'above' is no module that stands before it"
echo "modules: $cases cases, $failures failed"
exit $((failures > 0))
