#!/usr/bin/env bash
# healthcheck.sh PORT: 0 when /readyz answers 200, that is when every model makes progress.
set -eu
exec 3<>"/dev/tcp/127.0.0.1/$1"
printf 'GET /readyz HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nConnection: close\r\n\r\n' "$1" >&3
read -r -t 4 _ status _ <&3
[[ $status == 200 ]]
