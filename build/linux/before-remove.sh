#!/bin/sh
# Before the package's files are taken away: ends every Loopgate that runs from them, whoever started it. Not at an upgrade, where
# the new one serves from its next start on. deb says "upgrade" or "remove", rpm 1 (another version stays) or 0.
set -eu

folder=/opt/Loopgate

case "${1:-remove}" in
  remove | purge | 0) ;;
  *) exit 0 ;;
esac

# What an administrator has opened for Loopgate.
if [ -e /etc/sysctl.d/50-loopgate.conf ]; then
  "$folder/resources/bin/loopgate-port" --undo || true
fi

# Whether the program of a process is in the folder; a deleted one still has its old path. Anyone chooses the path of a program, with
# line breaks too: so it is only compared, and the id never comes out of it.
runs() {
  case "$(readlink "/proc/$1/exe" 2>/dev/null || true)" in
    "$folder"/*) return 0 ;;
    *) return 1 ;;
  esac
}

# The ids of such processes.
running() {
  for process in /proc/[0-9]*; do
    if runs "${process#/proc/}"; then echo "${process#/proc/}"; fi
  done
}

# Whether one of the processes with these ids still runs.
anyOf() {
  for id in "$@"; do
    if runs "$id"; then return 0; fi
  done
  return 1
}

# Those that no other one started get the signal first: they close their listeners, write what is to be written, and end the rest.
# Each is looked at again just before its signal: by then another process may have the id.
ids=$(running)
for id in $ids; do
  if ! tr '\0' ' ' 2>/dev/null <"/proc/$id/cmdline" | grep -q -e ' --type=' && runs "$id"; then
    kill -TERM "$id" 2>/dev/null || true
  fi
done

tries=0
while anyOf $ids && [ "$tries" -lt 50 ]; do
  tries=$((tries + 1))
  sleep 0.2
done

for id in $(running); do
  if runs "$id"; then kill -KILL "$id" 2>/dev/null || true; fi
done
exit 0
