import { app, net, type Session, session } from 'electron';
import { type PlatformFetch, ProxyFailure } from '../../broker/provider/providerFetch.ts';

/**
 * HTTP with the system's configuration: its proxy or automatic configuration (PAC), and its certificate store. This machine
 * itself is always reached directly: a proxy would get the tokens of a provider on loopback, and could not reach it anyway.
 * Chromium skips the proxy for loopback too, but not if the proxy settings contain `<-loopback>`. A request waits until the
 * app is ready.
 */
export function systemFetch(): PlatformFetch {
  let direct: Promise<Session> | undefined;
  return fetchOver({
    async direct(url, options) {
      await app.whenReady();
      direct ??= directSession();
      return (await direct).fetch(url, options);
    },
    async system(url, options) {
      await app.whenReady();
      return net.fetch(url, options);
    },
    proxyOf: (url) => session.defaultSession.resolveProxy(url),
  });
}

/** Created only when it is needed: a provider on loopback is rare. */
async function directSession(): Promise<Session> {
  const made = session.fromPartition('loopback', { cache: false });
  await made.setProxy({ mode: 'direct' });
  return made;
}

interface Ways {
  readonly direct: PlatformFetch;
  readonly system: PlatformFetch;
  /** In Chromium's form: `PROXY host:port; DIRECT`. */
  readonly proxyOf: (url: string) => Promise<string>;
}

/** @throws ProxyFailure, or the error of the fetch that was used */
export function fetchOver({ direct, system, proxyOf }: Ways): PlatformFetch {
  return async (url, options) => {
    if (isThisMachine(new URL(url))) return direct(url, options);
    let response: Response;
    try {
      response = await system(url, options);
    } catch (error) {
      const [code] = (error instanceof Error && proxyFailures.exec(error.message)) || [];
      throw code === undefined ? error : new ProxyFailure(code, firstProxy(await proxyOf(url)));
    }
    // RFC 9110 §15.5.8: only a proxy sends this status, even when the provider is reached over https.
    if (response.status !== 407) return response;
    await response.body?.cancel().catch(() => undefined);
    throw new ProxyFailure('status 407', firstProxy(await proxyOf(url)));
  };
}

const proxyFailures = /net::ERR_(?:PROXY|TUNNEL|SOCKS|PAC|HTTPS_PROXY|MANDATORY_PROXY)_[A-Z_]+/;

/** `host:port` of the first proxy in Chromium's list; undefined when the list does not begin with a proxy. */
function firstProxy(list: string): string | undefined {
  return /^(?:PROXY|HTTPS|SOCKS|SOCKS4|SOCKS5|QUIC) ([^\s;]+)/.exec(list)?.[1];
}

/** RFC 6761 §6.3, RFC 1122 §3.2.1.3 (g), RFC 4291 §2.5.3. */
function isThisMachine({ hostname }: URL): boolean {
  return /^(?:(?:.*\.)?localhost\.?|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}
