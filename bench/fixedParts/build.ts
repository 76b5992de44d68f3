import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleLike } from '../../build/bundle.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));
const built = fileURLToPath(new URL('../../out/fixedParts', import.meta.url));

/**
 * Bundles a program of this folder as the headless host is.
 * @param name - its file, without the ending
 * @returns the program
 */
export function buildFixed(name: 'host' | 'packagesOnly' | 'signIn' | 'renewal' | 'listeners'): Promise<string> {
  return bundleLike('headless', join(folder, `${name}.ts`), join(built, name));
}

/** @returns the folder of the bundled `app.ts`, as Electron starts it */
export async function buildFixedApp(): Promise<string> {
  const into = join(built, 'app');
  await bundleLike('main', join(folder, 'app.ts'), into);
  await writeFile(
    join(into, 'package.json'),
    JSON.stringify({ name: 'fixed-parts', version: '1.0.0', main: 'index.cjs' }),
  );
  return into;
}
