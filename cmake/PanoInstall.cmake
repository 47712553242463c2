# `cmake --install` and Debian packages by `cpack -G DEB`: docs/install.md says how. A component is a
# package: pano; pano-train, which needs libtorch; pano-data and pano-infra. What is not built is left out.
#
# Whoever gives packages to others sets an address that is read: the project itself has none.
set(PANO_MAINTAINER "The Panorama project <panorama@project.invalid>" CACHE STRING "Who makes the packages, NAME <ADDRESS>")
include(GNUInstallDirs)

# pano_install(PROGRAM docs command...): the executable, its man pages and completions, licences, changelog.
function(pano_install program)
  install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT ${program} OPTIONAL)
  install(CODE "
    set(PROGRAM ${program})
    set(BINARY \"$<TARGET_FILE:${program}>\")
    set(SOURCE_DIR \"${CMAKE_SOURCE_DIR}\")
    set(WORK_DIR \"${CMAKE_BINARY_DIR}/install-${program}\")
    set(SECONDS \"${PANO_COMMIT_SECONDS}\")
    set(VERSION \"${PROJECT_VERSION}-1\")
    set(MAINTAINER \"${PANO_MAINTAINER}\")
    if(EXISTS \"\${BINARY}\")
      include(\"${CMAKE_SOURCE_DIR}/cmake/install_documents.cmake\")
    else()
      message(STATUS \"${program} is not built, and left out\")
    endif()" COMPONENT ${program})
endfunction()

set(components)
if(TARGET pano)
  list(APPEND components pano)
  pano_install(pano)
  install(DIRECTORY ${CMAKE_SOURCE_DIR}/models/starter DESTINATION share/panorama/models COMPONENT pano)
  install(FILES ${CMAKE_SOURCE_DIR}/deploy/systemd/pano.service ${CMAKE_SOURCE_DIR}/deploy/systemd/pano.socket
    DESTINATION lib/systemd/system COMPONENT pano)
  install(FILES ${CMAKE_SOURCE_DIR}/deploy/etc/serve.yaml DESTINATION share/doc/pano/examples COMPONENT pano)
  # /etc belongs to /usr; any other prefix has an etc of its own.
  install(CODE "
    set(etc \"\${CMAKE_INSTALL_PREFIX}/etc\")
    if(CMAKE_INSTALL_PREFIX STREQUAL \"/usr\")
      set(etc /etc)
    endif()
    if(CMAKE_INSTALL_PREFIX STREQUAL \"/usr\" OR NOT EXISTS \"\$ENV{DESTDIR}\${etc}/pano/serve.yaml\")
      file(INSTALL \"${CMAKE_SOURCE_DIR}/deploy/etc/serve.yaml\" DESTINATION \"\${etc}/pano\")
    endif()" COMPONENT pano)
endif()
if(TARGET pano-train)
  list(APPEND components pano-train)
  pano_install(pano-train)
  install(DIRECTORY ${CMAKE_SOURCE_DIR}/recipes DESTINATION share/panorama COMPONENT pano-train)
endif()
foreach(program IN ITEMS pano-data pano-infra)
  if(TARGET ${program})
    list(APPEND components ${program})
    pano_install(${program})
  endif()
endforeach()
if(NOT components)
  return()
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME panorama)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_VENDOR Panorama)
set(CPACK_COMPONENTS_ALL ${components})
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "${PANO_MAINTAINER}")
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)

set(CPACK_DEBIAN_PANO_PACKAGE_NAME pano)
set(CPACK_COMPONENT_PANO_DESCRIPTION "serve, run and measure large models
Panorama serves large language models and encoders on one machine: an HTTP
server with OpenAI routes, streaming, metrics and bounded queues, and commands
that pull, run, convert, quantise, evaluate and measure models. A small model
is included. The service pano.service is installed and not started.")
set(CPACK_DEBIAN_PANO_PACKAGE_CONTROL_EXTRA
  "${CMAKE_SOURCE_DIR}/deploy/debian/conffiles;${CMAKE_SOURCE_DIR}/deploy/debian/postinst;${CMAKE_SOURCE_DIR}/deploy/debian/prerm;${CMAKE_SOURCE_DIR}/deploy/debian/postrm")
set(CPACK_DEBIAN_PANO_PACKAGE_RECOMMENDS "ca-certificates")
set(CPACK_DEBIAN_PANO-TRAIN_PACKAGE_NAME pano-train)
# The BLAS that libtorch finds; the reference one, which it would get otherwise, is 18 times slower.
set(CPACK_DEBIAN_PANO-TRAIN_PACKAGE_RECOMMENDS "libopenblas0-pthread")
set(CPACK_COMPONENT_PANO-TRAIN_DESCRIPTION "train small language models
pano-train makes tokenizers and trains dense language models and encoders by
recipes; `pano train` runs it. It links libtorch.")
set(CPACK_DEBIAN_PANO-TRAIN_PACKAGE_DEPENDS "pano (= ${PROJECT_VERSION}-1)")
set(CPACK_DEBIAN_PANO-DATA_PACKAGE_NAME pano-data)
set(CPACK_DEBIAN_PANO-DATA_PACKAGE_RECOMMENDS "git")
# Loaded when a remote is first used, so no library that it links to.
set(CPACK_DEBIAN_PANO-DATA_PACKAGE_DEPENDS "libcurl4")
set(CPACK_COMPONENT_PANO-DATA_DESCRIPTION "version data in the files of DVC
pano-data keeps versions of large files and folders beside git, in the files of
DVC 3, with remotes, pipelines and the lineage of trained models; `pano data`
runs it. Where pano is not installed, the command pano-data does the same.")
set(CPACK_DEBIAN_PANO-INFRA_PACKAGE_NAME pano-infra)
set(CPACK_COMPONENT_PANO-INFRA_DESCRIPTION "simulate clusters of accelerators
pano-infra simulates networks, collectives, training steps, serving and queues
on a described cluster; `pano infra` runs it. Where pano is not installed, the
command pano-infra does the same.")
# Read by cpack: only then it is known what has been built.
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/cpack_built.cmake @ONLY CONTENT [[
foreach(component IN ITEMS pano pano-train pano-data pano-infra)
  if(NOT EXISTS "@CMAKE_BINARY_DIR@/bin/${component}")
    list(REMOVE_ITEM CPACK_COMPONENTS_ALL ${component})
  endif()
endforeach()
]])
set(CPACK_PROJECT_CONFIG_FILE ${CMAKE_BINARY_DIR}/cpack_built.cmake)
include(CPack)
