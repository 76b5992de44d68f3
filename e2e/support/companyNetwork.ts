import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import {
  createServer as createHttpServer,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { promisify } from 'node:util';
import { certificateAuthority } from './certificate.ts';

/** Only the proxy knows where this is: no name server has it (RFC 6761 §6.4). */
export const companyHost = 'login.company.example';

/** What a company's network puts between a program and its provider. */
export interface CompanyNetwork {
  /** The proxy's `host:port`. */
  readonly proxy: string;
  /** As the environment of a Linux desktop names it to every program. */
  readonly environment: NodeJS.ProcessEnv;
  /** The same proxy, named by an automatic configuration (PAC) that sends everything to it, loopback too. */
  readonly automatic: NodeJS.ProcessEnv;
  /** What was asked of the proxy, in order: `CONNECT host:port`, or the method and the address. */
  readonly record: readonly string[];
  /** The certificate of the company's authority, as PEM. */
  readonly authority: string;
  /** From now on it wants a password that nobody has (407), or none again. */
  wantPassword(isWanted: boolean): void;
  /** It goes away, as when the machine has left the company's network. */
  leave(): Promise<void>;
  /** It is back at the same address. */
  comeBack(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * A forward proxy that records, and behind it, under a public-looking https name, a provider on loopback. The name's
 * certificate is of the company's own authority.
 * @param providerPort - where the provider listens in truth; asked for at every request
 */
export async function startCompanyNetwork(providerPort: () => number): Promise<CompanyNetwork> {
  const record: string[] = [];
  const sockets = new Set<Duplex>();
  const company = certificateAuthority('Test company authority');
  const front = createHttpsServer(company.issue(companyHost), (request, response) =>
    passOn(request, response, providerPort()),
  );
  let isPasswordWanted = false;
  let port = 0;
  const configuration = () => `function FindProxyForURL() { return 'PROXY 127.0.0.1:${port}'; }`;
  const proxy = createHttpServer((request, response) => {
    if (request.url === '/proxy.pac') {
      response.writeHead(200, { 'Content-Type': 'application/x-ns-proxy-autoconfig' }).end(configuration());
      return;
    }
    record.push(`${request.method} ${request.url}`);
    response.writeHead(502).end();
  });
  proxy.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  proxy.on('connect', (request: IncomingMessage, socket: Duplex) => {
    record.push(`CONNECT ${request.url}`);
    socket.on('error', () => socket.destroy());
    if (isPasswordWanted) {
      socket.end(
        'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="company"\r\nContent-Length: 0\r\n\r\n',
      );
    } else if (request.url === `${companyHost}:443`) {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      front.emit('connection', socket);
    } else {
      socket.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n');
    }
  });
  const comeBack = async () => {
    proxy.listen(port, '127.0.0.1');
    await once(proxy, 'listening');
    port = (proxy.address() as AddressInfo).port;
  };
  const leave = async () => {
    const closed = once(proxy, 'close');
    proxy.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  await comeBack();
  const address = `http://127.0.0.1:${port}`;
  return {
    proxy: `127.0.0.1:${port}`,
    environment: { http_proxy: address, https_proxy: address },
    automatic: { auto_proxy: `${address}/proxy.pac` },
    record,
    authority: company.cert,
    wantPassword(isWanted) {
      isPasswordWanted = isWanted;
      // Tunnels that are open already would serve on.
      for (const socket of sockets) socket.destroy();
    },
    leave,
    comeBack,
    async stop() {
      if (proxy.listening) await leave();
    },
  };
}

/** Makes a Linux user trust an authority, where Chromium and Electron look for it. @param home - the user's home folder */
export async function trust(home: string, authority: string): Promise<void> {
  const database = join(home, '.pki', 'nssdb');
  const file = join(home, 'company.pem');
  await mkdir(database, { recursive: true, mode: 0o700 });
  await writeFile(file, authority);
  const certutil = (argv: readonly string[]) => promisify(execFile)('certutil', argv);
  // Whichever browser ran before has made it.
  if (!existsSync(join(database, 'cert9.db'))) await certutil(['-d', `sql:${database}`, '-N', '--empty-password']);
  await certutil(['-d', `sql:${database}`, '-A', '-t', 'C,,', '-n', 'company', '-i', file]);
}

function passOn(request: IncomingMessage, response: ServerResponse, port: number): void {
  const { method, url, headers } = request;
  const passed = httpRequest({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  passed.on('error', () => response.destroy());
  request.pipe(passed);
}
