import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { verbatim } from '../../preload/texts/messages.ts';
import { freePort } from '../../testing/freePort.ts';
import { MemoryVault } from '../broker/session/vault.ts';
import { readSettings } from '../settings/settings.ts';
import { createLog } from '../system/log.ts';
import { startHost } from './host.ts';

test('the log has in words why a port was refused', async () => {
  const home = mkdtempSync(join(tmpdir(), 'loopgate-host-'));
  onTestFinished(() => rmSync(home, { recursive: true }));
  const taken = await freePort();
  const other = createServer().listen(taken, '127.0.0.1');
  onTestFinished(() => void other.close());
  await once(other, 'listening');
  const port = await freePort();
  const lines: string[] = [];
  const log = createLog('info', { write: (line) => void lines.push(line) });
  const environment = { LOOPGATE_HOME: home, LOOPGATE_PORTS: `${taken},${port}` };
  const settings = readSettings(environment, () => ({}));
  const host = await startHost(
    settings,
    { fetch, vault: new MemoryVault(verbatim('a test')), guard: 'same-user' },
    log,
  );
  onTestFinished(() => host.close());
  const entry: unknown = lines.map((line) => JSON.parse(line)).find(({ msg }) => msg === 'listening');
  const reason = expect.stringMatching(new RegExp(`^Port ${taken} is taken by .*\\.$`));
  expect(entry).toMatchObject({ port, refused: [{ port: taken, reason }] });
});
