# Part of `cmake --install`: writes PROGRAM's man pages and completions by running BINARY, and what a
# package's folder of documents holds: copyright, changelogs, licences of what is linked.
# Set by PanoInstall.cmake: PROGRAM BINARY SOURCE_DIR WORK_DIR SECONDS VERSION MAINTAINER.
if(NOT SECONDS STREQUAL "")
  set(ENV{SOURCE_DATE_EPOCH} ${SECONDS})       # string(TIMESTAMP) goes by it
endif()
string(TIMESTAMP date "%Y-%m-%d" UTC)
string(TIMESTAMP rfc2822 "%a, %d %b %Y %H:%M:%S +0000" UTC)
string(RANDOM suffix)                          # two installations at once do not meet
set(WORK_DIR ${WORK_DIR}-${suffix})
file(MAKE_DIRECTORY ${WORK_DIR}/doc)

# Fails the installation with what a command said.
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code OUTPUT_VARIABLE out ERROR_VARIABLE out)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${ARGN}: ${code}: ${out}")
  endif()
endfunction()
function(compress)
  run(gzip -9nf ${ARGN})
endfunction()

run(${BINARY} docs --out ${WORK_DIR} --date ${date})
file(GLOB pages ${WORK_DIR}/man/man1/*.1)
compress(${pages})
file(GLOB pages ${WORK_DIR}/man/man1/*.1.gz)
file(INSTALL ${pages} DESTINATION "${CMAKE_INSTALL_PREFIX}/share/man/man1")
file(INSTALL ${WORK_DIR}/bash/ DESTINATION "${CMAKE_INSTALL_PREFIX}/share/bash-completion/completions")
file(INSTALL ${WORK_DIR}/fish/ DESTINATION "${CMAKE_INSTALL_PREFIX}/share/fish/vendor_completions.d")
set(zsh site-functions)
if(CMAKE_INSTALL_PREFIX STREQUAL "/usr" AND EXISTS /etc/debian_version)
  set(zsh vendor-completions)
endif()
file(INSTALL ${WORK_DIR}/zsh/ DESTINATION "${CMAKE_INSTALL_PREFIX}/share/zsh/${zsh}")

file(COPY ${SOURCE_DIR}/deploy/debian/copyright ${SOURCE_DIR}/CHANGELOG.md DESTINATION ${WORK_DIR}/doc)
file(RENAME ${WORK_DIR}/doc/CHANGELOG.md ${WORK_DIR}/doc/changelog)
file(WRITE ${WORK_DIR}/doc/changelog.Debian
"${PROGRAM} (${VERSION}) unstable; urgency=medium

  * Built from the source tree; its changes are in changelog.gz.

 -- ${MAINTAINER}  ${rfc2822}
")
run(sh ${SOURCE_DIR}/cmake/third_party_licences.sh ${BINARY} ${WORK_DIR}/doc/third-party-licences)
compress(${WORK_DIR}/doc/changelog ${WORK_DIR}/doc/changelog.Debian ${WORK_DIR}/doc/third-party-licences)
file(INSTALL ${WORK_DIR}/doc/ DESTINATION "${CMAKE_INSTALL_PREFIX}/share/doc/${PROGRAM}")
file(REMOVE_RECURSE ${WORK_DIR})
