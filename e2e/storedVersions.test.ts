import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { storedStateVersion } from '../main/broker/session/vault.ts';
import type { Opened } from './stored/scene.ts';
import { projectFolder } from './support/headless.ts';
import { whyNoOwnNetwork } from './support/ownNetwork.ts';

const recorded = join(projectFolder, 'e2e', 'stored');
const versions = readdirSync(recorded).filter((name) => /^\d+$/.test(name));
const scene = join(recorded, 'scene.ts');

const run = async (...argv: string[]) =>
  await promisify(execFile)('unshare', ['--net', ...argv], { cwd: projectFolder, encoding: 'utf8' });

test('what the present version stores is among those that are kept', () => {
  expect(versions).toContain(String(storedStateVersion));
});

test.skipIf(whyNoOwnNetwork !== undefined).each(versions)(
  'a data folder of stored version %s is opened with its session alive, and nobody logs in',
  async (version) => {
    const folder = mkdtempSync(join(tmpdir(), 'loopgate-stored-'));
    try {
      cpSync(join(recorded, version), folder, { recursive: true });
      const { stdout } = await run(process.execPath, '--import', 'tsx', scene, 'open', folder);
      const opened = JSON.parse(stdout) as Opened;
      expect(opened).toMatchObject({ name: 'Ada Lovelace', refreshed: 200, logins: 0 });
      expect(opened.files.filter((name) => name.includes('unreadable'))).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
