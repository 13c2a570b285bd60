#!/usr/bin/env bash
# Stops what start.sh DIR started, by the pid files in DIR.
for name in client.rgw osd.0 mon.a; do
  file=$1/run/$name.pid
  [ -s "$file" ] || continue
  pid=$(cat "$file")
  kill "$pid" 2>/dev/null || continue
  tries=0
  while kill -0 "$pid" 2>/dev/null && [ "$(awk '{print $3}' "/proc/$pid/stat" 2>/dev/null)" != Z ]; do
    tries=$((tries + 1))
    [ $tries -gt 80 ] && kill -9 "$pid"
    sleep 0.1
  done
  rm -f "$file"
done
exit 0
