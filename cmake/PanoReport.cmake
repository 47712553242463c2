# What is built and what is not, and why: a table at the end of the configuration, kept in
# built.txt of the build folder ("<state>|<name>|<reason>" a line, read by ./pano).
function(pano_report state name reason)
  set_property(GLOBAL APPEND_STRING PROPERTY PANO_REPORT "${state}|${name}|${reason}\n")
endfunction()

# The modules' table for check_includes.cmake: "<folder>|<name>|<deps>|<deps of tests>" a line.
function(pano_record_module name deps test_deps)
  file(RELATIVE_PATH folder ${CMAKE_SOURCE_DIR}/src ${CMAKE_CURRENT_SOURCE_DIR})
  get_property(known GLOBAL PROPERTY PANO_MODULE_NAMES)
  foreach(dep IN LISTS deps)
    if(NOT dep IN_LIST known)
      message(FATAL_ERROR "${name}: DEPS: '${dep}' is no module that stands before it in src/CMakeLists.txt")
    endif()
  endforeach()
  list(JOIN deps " " deps)
  list(JOIN test_deps " " test_deps)
  set_property(GLOBAL APPEND PROPERTY PANO_MODULE_NAMES ${name})
  set_property(GLOBAL APPEND_STRING PROPERTY PANO_MODULE_TABLE "${folder}|${name}|${deps}|${test_deps}\n")
endfunction()

# Includes are what DEPS say; checked when a source changed, by a script that reads them all.
function(pano_check_includes)
  get_property(table GLOBAL PROPERTY PANO_MODULE_TABLE)
  set(modules ${CMAKE_BINARY_DIR}/modules.txt)
  file(CONFIGURE OUTPUT ${modules} CONTENT "${table}" @ONLY)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS
    ${CMAKE_SOURCE_DIR}/src/*.h ${CMAKE_SOURCE_DIR}/src/*.cc ${CMAKE_SOURCE_DIR}/src/*.inc)
  set(stamp ${CMAKE_BINARY_DIR}/includes.stamp)
  add_custom_command(OUTPUT ${stamp}
    COMMAND ${CMAKE_COMMAND} -DROOT=${CMAKE_SOURCE_DIR}/src -DMODULES=${modules} -DSTAMP=${stamp}
            -P ${CMAKE_SOURCE_DIR}/cmake/check_includes.cmake
    DEPENDS ${sources} ${modules} ${CMAKE_SOURCE_DIR}/cmake/check_includes.cmake
    COMMENT "Checking includes against DEPS")
  add_custom_target(check_includes ALL DEPENDS ${stamp})
endfunction()

function(pano_print_report)
  get_property(report GLOBAL PROPERTY PANO_REPORT)
  file(WRITE ${CMAKE_BINARY_DIR}/built.txt "${report}")
  execute_process(COMMAND sh ${CMAKE_SOURCE_DIR}/cmake/print_report.sh ${CMAKE_BINARY_DIR}/built.txt
    OUTPUT_VARIABLE text)
  message(STATUS "${text}")
endfunction()
