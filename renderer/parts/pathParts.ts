/** The length above which a path scrolls in a box, in characters. */
const shortPath = 160;

/** A path for display: part by part, with the file's own name apart, because it must never scroll away. */
export interface PathParts {
  /** The folders, each with the separators that follow it. */
  readonly folders: readonly string[];
  readonly file: string;
  readonly isLong: boolean;
}

/** Splits after every separator of either kind; the joined parts are exactly the path. */
export function pathParts(path: string): PathParts {
  const parts = path.match(/[^/\\]*[/\\]+|[^/\\]+$/g) ?? [];
  const last = parts.at(-1) ?? '';
  const file = /[/\\]$/.test(last) ? '' : last;
  const folders = file === '' ? parts : parts.slice(0, -1);
  return { folders, file, isLong: path.length > shortPath };
}
