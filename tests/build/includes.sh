#!/usr/bin/env bash
# cmake/check_includes.cmake refuses each kind of include that it is there for, and nothing else.
set -uo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

# tree: a small tree of modules that is right.
tree() {
  rm -rf "$work/src"
  mkdir -p "$work"/src/{base,model/low/testing,model/high/inner,patterns/one,patterns/two,app/api/{a,b}}
  printf '%s\n' 'base|base||' 'model/low|model_low|base|' 'model/high|model_high|base model_low|model_low_testing' \
    'model/high/inner|model_high_inner|model_high|' 'model/low/testing|model_low_testing|model_low|' \
    'patterns/one|patterns_one|model_high|' 'patterns/two|patterns_two|model_high patterns_one|' \
    'app/api|app_api|base app_api_a|' 'app/api/a|app_api_a|app_api|' 'app/api/b|app_api_b|app_api app_api_a|' >"$work/modules.txt"
  touch "$work"/src/base/text.h "$work"/src/model/low/{low,other}.h "$work"/src/model/low/testing/fake.h \
    "$work"/src/model/high/high.h "$work"/src/model/high/inner/inner.h "$work"/src/patterns/one/one.h \
    "$work"/src/app/api/{core.h,a/a.h}
  printf '#include "model/high/high.h"\n\n#include <string>\n\n#include "model/low/low.h"\n' >"$work/src/model/high/high.cc"
  printf '#include <string>\n#include "model/low/testing/fake.h"\n' >"$work/src/model/high/high_test.cc"
  printf '#include "model/high/inner/inner.h"\n#include "model/high/high.h"\n' >"$work/src/model/high/inner/inner.cc"
}

check() { cmake -DROOT="$work/src" -DMODULES="$work/modules.txt" -DSTAMP="$work/stamp" -P "$root/cmake/check_includes.cmake" 2>&1; }

# refuses FILE INCLUDES WORDS: with that content the check fails and says the words.
refuses() {
  tree
  rm -f "$work/stamp"
  printf '%b' "$2" >"$work/src/$1"
  local said
  if said=$(check) || [[ -e $work/stamp ]]; then
    echo "FAILED: accepts $1: $2"
    failures=$((failures + 1))
  elif [[ $said != *"$3"* ]]; then
    echo "FAILED: $1: does not say '$3' but: $said"
    failures=$((failures + 1))
  fi
}

tree
check >/dev/null && [[ -e $work/stamp ]] || { echo "FAILED: refuses a right tree: $(check)"; failures=1; }

# A module inside another's folder that this build leaves out answers to nobody, and nobody to it.
tree
touch "$work/src/model/high/inner/CMakeLists.txt"
sed -i '/^model\/high\/inner|/d' "$work/modules.txt"
printf '#include "model/none/x.h"\n' >"$work/src/model/high/inner/inner.cc"
check >/dev/null || { echo "FAILED: asks what a left out module includes: $(check)"; failures=$((failures + 1)); }

# A build without tests has no testing modules: their includes are not judged, those of other files are.
tree
touch "$work/src/model/low/testing/CMakeLists.txt"
sed -i '/^model\/low\/testing|/d' "$work/modules.txt"
check >/dev/null || { echo "FAILED: judges tests of a build without them: $(check)"; failures=$((failures + 1)); }
printf '#include "model/low/testing/fake.h"\n' >"$work/src/model/high/other.cc"
[[ $(check) == *'high/other.cc: model/low/testing/fake.h belongs to no module'* ]] ||
  { echo "FAILED: lets a file that is no test use a left out module: $(check)"; failures=$((failures + 1)); }

refuses model/low/a.cc '#include "model/high/high.h"\n' 'DEPS of model_low do not name model_high'
refuses model/high/a.cc '#include "model/high/inner/inner.h"\n' 'do not name model_high_inner'
refuses model/high/inner/a.cc '#include "model/low/low.h"\n' 'DEPS of model_high_inner do not name model_low'
refuses model/high/a.cc '#include "model/low/testing/fake.h"\n' 'do not name model_low_testing'
refuses base/a.h '#include "model/low/low.h"\n' 'higher layer'
refuses patterns/two/a.cc '#include "patterns/one/one.h"\n' 'patterns do not know each other'
refuses app/api/b/b.cc '#include "app/api/a/a.h"\n' 'dialects do not know each other'
refuses app/api/core.cc '#include "app/api/core.h"\n#include "app/api/a/a.h"\n' 'nor app/api any'
refuses model/high/a.cc '#include "model/none/x.h"\n' 'belongs to no module'
refuses model/high/high.cc '#include <string>\n#include "model/high/high.h"\n' 'does not include model/high/high.h first'
refuses model/low/low_test.cc '#include <string>\n#include "model/low/low.h"\n' 'does not include model/low/low.h first'
echo "includes: 15 cases, $failures failed"
exit $((failures > 0))
