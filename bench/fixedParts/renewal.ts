import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as client from 'openid-client';
import { z } from 'zod';
import { KeptFile } from './keptFile.ts';
import { FixedLogin } from './login.ts';

// Node's bare HTTP server that renews by openid-client alone when it is asked: all that came in meanwhile are answered together with
// the new token. T4: written are, by electron-store, that the request is on its way, the new refresh token, and what is answered;
// nobody is looked up. Says the address of a login, gets what came of it as a message, and says its port.

/** Milliseconds. Whoever is read only after the renewal has its token. */
const goodFor = 2_000;
const comeBack = z.object({ fields: z.record(z.string(), z.string()) });

function serve({ configuration }: FixedLogin, kept: KeptFile, first: string): void {
  let refreshToken = first;
  let accessToken = '';
  let goodUntil = 0;
  let waiting: ServerResponse[] = [];

  function answer(response: ServerResponse): void {
    response.writeHead(200, {
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': String(accessToken.length),
    });
    response.end(accessToken);
  }

  async function renew(): Promise<void> {
    kept.write();
    const granted = await client.refreshTokenGrant(configuration, refreshToken);
    refreshToken = granted.refresh_token ?? refreshToken;
    kept.write();
    kept.write();
    accessToken = granted.access_token;
    goodUntil = performance.now() + goodFor;
    const answered = waiting;
    waiting = [];
    answered.forEach(answer);
  }

  const server = createServer((_request, response) => {
    if (performance.now() < goodUntil) return answer(response);
    waiting.push(response);
    if (waiting.length === 1) void renew();
  });
  server.keepAliveTimeout = 65_000;
  server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
}

void FixedLogin.atProvider().then(async (login) => {
  const kept = new KeptFile();
  process.once('message', async (message) => {
    const granted = await login.tokens(comeBack.parse(message).fields);
    serve(login, kept, granted.refresh_token ?? '');
  });
  process.send?.({ login: await login.address() });
});
