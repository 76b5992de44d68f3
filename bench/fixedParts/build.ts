import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleLike } from '../../build/bundle.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));
const built = fileURLToPath(new URL('../../out/fixedParts', import.meta.url));

/** @returns the bundled `host.ts` */
export function buildFixedHost(): Promise<string> {
  return bundleLike('headless', join(folder, 'host.ts'), join(built, 'host'));
}

/** @returns the bundled `packagesOnly.ts` */
export function buildPackagesOnly(): Promise<string> {
  return bundleLike('headless', join(folder, 'packagesOnly.ts'), join(built, 'packagesOnly'));
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
