import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getRawHeader } from '@electron/asar';
import { pack } from '../../build/pack.ts';
import { requireSystemPackages } from '../../build/systemPackages.ts';
import type { Metric } from '../metric.ts';
import { figureResult } from '../target.ts';

const projectFolder = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Where the viewer of the page /docs is in the archive. It is Swagger UI, as it comes. */
const viewerFolder = 'out/main/docs/';
/** In megabytes of 1,000,000 bytes. */
const most = 2.5;

/** P10. The app is packed as for a release, and its archive weighed. */
export const archive: Metric = {
  id: 'P10',
  what: 'size of app.asar, without the viewer of /docs',
  async measure(announce) {
    // The runtime that it is packed with is asked for its version.
    await requireSystemPackages(announce);
    announce('P10: packing the app');
    const { program } = await pack({ root: projectFolder });
    const path = join(dirname(program), 'resources', 'app.asar');
    const files = filesIn(getRawHeader(path).header);
    const whole = (await stat(path)).size;
    const isOfViewer = ({ name }: PackedFile) => name.startsWith(viewerFolder);
    const viewer = files.filter(isOfViewer).reduce((sum, { size }) => sum + size, 0);
    const value = megabytes(whole - viewer);
    const largest = files
      .filter((file) => !isOfViewer(file))
      .toSorted((one, other) => other.size - one.size)
      .slice(0, 3)
      .map(({ name, size }) => `${name} ${megabytes(size).toFixed(2)}`);
    const metric = 'app.asar without the viewer of /docs, MB';
    const note = `the viewer is another ${megabytes(viewer).toFixed(2)} MB; largest: ${largest.join(', ')}`;
    return [figureResult({ id: 'P10', metric, note }, [value], { atMost: most }, 'MB')];
  },
};

/** A file of an archive. */
export interface PackedFile {
  /** As a path without a slash at its beginning. */
  readonly name: string;
  /** In bytes. */
  readonly size: number;
}

/** The files that the head of an archive names: a folder has `files`, a file its `size`. */
export function filesIn(entry: unknown, path = ''): PackedFile[] {
  if (typeof entry !== 'object' || entry === null) return [];
  if ('size' in entry && typeof entry.size === 'number') return [{ name: path.slice(1), size: entry.size }];
  if (!('files' in entry) || typeof entry.files !== 'object' || entry.files === null) return [];
  return Object.entries(entry.files).flatMap(([name, inside]) => filesIn(inside, `${path}/${name}`));
}

const megabytes = (bytes: number) => bytes / 1_000_000;
