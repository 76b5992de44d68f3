/** Longer paths than this get a box that scrolls, in characters. */
const shortPath = 160;

/** A path as it is shown: part by part, and the file's own name apart, which is never to be scrolled away. */
export interface PathParts {
  /** The folders, each with the separators that follow it. */
  readonly folders: readonly string[];
  readonly file: string;
  readonly isLong: boolean;
}

/** Cuts behind every separator of either kind; what is put together again is the path, to the letter. */
export function pathParts(path: string): PathParts {
  const parts = path.match(/[^/\\]*[/\\]+|[^/\\]+$/g) ?? [];
  const last = parts.at(-1) ?? '';
  const file = /[/\\]$/.test(last) ? '' : last;
  const folders = file === '' ? parts : parts.slice(0, -1);
  return { folders, file, isLong: path.length > shortPath };
}
