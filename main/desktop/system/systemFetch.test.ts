import { expect, test, vi } from 'vitest';
import { type PlatformFetch, ProxyFailure } from '../../broker/provider/providerFetch.ts';

// The session and the proxies themselves are Electron's: e2e/desktop/proxy.spec.ts has the real ones.
vi.mock('electron', () => ({ net: {}, session: {} }));
const { fetchOver } = await import('./systemFetch.ts');

const answer: (status: number) => PlatformFetch = (status) => async () => new Response(null, { status });
const failing = (message: string) => (): Promise<Response> => Promise.reject(new Error(message));
const over = (system: PlatformFetch, list = 'PROXY proxy.example:3128; DIRECT') =>
  fetchOver({ direct: answer(204), system, proxyOf: async () => list });

test.each([
  ...['http://localhost:5000/', 'https://localhost/', 'http://127.0.0.1/', 'http://127.9.9.9:1/', 'http://[::1]:2/'],
  ...['http://LOCALHOST/', 'http://login.localhost/', 'http://localhost./', 'http://0x7f.1/'],
])('loopback never by proxy: %s is reached directly', async (url) => {
  expect((await over(answer(200))(url, {})).status).toBe(204);
});

test.each([
  ...['https://login.company.example/', 'https://localhost.example/', 'https://127.0.0.1.example/'],
  ...['https://notlocalhost/', 'http://128.0.0.1/', 'http://[::2]/'],
])('%s is reached as the system is set up', async (url) => {
  expect((await over(answer(200))(url, {})).status).toBe(200);
});

test.each<[string, PlatformFetch, string]>([
  ['that is down', failing('net::ERR_PROXY_CONNECTION_FAILED'), 'net::ERR_PROXY_CONNECTION_FAILED'],
  ['that lets nobody through', failing('net::ERR_TUNNEL_CONNECTION_FAILED'), 'net::ERR_TUNNEL_CONNECTION_FAILED'],
  ['that wants a password', answer(407), 'status 407'],
])('a proxy %s is named', async (_, system, reason) => {
  const failure: unknown = await over(system)('https://a.example/', {}).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ProxyFailure);
  expect(failure).toMatchObject({ reason, proxy: 'proxy.example:3128' });
  const unnamed: unknown = await over(system, 'DIRECT')('https://a.example/', {}).catch((error: unknown) => error);
  expect(unnamed).toMatchObject({ reason, proxy: undefined });
});

test('what is no proxy’s failure is passed on as it is', async () => {
  const error = new Error('net::ERR_NAME_NOT_RESOLVED');
  await expect(over(() => Promise.reject(error))('https://a.example/', {})).rejects.toBe(error);
});
