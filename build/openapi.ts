/**
 * `npm run openapi`: writes `main/api/examples.json`, a real answer of every operation, and `openapi.json`, the description
 * that a running host gives. To be run after a change of the API or of the version; a test says when.
 */

import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { recordExamples, startPairForExamples } from '../e2e/support/examples.ts';
import { startHeadless } from '../e2e/support/headless.ts';
import { ensureBundle } from './bundle.ts';

const projectFolder = dirname(dirname(fileURLToPath(import.meta.url)));
const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome');

async function record(): Promise<object> {
  const { host, provider, stop } = await startPairForExamples();
  try {
    return await recordExamples(host, provider);
  } finally {
    await stop();
  }
}

async function describeApi(): Promise<object> {
  const host = await startHeadless();
  try {
    const response = await fetch(`${host.address}/openapi.json`);
    return (await response.json()) as object;
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
await writeJson('openapi.json', await describeApi());
