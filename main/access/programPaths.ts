/** The last part of a POSIX or Windows path. */
export function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}

/**
 * Removes what changes in a path with each start or update, so that the program keeps its identity: a snap's revision,
 * a flatpak's commit, an AppImage's mount, the version of a Windows app package. For an AppImage the kernel reports
 * only the mount. Its file name comes from the environment and the mount's source, and the program sets both. So the
 * hash of its contents tells AppImages apart.
 * @param mount - the root of an AppImage's mount that contains the file. A mere folder keeps its name, because every
 * user can make one
 */
export function normalisedPath(path: string, mount?: string): string {
  if (mount !== undefined) return `${mount.slice(0, -6)}*${path.slice(mount.length)}`;
  return path
    .replace(/^(?:\/var\/lib\/snapd)?\/snap\/([^/]+)\/x?\d+\//, '/snap/$1/current/')
    .replace(/(\/flatpak\/(?:app|runtime)\/[^/]+\/[^/]+\/[^/]+)\/[0-9a-f]{64}\//, '$1/active/')
    .replace(/(\\WindowsApps\\[^\\_]+)_[^\\]*(_[0-9a-z]+\\)/i, '$1$2');
}

/** The folder in a path that is called like an AppImage's mount. */
export function appImageRoot(path: string): string | undefined {
  return /^.*?\/\.mount_[^/]*[A-Za-z0-9]{6}(?=\/)/.exec(path)?.[0];
}
