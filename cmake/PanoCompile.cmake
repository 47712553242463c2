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
endif()
if(BUILD_SHARED_LIBS)
  add_link_options(-Wl,--no-undefined)
endif()

find_program(PANO_CCACHE ccache)
if(PANO_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${PANO_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${PANO_CCACHE})
endif()
