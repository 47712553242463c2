# Compile settings that every target of ours shares: warnings are errors, floating point is
# never contracted behind our back (batch invariance rests on it), sanitizers by preset.
add_library(pano_compile INTERFACE)
target_compile_options(pano_compile INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Werror -ffp-contract=off
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)  # g++ 12 reports false -Wrestrict in std::string
target_include_directories(pano_compile INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_BINARY_DIR}/gen)
target_link_libraries(pano_compile INTERFACE Threads::Threads)

if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # g++'s -Wconversion does not look at signs; clang's shall not either.
  target_compile_options(pano_compile INTERFACE -Wthread-safety -Wno-sign-conversion)
endif()

if(PANO_SANITIZE)
  add_compile_options(-fsanitize=${PANO_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${PANO_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")    # g++ 12 sees uninitialised variants where it instruments
    target_compile_options(pano_compile INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()
if(PANO_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
  add_link_options(-fsanitize=fuzzer-no-link)
endif()
if(BUILD_SHARED_LIBS)
  add_link_options(-Wl,--no-undefined)
endif()

find_program(PANO_CCACHE ccache)
if(PANO_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${PANO_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${PANO_CCACHE})
endif()

# The standard headers that nearly every source parses, parsed once. Only a build of what users run
# takes them; one with tests shows that each file includes what it uses. They are compiled in a target of
# their own, whose macros all others have too.
set(PANO_PCH OFF)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT PANO_TESTS AND NOT PANO_BENCH AND NOT PANO_SANITIZE AND NOT BUILD_SHARED_LIBS)
  set(PANO_PCH ON)
  set(CMAKE_PCH_WARN_INVALID OFF)
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/pch.cc CONTENT "// carries the precompiled headers\n")
  add_library(pano_pch OBJECT ${CMAKE_BINARY_DIR}/pch.cc)
  target_link_libraries(pano_pch PRIVATE pano_compile)
  target_precompile_headers(pano_pch PRIVATE <algorithm> <array> <atomic> <charconv> <chrono> <cmath> <cstdint>
    <cstdio> <cstring> <functional> <limits> <map> <memory> <mutex> <optional> <set> <span> <string>
    <string_view> <unordered_map> <utility> <variant> <vector>)
  # With precompiled headers g++ 12 sees copies in std::string beyond its bounds or over each other that
  # it rightly does not see without them: what follows the flow of values only warns here.
  target_compile_options(pano_compile INTERFACE -Wno-error=array-bounds -Wno-error=restrict
    -Wno-error=stringop-overflow -Wno-error=stringop-overread)
  if(PANO_CCACHE)     # what its manual asks for; without it whatever uses them is never cached
    target_compile_options(pano_compile INTERFACE -fpch-preprocess)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${PANO_CCACHE})
  endif()
endif()

# Gives a module's sources the precompiled headers, except those with options of their own (-O3, -mavx2):
# numeric code is compiled as in every other build. Options of sources stand before pano_module.
function(pano_precompile target)
  if(NOT PANO_PCH)
    return()
  endif()
  target_precompile_headers(${target} REUSE_FROM pano_pch)
  get_target_property(sources ${target} SOURCES)
  foreach(source IN LISTS sources)
    get_source_file_property(options ${source} COMPILE_OPTIONS)
    if(options)
      set_source_files_properties(${source} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
    endif()
  endforeach()
endfunction()
