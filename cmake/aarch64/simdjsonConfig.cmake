# simdjson for the target: the header of the host's libsimdjson-dev and the library of arm64's
# libsimdjson14, installed or unpacked into debian/ of the build folder (tests/aarch64.sh does).
# Without the library everything compiles, and what reads no JSON links.
find_file(PANO_SIMDJSON_HEADER simdjson.h PATHS /usr/include
  NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH REQUIRED)
find_file(PANO_SIMDJSON_LIBRARY libsimdjson.so.14
  PATHS ${CMAKE_BINARY_DIR}/debian/usr/lib/aarch64-linux-gnu /usr/lib/aarch64-linux-gnu
  NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
# Alone in a folder: the host's other headers must not be seen.
file(COPY ${PANO_SIMDJSON_HEADER} DESTINATION ${CMAKE_BINARY_DIR}/simdjson)
if(PANO_SIMDJSON_LIBRARY)
  add_library(simdjson::simdjson SHARED IMPORTED)
  set_target_properties(simdjson::simdjson PROPERTIES IMPORTED_LOCATION ${PANO_SIMDJSON_LIBRARY})
else()
  add_library(simdjson::simdjson INTERFACE IMPORTED)
endif()
set_target_properties(simdjson::simdjson PROPERTIES
  INTERFACE_INCLUDE_DIRECTORIES ${CMAKE_BINARY_DIR}/simdjson)
