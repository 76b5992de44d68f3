import { expect, test } from 'vitest';
import { LoopgateError } from '../../errors/errors.ts';
import { type PlatformFetch, ProxyFailure, providerFetch } from './providerFetch.ts';

/** The error that a caller gets when the platform's fetch fails with this. */
async function told(failure: Error): Promise<LoopgateError> {
  const platform: PlatformFetch = () => Promise.reject(failure);
  const options = { method: 'GET', headers: {}, body: undefined, redirect: 'manual' } as const;
  const said: unknown = await providerFetch(platform)('https://login.company.example/token?code=hush', options).catch(
    (error: unknown) => error,
  );
  if (!(said instanceof LoopgateError)) throw said;
  return said;
}

const nodeError = (code: string) => new TypeError('fetch failed', { cause: Object.assign(new Error('no'), { code }) });

test.each([
  [
    new ProxyFailure('net::ERR_PROXY_CONNECTION_FAILED', 'proxy.example:3128'),
    'The proxy proxy.example:3128, by which this system goes to login.company.example, cannot be used (net::ERR_PROXY_CONNECTION_FAILED).',
    'Connect to the network or VPN',
  ],
  [new ProxyFailure('net::ERR_SOCKS_CONNECTION_FAILED', undefined), 'The proxy, by which', 'network settings'],
  [
    new ProxyFailure('net::ERR_TUNNEL_CONNECTION_FAILED', 'proxy.example:3128'),
    'The proxy proxy.example:3128 does not let Loopgate through to login.company.example',
    'allow login.company.example',
  ],
  [new ProxyFailure('status 407', 'proxy.example:3128'), 'wants a user name and a password', 'without them'],
  [new Error('net::ERR_CERT_AUTHORITY_INVALID'), 'is not trusted by this system', "system's certificate store"],
  [new Error('net::ERR_CERT_DATE_INVALID'), 'is not valid at this time', 'date and time'],
  [new Error('net::ERR_CERT_COMMON_NAME_INVALID'), 'is for another name', 'address of the provider'],
  [nodeError('SELF_SIGNED_CERT_IN_CHAIN'), 'is not trusted by Node', 'NODE_EXTRA_CA_CERTS'],
  [nodeError('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), 'is not trusted by Node', 'NODE_EXTRA_CA_CERTS'],
  [nodeError('CERT_HAS_EXPIRED'), 'is not valid at this time', 'date and time'],
  [nodeError('ERR_TLS_CERT_ALTNAME_INVALID'), 'is for another name', 'address of the provider'],
])(
  'what stands between (%s) is named, with what to do, and a session is kept [T5]',
  async (failure, happened, next) => {
    const said = await told(failure);
    expect(said.happened).toContain(happened);
    expect(said.next).toContain(next);
    expect(said.next).toContain('A session that exists is kept.');
    const undone = !said.happened.includes('status 407');
    expect(said).toMatchObject({ code: 'provider_unreachable', retryable: true, undone, hasOwnAdvice: true });
    expect(said.message).not.toContain('hush');
  },
);

test('any other failure of the network has the advice of the table [T5]', async () => {
  for (const failure of [new Error('net::ERR_NAME_NOT_RESOLVED'), nodeError('ECONNREFUSED')]) {
    expect(await told(failure)).toMatchObject({ code: 'provider_unreachable', hasOwnAdvice: false, undone: true });
  }
  expect(await told(new Error('net::ERR_CONNECTION_RESET'))).toMatchObject({ undone: false });
});
