/** The system's own programs by their full path: looked up by name, a program planted in the current folder could answer. */
export const lsof = '/usr/sbin/lsof';
export const ps = '/bin/ps';
export const plutil = '/usr/bin/plutil';
export const powershell = `${process.env.SystemRoot ?? 'C:\\Windows'}\\System32\\WindowsPowerShell\\v1.0\\powershell.exe`;
export const netsh = `${process.env.SystemRoot ?? 'C:\\Windows'}\\System32\\netsh.exe`;
export const dbusSend = '/usr/bin/dbus-send';
export const dbusMonitor = '/usr/bin/dbus-monitor';
export const registryTool = `${process.env.SystemRoot ?? 'C:\\Windows'}\\System32\\reg.exe`;
