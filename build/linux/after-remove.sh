#!/bin/sh
# After the package's files are gone: what the installation added beside them goes too (electron-builder's after-install.tpl).
# Not at an upgrade: rpm runs this after the new version was installed, and would take its command away.
# What is the users' (data folder, autostart entry) stays: "Remove everything" in the app is for that, and the autostart entry
# names the program in TryExec, so that a desktop passes over it.
set -eu

case "${1:-remove}" in
  remove | purge | 0) ;;
  *) exit 0 ;;
esac

if command -v update-alternatives >/dev/null 2>&1; then
  update-alternatives --remove loopgate /opt/Loopgate/loopgate || true
fi
# Where there are no alternatives the command is a plain link, which now leads nowhere.
if [ -L /usr/bin/loopgate ] && [ ! -e /usr/bin/loopgate ]; then
  rm -f /usr/bin/loopgate
fi

profile=/etc/apparmor.d/loopgate
if [ -f "$profile" ]; then
  if apparmor_status --enabled >/dev/null 2>&1 && command -v apparmor_parser >/dev/null 2>&1; then
    apparmor_parser --remove "$profile" || true
  fi
  rm -f "$profile"
fi

if command -v update-desktop-database >/dev/null 2>&1; then
  update-desktop-database /usr/share/applications || true
fi
exit 0
