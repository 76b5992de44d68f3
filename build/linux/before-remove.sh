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

# The ids of the processes whose program is in the folder; a deleted one still has its old path.
running() {
  ls -ln /proc/[0-9]*/exe 2>/dev/null | sed -n "s|^.* /proc/\([0-9]*\)/exe -> $folder/.*|\1|p"
}

# Those that no other one started get the signal first: they close their listeners, write what is to be written, and end the rest.
for id in $(running); do
  if ! tr '\0' ' ' 2>/dev/null <"/proc/$id/cmdline" | grep -q -e ' --type='; then
    kill -TERM "$id" 2>/dev/null || true
  fi
done

tries=0
while [ -n "$(running)" ] && [ "$tries" -lt 50 ]; do
  tries=$((tries + 1))
  sleep 0.2
done

for id in $(running); do
  kill -KILL "$id" 2>/dev/null || true
done
exit 0
