# pano_module(NAME SRCS DEPS SYSTEM NEEDS STUB TESTS TEST_DEPS TESTING SERIAL BENCH FUZZ)
#
# One folder, one library, one namespace. NAME is the folder below src/ with '/' as '_':
#   SRCS       sources, relative to the folder
#   DEPS       the modules whose headers it includes, by NAME; all of them stand before it in
#              src/CMakeLists.txt and in no higher layer (check_includes.cmake compares the sources)
#   SYSTEM     libraries from outside, private to the module
#   NEEDS      the Debian packages of SYSTEM (their lines: deps/apt.txt). Where a target of SYSTEM does
#              not exist, the module is left out with all that depends on it, and the table at the
#              end of the configuration says so
#   STUB       sources that take the place of SRCS there instead, without SYSTEM and tests
#   TESTS      *_test.cc: together one executable NAME_test
#   TEST_DEPS  modules that only tests, benchmarks, fuzzers and testing/ include
#   TESTING    sources of testing/, compiled only where there are tests or benchmarks
#   SERIAL     the tests measure time or use every core: ctest runs them alone
#   BENCH      *_bench.cc: one Google Benchmark executable each (PANO_BENCH=ON); with tests, ctest runs each
#              for a moment, label bench, and fails where it says that its answer is wrong
#   FUZZ       *_fuzz.cc with LLVMFuzzerTestOneInput: a fuzzer under PANO_FUZZ, else a corpus replayer
#              that runs as a test over corpus/<stem>/ beside it
function(pano_module NAME)
  cmake_parse_arguments(M "SERIAL" "" "SRCS;DEPS;SYSTEM;NEEDS;STUB;TESTS;TEST_DEPS;TESTING;BENCH;FUZZ" ${ARGN})
  pano_record_module(${NAME} "${M_DEPS}" "${M_TEST_DEPS}")
  pano_missing(missing "${M_DEPS}" "${M_SYSTEM}" "${M_NEEDS}")
  set(stubbed FALSE)
  if(missing AND M_STUB)
    set(stubbed TRUE)
    pano_report(stub ${NAME} "${missing}")
    set(M_SRCS ${M_STUB})
    foreach(part SYSTEM TESTS BENCH FUZZ)
      set(M_${part})
    endforeach()
  elseif(missing)
    pano_report("left out" ${NAME} "${missing}")
    return()
  else()
    pano_report(built ${NAME} "")
  endif()

  set(target pano_${NAME})
  if(PANO_TESTS OR PANO_BENCH)
    list(APPEND M_SRCS ${M_TESTING})
  endif()
  list(TRANSFORM M_DEPS PREPEND pano_)
  list(TRANSFORM M_TEST_DEPS PREPEND pano_)
  add_library(${target} ${M_SRCS})
  set_target_properties(${target} PROPERTIES DEFINE_SYMBOL "")    # shared or not, the same objects: ccache has them
  target_link_libraries(${target} PRIVATE ${M_SYSTEM} PUBLIC pano_compile ${M_DEPS})
  pano_precompile(${target})
  # Instrumented code takes g++ and clang two to three times as long to optimise as to write out plainly:
  # only what computes (base, model) is worth it.
  if(PANO_SANITIZE AND NAME MATCHES "^(app|pano)_")
    target_compile_options(${target} PRIVATE -O0)
  endif()

  if(PANO_TESTS)
    # Once is enough, and where there is what they include: headers of a module that is a stub here may need that.
    if(NOT PANO_SANITIZE AND NOT stubbed AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      pano_check_headers(${target} "${M_SRCS};${M_TESTS}" "${M_SYSTEM}")
    endif()
    if(M_TESTS)
      add_executable(${target}_test ${M_TESTS})
      target_link_libraries(${target}_test PRIVATE ${target} ${M_TEST_DEPS} ${M_SYSTEM} GTest::gmock GTest::gtest_main)
      if(PANO_SANITIZE)
        target_compile_options(${target}_test PRIVATE -O0)
      endif()
      target_compile_definitions(${target}_test PRIVATE PANO_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
      pano_add_test(${NAME} unit ${target}_test)
      set_tests_properties(${NAME} PROPERTIES RUN_SERIAL ${M_SERIAL})
      pano_report(built ${target}_test "")
    endif()
    foreach(fuzz IN LISTS M_FUZZ)
      pano_fuzz("${target};${M_TEST_DEPS}" ${fuzz})
    endforeach()
  endif()
  if(PANO_BENCH)
    foreach(bench IN LISTS M_BENCH)
      get_filename_component(stem ${bench} NAME_WE)
      add_executable(${stem} ${bench})
      target_link_libraries(${stem} PRIVATE ${target} ${M_TEST_DEPS} benchmark::benchmark_main)
      if(PANO_TESTS)
        pano_add_test(${stem} bench ${stem} --benchmark_min_time=0.0001)
        # What SkipWithError prints; the program itself still ends with 0.
        set_tests_properties(${stem} PROPERTIES FAIL_REGULAR_EXPRESSION "ERROR OCCURRED")
      endif()
      pano_report(built ${stem} "")
    endforeach()
  endif()
endfunction()

# pano_executable(NAME SRCS DEPS): a program of ours; left out with the modules that it needs.
function(pano_executable NAME)
  cmake_parse_arguments(M "" "" "SRCS;DEPS" ${ARGN})
  pano_missing(missing "${M_DEPS}" "" "")
  if(missing)
    pano_report("left out" ${NAME} "${missing}")
    return()
  endif()
  list(TRANSFORM M_DEPS PREPEND pano_)
  add_executable(${NAME} ${M_SRCS})
  target_link_libraries(${NAME} PRIVATE ${M_DEPS})
  pano_report(built ${NAME} "")
endfunction()

# pano_add_test(NAME LABEL COMMAND...): runs in the root of the checkout.
function(pano_add_test NAME LABEL)
  add_test(NAME ${NAME} COMMAND ${ARGN} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${NAME} PROPERTIES LABELS ${LABEL} TIMEOUT 600)
endfunction()

# pano_unseen_by_tsan(NAME [FILTER]): a test whose threads meet in a library that Debian builds with locks which
# ThreadSanitizer does not see (abseil's in gRPC) or without instrumentation (libtorch): each handing over would be
# reported. There only the cases of FILTER run; without one, none. The other sanitizers run all.
function(pano_unseen_by_tsan NAME)
  if(NOT PANO_SANITIZE MATCHES thread OR NOT TEST ${NAME})
    return()
  elseif(ARGC GREATER 1)
    set_tests_properties(${NAME} PROPERTIES ENVIRONMENT "GTEST_FILTER=${ARGV1}")
  else()
    set_tests_properties(${NAME} PROPERTIES DISABLED TRUE)
  endif()
endfunction()

# Why a target cannot be built here, or nothing: `needs` are the packages of `system`.
function(pano_missing out deps system needs)
  set(reasons)
  foreach(dep IN LISTS deps)
    if(NOT TARGET pano_${dep})
      list(APPEND reasons "${dep} is left out")
    endif()
  endforeach()
  set(absent FALSE)
  foreach(library IN LISTS system)
    if(NOT TARGET ${library})
      set(absent TRUE)
    endif()
  endforeach()
  if(absent)
    list(JOIN needs " " packages)
    list(APPEND reasons "not installed: ${packages}")
    if(NOT needs)
      message(FATAL_ERROR "${system}: one of them does not exist, and no NEEDS names its package")
    endif()
  endif()
  list(JOIN reasons ", " reasons)
  set(${out} "${reasons}" PARENT_SCOPE)
endfunction()

# Every header compiles alone: one that leans on its includer fails the build. foo.cc, or where there
# is none foo_test.cc, includes foo.h first (check_includes.cmake sees to it) and so is that test; the
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

# A fuzz target; its seeds lie in corpus/<stem>/ beside the source.
function(pano_fuzz libraries source)
  get_filename_component(stem ${source} NAME_WE)
  set(corpus ${CMAKE_CURRENT_SOURCE_DIR}/corpus/${stem})
  if(PANO_FUZZ)
    add_executable(${stem} ${source})
    target_link_options(${stem} PRIVATE -fsanitize=fuzzer)
  else()
    add_executable(${stem} ${source} ${CMAKE_SOURCE_DIR}/tests/fuzz_replay_main.cc)
    pano_add_test(${stem} fuzz ${stem} ${corpus})
  endif()
  target_link_libraries(${stem} PRIVATE ${libraries})
  pano_report(built ${stem} "")
endfunction()
