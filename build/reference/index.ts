/**
 * `npm run reference`: writes everything in the repository that is generated from the code for readers: `main/api/examples.json`,
 * a real answer of every operation; `openapi.json`, the description that a running host gives; and the pages of
 * `docs/reference/`. Run it after a change of the API, the settings, the errors, the command or the version; tests say when.
 */

import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { recordExamples, startPairForExamples } from '../../e2e/support/examples.ts';
import { startHeadless } from '../../e2e/support/headless.ts';
import { ensureBundle } from '../bundle.ts';
import type { ApiDocument } from './operations.ts';
import { referenceFolder, referencePages } from './pages.ts';

const projectFolder = fileURLToPath(new URL('../..', import.meta.url));
const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome');

async function record(): Promise<object> {
  const { host, provider, stop } = await startPairForExamples();
  try {
    return await recordExamples(host, provider);
  } finally {
    await stop();
  }
}

async function describeApi(): Promise<ApiDocument> {
  const host = await startHeadless();
  try {
    const response = await fetch(`${host.address}/openapi.json`);
    return (await response.json()) as ApiDocument;
  } finally {
    await host.stop();
  }
}

/** Formatted as everything else here is, so that `npm run check` has nothing to say. */
async function writeJson(name: string, value: object): Promise<void> {
  const file = join(projectFolder, name);
  await writeFile(file, `${JSON.stringify(value, null, 2)}\n`);
  execFileSync(process.execPath, [biome, 'format', '--write', file], { cwd: projectFolder, stdio: 'ignore' });
  console.log(`Wrote ${name}`);
}

await ensureBundle({ quiet: true });
await writeJson('main/api/examples.json', await record());
// The examples are part of the bundle.
await ensureBundle({ quiet: true });
const document = await describeApi();
await writeJson('openapi.json', document);
for (const [name, text] of Object.entries(referencePages(document))) {
  await writeFile(join(projectFolder, referenceFolder, name), text);
  console.log(`Wrote ${referenceFolder}/${name}`);
}
