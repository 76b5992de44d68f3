/**
 * `npm run soak`: twenty minutes of mixed work on the headless host, after two to warm up; it must not have grown then.
 * `-- --minutes 2` is shorter. Ctrl-C ends it and leaves the last result as it was.
 */

import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureBundle } from '../build/bundle.ts';
import { startIdentityProvider } from '../demo/identity-provider/provider.ts';
import { providerEnvironment } from '../e2e/support/client.ts';
import { type Headless, startHeadless } from '../e2e/support/headless.ts';
import { settledMemory, settling } from './api/resident.ts';
import { useOf } from './processes.ts';
import { between, complaintsAbout, type Reading, type SoakResult, soakMarkdown } from './soak/result.ts';
import { Work } from './soak/work.ts';

const resultFile = fileURLToPath(new URL('soak.json', import.meta.url));
const readme = fileURLToPath(new URL('README.md', import.meta.url));

/** Before the time counts, in minutes: everything has then been done often enough to be compiled. */
const warmingUp = 2;
/** The work rests for a reading after warming up, and after each of so many parts of the time. */
const parts = 4;
/** How long it rests, in milliseconds: connections end meanwhile. What is left is read when garbage was collected. */
const rest = 5_000;
const progressEvery = 10_000;

/** @returns the exit code */
async function soak(minutes: number, interrupted: AbortSignal): Promise<number> {
  await ensureBundle();
  const provider = await startIdentityProvider({ anyLoopbackCallback: true, deviceFlow: false });
  let renewals = 0;
  const host = await startHeadless({
    environment: {
      ...providerEnvironment(provider),
      ...settling,
      LOOPGATE_LOG_LEVEL: 'error',
      // What is renewed is written to the disk, as where there is a keyring.
      LOOPGATE_VAULT_KEY: randomBytes(32).toString('base64'),
    },
  });
  const work = new Work(host, provider);
  const began = performance.now();
  const minute = () => (performance.now() - began) / 60_000;
  const count = () => {
    renewals += provider.requests.filter(({ parameters }) => parameters.grant_type === 'refresh_token').length;
    provider.clearRequests();
  };
  const progress = setInterval(() => {
    count();
    void report(host, work, minute(), renewals);
  }, progressEvery);
  const readings: Reading[] = [];
  try {
    for (const part of [warmingUp, ...Array.from({ length: parts }, () => minutes / parts)]) {
      const time = AbortSignal.timeout(part * 60_000);
      await work.run(AbortSignal.any([time, interrupted]));
      await delay(rest, undefined, { signal: interrupted });
      readings.push(await read(host, minute()));
    }
  } catch (error) {
    if (!interrupted.aborted) throw error;
    console.log('Stopped. The last result stays as it was.');
    return 130;
  } finally {
    clearInterval(progress);
    await host.stop();
    await provider.close();
  }
  count();
  const { unexpected, ...done } = work.done;
  unexpected.push(...provider.errors.map(({ message }) => `inside of the provider: ${message}`));
  const result = {
    minutes,
    node: process.versions.node,
    done: { ...done, renewals },
    readings,
    unexpected,
    complaints: complaintsAbout({ readings, unexpected }),
  };
  await keep(result);
  console.log(`\n${soakMarkdown(result)}`);
  return result.complaints.length === 0 ? 0 : 1;
}

async function read({ pid }: Headless, minute: number): Promise<Reading> {
  // The lowest of several: on a busy machine garbage is collected later than it was asked for.
  const looks = [await settledMemory(pid), await settledMemory(pid), await settledMemory(pid)];
  const residentMegabytes = Math.min(...looks);
  const { openFiles, threads } = await useOf(pid);
  return { minute, residentMegabytes, openFiles, threads };
}

async function report({ pid }: Headless, { done }: Work, minute: number, renewals: number): Promise<void> {
  const use = await useOf(pid).catch(() => undefined);
  if (!use) return;
  const megabytes = (use.residentKilobytes / 1024).toFixed(0);
  console.log(
    `${minute.toFixed(1)} min: ${done.requests} requests, ${renewals} renewals, ${done.signIns} sign-ins, ${done.streams} streams, ${done.faults} faults; ${megabytes} MB, ${use.openFiles} open files, ${done.unexpected.length} unexpected`,
  );
}

async function keep(result: SoakResult): Promise<void> {
  await writeFile(resultFile, `${JSON.stringify(result, undefined, 2)}\n`);
  const document = await readFile(readme, 'utf8').catch(() => '');
  await writeFile(readme, between(document, 'soak', soakMarkdown(result)));
}

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '20' } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new Error('--minutes takes a number above 0.');
const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort());
process.exitCode = await soak(minutes, interrupt.signal);
