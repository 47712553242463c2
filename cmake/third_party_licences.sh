#!/bin/sh
# third_party_licences.sh BINARY OUT: the copyright files of the Debian packages whose libraries BINARY
# links itself, and of those whose headers are compiled into it, as one text.
set -eu
binary=$1 out=$2
headers='libboost1.81-dev libcli11-dev libspdlog-dev libfmt-dev libsimdjson-dev'

packages() {
  for package in $headers; do
    [ -r "/usr/share/doc/$package/copyright" ] && echo "$package"
  done
  objdump -p "$binary" | sed -n 's/^ *NEEDED *//p' | while read -r name; do
    library=$(ldd "$binary" | sed -n "s|^[[:space:]]*$name => \(/[^ ]*\) .*|\1|p")
    [ -n "$library" ] || continue
    found=''
    real=$(readlink -f "$library")
    # Packages name a file as /lib/... or /usr/lib/..., whichever they were built with.
    for path in "$real" "${real#/usr}" "/usr$real" "$library" "/usr$library"; do
      found=$(dpkg-query -S "$path" 2>/dev/null | head -n 1) && [ -n "$found" ] && break
    done
    [ -n "${found:-}" ] && echo "${found%%:*}"
  done
}

{
  echo "What $(basename "$binary") links or compiles in, by the Debian packages it was built with."
  command -v dpkg-query >/dev/null || { echo 'Not built on Debian: see deps/apt.txt in the source for the list.'; exit 0; }
  for package in $(packages | sort -u); do
    [ -r "/usr/share/doc/$package/copyright" ] || continue
    version=$(dpkg-query -W -f='${Version}' "$package" 2>/dev/null || true)
    printf '\n======== %s %s ========\n\n' "$package" "$version"
    cat "/usr/share/doc/$package/copyright"
  done
} >"$out"
