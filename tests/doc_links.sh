#!/usr/bin/env bash
# Fails when a relative link in a Markdown file of the repository leads nowhere: to a file that is not there, or
# to a heading (#anchor) that its file does not have. Links into the web are not followed.
#   tests/doc_links.sh [ROOT]
set -euo pipefail
root=$(cd "${1:-$(dirname "$0")/..}" && pwd)
cd "$root"

# The anchors of a file as GitHub makes them: lower case, spaces to dashes, other punctuation dropped.
anchors() {
  awk '/^(```|    )/ { next } /^#+ /' "$1" | sed -E 's/^#+ +//; s/`//g; s/\[([^]]*)\]\([^)]*\)/\1/g' |
    tr '[:upper:]' '[:lower:]' | sed -E 's/[][!"#$%&()*+,.\/:;<=>?@^{|}~'"'"']//g; s/ /-/g'
}

# Every link target outside code, one a line. Links may break over lines.
links() {
  awk '/^```/ { code = !code } !code && !/^    / { printf "%s ", $0 } END { print "" }' "$1" |
    sed -E 's/`[^`]*`//g' | grep -oE '\]\([^)]+\)' | sed -E 's/^\]\(//; s/\)$//; s/ +"[^"]*"$//' || true
}

checked=0 broken=0
while IFS= read -r file; do
  while IFS= read -r link; do
    [[ -z $link || $link =~ ^[a-z]+: ]] && continue
    checked=$((checked + 1))
    path=${link%%#*} anchor=
    [[ $link == *"#"* ]] && anchor=${link#*#}
    target=$file
    [[ -n $path ]] && target=$(dirname "$file")/$path
    if [[ ! -e $target ]]; then
      printf '%s: %s: no such file\n' "$file" "$link"
    elif [[ -n $anchor && $target == *.md ]] && ! anchors "$target" | grep -qxF -- "$anchor"; then
      printf '%s: %s: no such heading\n' "$file" "$link"
    else
      continue
    fi
    broken=$((broken + 1))
  done < <(links "$file")
done < <(git ls-files -co --exclude-standard -- '*.md' 2>/dev/null || find . -name '*.md' -not -path './build/*')
printf '%d links in documents checked, %d broken\n' "$checked" "$broken"
((checked > 0 && broken == 0))
