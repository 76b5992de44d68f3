#!/usr/bin/env bash
# Runs .ci/run, of the last commit, on a machine that has nothing: a new Debian 12 with Node and npm copied in.
# A machine on which the tests ran once has what they installed, and hides a step that is missing.
#
#   build/bareMachine.sh [FOLDER]
#
# As root, with debootstrap. FOLDER is where the root is made, a new one below /var/tmp by default; it is removed in the end, and
# so is every process that was started in it. It needs 8 GB, and an hour at the most. The exit code is that of .ci/run.
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

fail() {
  echo "bareMachine: $1" >&2
  exit 2
}
[ "$(id -u)" = 0 ] || fail 'making a root needs root. Start it with sudo.'
for program in debootstrap git node npm unshare; do
  command -v "$program" > /dev/null || fail "$program is not installed. On Debian: apt-get install debootstrap git util-linux."
done

root=${1:-/var/tmp/loopgate-bare.$$}
[ ! -e "$root" ] || fail "$root is there already. Name a folder that is not."
mkdir -p "$root"
root=$(cd "$root" && pwd)
running=
trap '[ -z "$running" ] || kill -KILL "$running" 2> /dev/null; rm --recursive --force --one-file-system "$root"' EXIT
trap 'exit 130' INT TERM HUP

debootstrap --variant=minbase bookworm "$root" > "$root.log" 2>&1 || {
  tail -n 5 "$root.log" >&2
  fail "debootstrap failed: $root.log has all that it said."
}
rm "$root.log"

# Node and npm as this machine has them, where a person would have put them.
install --mode=755 "$(node --print process.execPath)" "$root/usr/local/bin/node"
mkdir -p "$root/usr/local/lib/node_modules"
cp --recursive "$(npm root --global)/npm" "$root/usr/local/lib/node_modules/npm"
ln --symbolic ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
ln --symbolic ../lib/node_modules/npm/bin/npx-cli.js "$root/usr/local/bin/npx"

# The way to the network is this machine's: names, and whom it trusts. minbase has no /etc/hosts, and so no `localhost`.
cp /etc/resolv.conf /etc/hosts "$root/etc/"
authorities=$(npm config get cafile --prefix /)
environment=(HOME=/root LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)
if [ -f "$authorities" ]; then
  install -D --mode=644 "$authorities" "$root/usr/local/share/authorities.pem"
  environment+=(NPM_CONFIG_CAFILE=/usr/local/share/authorities.pem)
fi
for name in HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy NPM_CONFIG_REGISTRY; do
  [ -z "${!name:-}" ] || environment+=("$name=${!name}")
done

# Where other users may read it: some tests run the program as one.
git clone --quiet --no-hardlinks "$repository" "$root/srv/loopgate"

# A namespace of its own for mounts and processes: both are gone with its first process, whatever happens to this one. The root is
# a mount, as a machine's is: some tests make namespaces of their own, which the root of a chroot does not allow. In the
# background, as bash hears of a signal only between two commands, or while it waits.
unshare --mount --propagation private --pid --fork --kill-child bash -euc '
  root=$1
  shift
  mount --bind "$root" "$root"
  mount --types proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  mount --types tmpfs --options mode=1777 tmpfs "$root/dev/shm"
  mkdir "$root/machine"
  cd "$root"
  pivot_root . machine
  umount --lazy /machine
  rmdir /machine
  exec /usr/bin/env --ignore-environment "$@" bash -c "cd /srv/loopgate && exec bash .ci/run"
' bash "$root" "${environment[@]}" < /dev/null &
running=$!
status=0
wait "$running" || status=$?
running=
exit "$status"
