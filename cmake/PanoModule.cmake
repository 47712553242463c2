# pano_module(NAME SRCS DEPS SYSTEM TESTS BENCH FUZZ)
#
# One folder, one library, one namespace. NAME is the folder below src/ with '/' as '_':
#   SRCS    sources, relative to the folder
#   DEPS    modules of ours that it uses, by NAME; only these and lower layers may be included
#   SYSTEM  libraries from outside, private to the module
#   TESTS   *_test.cc: together one executable NAME_test
#   BENCH   *_bench.cc: one Google Benchmark executable each (PANO_BENCH=ON)
#   FUZZ    *_fuzz.cc with LLVMFuzzerTestOneInput: a fuzzer under PANO_FUZZ, else a corpus replayer
#           that runs as a test over fuzz/corpus/<stem>/ beside it
function(pano_module NAME)
  cmake_parse_arguments(M "" "" "SRCS;DEPS;SYSTEM;TESTS;BENCH;FUZZ" ${ARGN})
  set(target pano_${NAME})
  add_library(${target} ${M_SRCS})
  target_link_libraries(${target} PRIVATE ${M_SYSTEM} PUBLIC pano_compile)
  foreach(dep IN LISTS M_DEPS)
    target_link_libraries(${target} PUBLIC pano_${dep})
  endforeach()
  set_property(GLOBAL APPEND PROPERTY PANO_MODULES ${NAME})

  if(PANO_TESTS)
    if(NOT PANO_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")   # once is enough
      pano_check_headers(${target} "${M_SRCS};${M_TESTS}" "${M_SYSTEM}")
    endif()
    if(M_TESTS)
      add_executable(${target}_test ${M_TESTS})
      target_link_libraries(${target}_test PRIVATE ${target} ${M_SYSTEM} GTest::gmock GTest::gtest_main)
      target_compile_definitions(${target}_test PRIVATE PANO_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
      add_test(NAME ${NAME} COMMAND ${target}_test WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
      set_tests_properties(${NAME} PROPERTIES LABELS unit TIMEOUT 600)
    endif()
    foreach(fuzz IN LISTS M_FUZZ)
      pano_fuzz(${target} ${fuzz})
    endforeach()
  endif()
  if(PANO_BENCH)
    foreach(bench IN LISTS M_BENCH)
      get_filename_component(stem ${bench} NAME_WE)
      add_executable(${stem} ${bench})
      target_link_libraries(${stem} PRIVATE ${target} benchmark::benchmark_main)
    endforeach()
  endif()
endfunction()

# Every header compiles alone: one that leans on its includer fails the build. foo.cc, or where there
# is none foo_test.cc, includes foo.h first (check_layers.cmake sees to it) and so is that test; the
# other headers of the module get a unit that includes nothing else.
function(pano_check_headers target sources system)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} *.h)
  file(GLOB_RECURSE inner RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} */CMakeLists.txt)
  list(TRANSFORM inner REPLACE "CMakeLists.txt$" "")      # modules of their own check their own headers
  set(units)
  foreach(header IN LISTS headers)
    string(REGEX REPLACE "[.]h$" "" stem ${header})
    if("${stem}.cc" IN_LIST sources OR "${stem}_test.cc" IN_LIST sources)
      continue()
    endif()
    set(own TRUE)
    foreach(folder IN LISTS inner)
      string(FIND ${header} ${folder} at)
      if(at EQUAL 0)
        set(own FALSE)
      endif()
    endforeach()
    if(own)
      file(RELATIVE_PATH name ${CMAKE_SOURCE_DIR}/src ${CMAKE_CURRENT_SOURCE_DIR}/${header})
      string(REPLACE "/" "_" stem ${name})
      set(unit ${CMAKE_BINARY_DIR}/header_check/${stem}.cc)
      file(CONFIGURE OUTPUT ${unit} CONTENT "#include \"${name}\"  // IWYU pragma: keep\n")
      list(APPEND units ${unit})
    endif()
  endforeach()
  if(units)
    add_library(${target}_headers OBJECT ${units})
    target_link_libraries(${target}_headers PRIVATE ${target} ${system} GTest::gmock)
    target_compile_options(${target}_headers PRIVATE -O0)     # the object is the stamp; nobody runs it
  endif()
endfunction()

# A fuzz target; its seeds lie in fuzz/corpus/<stem>/ beside the source.
function(pano_fuzz target source)
  get_filename_component(stem ${source} NAME_WE)
  set(corpus ${CMAKE_CURRENT_SOURCE_DIR}/corpus/${stem})
  if(PANO_FUZZ)
    add_executable(${stem} ${source})
    target_link_libraries(${stem} PRIVATE ${target})
    target_link_options(${stem} PRIVATE -fsanitize=fuzzer)
  else()
    add_executable(${stem} ${source} ${CMAKE_SOURCE_DIR}/tests/fuzz_replay_main.cc)
    target_link_libraries(${stem} PRIVATE ${target})
    add_test(NAME ${stem} COMMAND ${stem} ${corpus})
    set_tests_properties(${stem} PROPERTIES LABELS fuzz TIMEOUT 300)
  endif()
  set_property(GLOBAL APPEND PROPERTY PANO_FUZZERS ${stem})
endfunction()

# Includes go downwards only; checked on every build by a script that reads the sources.
function(pano_check_layers)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS
    ${CMAKE_SOURCE_DIR}/src/*.h ${CMAKE_SOURCE_DIR}/src/*.cc ${CMAKE_SOURCE_DIR}/src/*.inc)
  set(stamp ${CMAKE_BINARY_DIR}/layers.stamp)
  add_custom_command(OUTPUT ${stamp}
    COMMAND ${CMAKE_COMMAND} -DROOT=${CMAKE_SOURCE_DIR}/src -DSTAMP=${stamp}
            -P ${CMAKE_SOURCE_DIR}/cmake/check_layers.cmake
    DEPENDS ${sources} ${CMAKE_SOURCE_DIR}/cmake/check_layers.cmake
    COMMENT "Checking that includes go downwards")
  add_custom_target(check_layers ALL DEPENDS ${stamp})
endfunction()
