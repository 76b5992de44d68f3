import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { attackScript } from './attackPage.ts';
import { selfSignedCertificate } from './certificate.ts';

/** What came to one of the servers. */
export interface Arrived {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
}

/** Sites of somebody else, on this machine. */
export interface HostileSite {
  /** The origin of the site of that name, which ends in `.example`; `http` is the same site without a certificate. */
  address(name: string, scheme?: 'https' | 'http'): string;
  /** For Chromium: makes names that end in `.example` lead to this machine, and trusts the certificate. */
  readonly browserFlags: readonly string[];
  /** Where its servers are, for a browser that is told to take these addresses for ones of the Internet. */
  readonly listensAt: readonly string[];
  /** The same pages as another program of this machine would serve them: `http://localhost:<port>`. */
  readonly localAddress: string;
  /** A server that is asked as a broker would be, and refuses all: it shows that an attack leaves the browser. */
  readonly control: { readonly address: string; readonly port: number; readonly arrived: Arrived[] };
  /** The addresses that were asked for at the sites themselves. */
  readonly visits: readonly string[];
  stop(): Promise<void>;
}

/**
 * Serves, at every name: `/` with the attacks, `/framing` with `/` in a sandbox, `/redirect?to=` that leads elsewhere,
 * `/link?to=` with a link, and `/form?to=…` that sends its other parameters there by itself.
 */
export async function startHostileSite(): Promise<HostileSite> {
  const visits: string[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    visits.push(`${request.headers.host}${request.url}`);
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://any');
    if (pathname === '/redirect') response.writeHead(302, { Location: searchParams.get('to') ?? '' }).end();
    else response.writeHead(200, { 'Content-Type': 'text/html' }).end(page(pathname, searchParams));
  };
  const arrived: Arrived[] = [];
  const control = createHttpServer((request, response) => {
    arrived.push(noteOf(request));
    // A browser shows a page of its own for a refusal without words, and scripts are not in it.
    response.writeHead(403, { 'Content-Type': 'text/plain' }).end('no');
  });
  control.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    arrived.push(noteOf(request));
    socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
  });
  const servers = [createHttpsServer(selfSignedCertificate('site.example'), answer), createHttpServer(answer), control];
  const [securePort, localPort, controlPort] = await Promise.all(servers.map(listenOnAny));
  return {
    address: (name, scheme = 'https') => `${scheme}://${name}:${scheme === 'https' ? securePort : localPort}`,
    listensAt: [securePort, localPort].map((port) => `127.0.0.1:${port}`),
    browserFlags: ['--ignore-certificate-errors', '--host-resolver-rules=MAP *.example 127.0.0.1'],
    localAddress: `http://localhost:${localPort}`,
    control: { address: `http://localhost:${controlPort}`, port: controlPort ?? 0, arrived },
    visits,
    async stop() {
      await Promise.all(
        servers.map((server) => {
          const closed = once(server, 'close');
          server.close();
          server.closeAllConnections();
          return closed;
        }),
      );
    },
  };
}

function page(path: string, parameters: URLSearchParams): string {
  const to = escaped(parameters.get('to') ?? '');
  const inputs = [...parameters]
    .filter(([name]) => name !== 'to')
    .map(([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`);
  const contents: Readonly<Record<string, string>> = {
    '/framing': '<iframe name="sandbox" sandbox="allow-scripts allow-forms allow-popups" src="/"></iframe>',
    '/link': `<a href="${to}">there</a>`,
    '/form': `<form method="post" action="${to}">${inputs.join('')}</form><script>document.forms[0].submit()</script>`,
  };
  const content = contents[path] ?? `<script>${attackScript}</script>`;
  return `<!doctype html><title>Win a prize</title><link rel="icon" href="data:,"><body>${content}`;
}

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');

const noteOf = ({ method = '', url = '', headers }: IncomingMessage): Arrived => ({ method, url, headers });

async function listenOnAny(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
