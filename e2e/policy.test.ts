import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { failureOf, type HeadlessFailed, startHeadless } from './support/headless.ts';
import { type ManagedMachine, managedMachine, whyNoPolicy } from './support/managedMachine.ts';

describe.skipIf(whyNoPolicy !== undefined)('the administrator’s policy, /etc/loopgate/policy.json', () => {
  let home: string;
  let machine: ManagedMachine | undefined;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'loopgate-policy-'));
  });
  afterEach(async () => {
    await machine?.remove();
    await rm(home, { recursive: true, force: true });
  });

  /** Why a host with this policy does not start. */
  async function refusal(text: string, options: { mode?: number; owner?: number } = {}): Promise<HeadlessFailed> {
    machine = await managedMachine(text, options);
    return await failureOf(startHeadless({ home, prefix: machine.prefix }));
  }

  test('policy: it wins over the environment and settings.json', async () => {
    machine = await managedMachine(JSON.stringify({ guard: 'listed', origins: ['https://managed.example'] }));
    await writeFile(join(home, 'settings.json'), JSON.stringify({ guard: 'same-user' }));
    const host = await startHeadless({
      home,
      prefix: machine.prefix,
      environment: { LOOPGATE_GUARD: 'same-user', LOOPGATE_ORIGINS: 'https://mine.example' },
    });
    try {
      expect(host.output()).toContain('Only the programs on the list may use the sign-in');
      const health = (origin: string) =>
        fetch(`${host.address}/.well-known/health`, { headers: { Origin: origin } }).then(({ status }) => status);
      expect([await health('https://managed.example'), await health('https://mine.example')]).toEqual([200, 403]);
    } finally {
      await host.stop();
    }
    // The machine of the tests is as it was.
    await expect(readFile('/etc/loopgate/policy.json')).rejects.toThrow('ENOENT');
  });

  test.each([
    ['with a misspelt name', '{"gaurd":"listed"}', {}, '"gaurd" in /etc/loopgate/policy.json is not a setting'],
    ['that is no JSON', '{guard}', {}, '/etc/loopgate/policy.json, cannot be used'],
    ['that others can write', '{}', { mode: 0o666 }, 'others than its owner can write the file'],
    ['that is another user’s', '{}', { owner: 65534 }, 'is owned by the user 65534 instead of 0'],
    ['that only a desktop can keep', '{"guard":"ask"}', {}, 'nobody can be asked here'],
  ])('policy: one %s keeps Loopgate from starting, and says why', async (_, text, options, why) => {
    const { exitCode, errors } = await refusal(text, options);
    expect(errors).toContain(why);
    expect(exitCode).toBe(2);
  });
});
