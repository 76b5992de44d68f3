import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { endAll } from './processes.ts';
import { ProviderTime } from './providerTime.ts';

test('the work of a server is its time from a request to the end of the answer; work at the same time counts once', async () => {
  const time = new ProviderTime();
  onTestFinished(() => endAll());
  const waiting: ServerResponse[] = [];
  const server = createServer((_request, response) => {
    waiting.push(response);
    if (waiting.length === 2) server.emit('bothWait');
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const before = performance.now();
  const bothWait = once(server, 'bothWait');
  const answers = ['/token', '/userinfo'].map(
    async (path) => await (await fetch(`http://127.0.0.1:${port}${path}`)).text(),
  );
  await bothWait;
  const [from, to] = [performance.now(), performance.now() + 1];
  while (performance.now() < to) {
    // Both are being worked on all this time.
  }
  expect(time.between(from, to)).toBe(to - from);
  expect(time.between(from, to, '/token')).toBe(to - from);
  expect(time.between(from, to, '/keys')).toBe(0);
  await Promise.all([...answers, ...waiting.map((response) => once(response.end(), 'finish'))]);
  const after = performance.now();
  expect(time.between(after, after + 1)).toBe(0);
  expect(time.between(before - 1000, before)).toBe(0);
  expect(time.between(before, after)).toBeLessThanOrEqual(after - before);
});
