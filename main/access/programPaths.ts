/** The last part of a path of either kind. */
export function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}

/**
 * The path without what changes from start to start or from update to update, so that a program stays the same one: a
 * snap's revision, a flatpak's commit, the mount of an AppImage, the version of a Windows app package. Of an AppImage the
 * kernel tells the mount alone: its file is named by the environment and the mount's source, both of which the program
 * itself sets. It lies in a folder that anybody can write, so that its hash tells it from others.
 */
export function normalisedPath(path: string): string {
  return path
    .replace(/^(?:\/var\/lib\/snapd)?\/snap\/([^/]+)\/x?\d+\//, '/snap/$1/current/')
    .replace(/(\/flatpak\/(?:app|runtime)\/[^/]+\/[^/]+\/[^/]+)\/[0-9a-f]{64}\//, '$1/active/')
    .replace(/\/\.mount_([^/]*?)[A-Za-z0-9]{6}\//, '/.mount_$1*/')
    .replace(/(\\WindowsApps\\[^\\_]+)_[^\\]*(_[0-9a-z]+\\)/i, '$1$2');
}

/** The root of an AppImage's mount, where its own desktop entry is. */
export function appImageRoot(path: string): string | undefined {
  return /^.*?\/\.mount_[^/]*[A-Za-z0-9]{6}(?=\/)/.exec(path)?.[0];
}
