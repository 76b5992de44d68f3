import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as client from 'openid-client';
import { z } from 'zod';
import { KeptFile } from './keptFile.ts';
import { FixedLogin } from './login.ts';

// Node's bare HTTP server that renews by openid-client alone when it is asked: all that came in meanwhile are answered together with
// the new token. It is written by electron-store before and after, as a host does that must not lose it; nobody is looked up.
// Says the address of a login, gets what came of it as a message, and says its port.

const comeBack = z.object({ fields: z.record(z.string(), z.string()) });

function serve({ configuration }: FixedLogin, kept: KeptFile, first: string): void {
  let refreshToken = first;
  let waiting: ServerResponse[] = [];

  async function renew(): Promise<void> {
    kept.write();
    const granted = await client.refreshTokenGrant(configuration, refreshToken);
    refreshToken = granted.refresh_token ?? refreshToken;
    kept.write();
    const headers = {
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': String(granted.access_token.length),
    };
    const answered = waiting;
    waiting = [];
    for (const response of answered) {
      response.writeHead(200, headers);
      response.end(granted.access_token);
    }
  }

  const server = createServer((_request, response) => {
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
