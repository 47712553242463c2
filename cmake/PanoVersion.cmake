# The commit that a build is of, and when it was made: of the checkout, or of a source archive, into which
# `git archive` writes them (.gitattributes, archive_commit.txt). A tree inside of another project's
# repository has no commit of its own.
function(pano_read_commit)
  set(commit unknown)
  set(seconds "")
  execute_process(COMMAND git -C ${CMAKE_SOURCE_DIR} rev-parse --show-cdup HEAD
    OUTPUT_VARIABLE answer OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE code)
  string(REGEX MATCH "^\n?([0-9a-f]+)$" at_root "${answer}")     # nothing to go up
  if(code EQUAL 0 AND at_root)
    string(SUBSTRING ${CMAKE_MATCH_1} 0 12 commit)
    execute_process(COMMAND git -C ${CMAKE_SOURCE_DIR} log -1 --format=%ct
      OUTPUT_VARIABLE seconds OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  else()
    file(STRINGS ${CMAKE_SOURCE_DIR}/cmake/archive_commit.txt line LIMIT_COUNT 1)
    if(line MATCHES "^([0-9a-f]+) ([0-9]+)$")
      set(seconds ${CMAKE_MATCH_2})
      string(SUBSTRING ${CMAKE_MATCH_1} 0 12 commit)
    endif()
  endif()
  set(PANO_COMMIT ${commit} PARENT_SCOPE)
  set(PANO_COMMIT_SECONDS "${seconds}" PARENT_SCOPE)    # since 1970; empty where unknown
endfunction()
pano_read_commit()
