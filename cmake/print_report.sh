#!/bin/sh
# Prints built.txt of a build folder as a table: print_report.sh FILE
exec awk -F '|' '
  $1 == "built" && $2 ~ /_test$/  { tests++; next }
  $1 == "built" && $2 ~ /_bench$/ { benches++; next }
  $1 == "built" && $2 ~ /_fuzz$/  { fuzzers++; next }
  $1 == "built" && $2 ~ /^pano(-|$)/ { programs = programs " " $2; next }
  $1 == "built" { modules++; next }
  { others = others sprintf("  %-10s%s: %s\n", $1, $2, $3) }
  END {
    printf "  built     %d modules, %d test programs, %d benchmarks, %d fuzz targets; programs:%s\n%s",
      modules, tests, benches, fuzzers, programs ? programs : " none", others
  }' "$1"
