import { expect, test } from 'vitest';
import { keepLoopbackDirect, proxyNotice } from './environmentProxy.ts';

// That Node then leaves these names out is Node's own promise; the Node of the tests may be older than it.
test.each([
  [{}, 'localhost,127.0.0.1,[::1]'],
  [{ NO_PROXY: 'a.example, b.example' }, 'a.example,b.example,localhost,127.0.0.1,[::1]'],
  [{ no_proxy: 'a.example', NO_PROXY: 'b.example' }, 'a.example,localhost,127.0.0.1,[::1]'],
])('loopback never by proxy: with %o it is named as an exception', (environment, expected) => {
  const set: NodeJS.ProcessEnv = { NODE_USE_ENV_PROXY: '1', ...environment };
  keepLoopbackDirect(set);
  expect(set.no_proxy).toBe(expected);
});

test('loopback is left out however Node is told to use the proxy: --use-env-proxy is not in the environment', () => {
  const environment = { https_proxy: 'http://proxy.example:3128' };
  keepLoopbackDirect(environment);
  expect(environment).toEqual({ https_proxy: 'http://proxy.example:3128', no_proxy: 'localhost,127.0.0.1,[::1]' });
});

test.each<[NodeJS.ProcessEnv, string, RegExp | undefined]>([
  [{}, '20.20.2', undefined],
  [{ http_proxy: 'http://p' }, '20.20.2', undefined],
  [{ https_proxy: 'http://p' }, '20.20.2', /^https_proxy is set, but Node 20\.20\.2 does not.*Node 22\.21 or 24/],
  [{ HTTPS_PROXY: 'http://p', NODE_USE_ENV_PROXY: '1' }, '22.20.0', /^HTTPS_PROXY is set.*Node 22\.21/],
  [{ HTTPS_PROXY: 'http://p', NODE_USE_ENV_PROXY: '1' }, '23.11.0', /Node 22\.21/],
  [{ HTTPS_PROXY: 'http://p' }, '22.21.0', /by that proxy, set NODE_USE_ENV_PROXY=1\.$/],
  [{ HTTPS_PROXY: 'http://p', NODE_USE_ENV_PROXY: '1' }, '22.21.0', undefined],
  [{ HTTPS_PROXY: 'http://p', NODE_USE_ENV_PROXY: '1' }, '24.5.0', undefined],
])('a proxy that Node does not use is said, with what to do: %o on Node %s', (environment, version, notice) => {
  const said = proxyNotice(environment, version);
  if (notice) expect(said).toMatch(notice);
  else expect(said).toBeUndefined();
});
