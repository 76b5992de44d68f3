import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as client from 'openid-client';
import { z } from 'zod';
import { FixedLogin, KeptFile } from './login.ts';

// Node's bare HTTP server that renews by openid-client alone when it is asked: all that came in meanwhile are answered together with
// the new token. It is written to the disk before and after, as a host does that must not lose it; nobody is looked up. Says the
// address of a login, gets what came of it as a message, and says its port.

const [issuer = '', clientId = '', audience = ''] = process.argv.slice(2);
const login = await FixedLogin.at(issuer, clientId, audience);
const kept = new KeptFile();
const comeBack = z.object({ fields: z.record(z.string(), z.string()) });
let refreshToken = '';
let waiting: ServerResponse[] = [];

async function renew(): Promise<void> {
  kept.write();
  const granted = await client.refreshTokenGrant(login.configuration, refreshToken);
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

process.once('message', async (message) => {
  const granted = await login.tokens(comeBack.parse(message).fields);
  refreshToken = granted.refresh_token ?? '';
  server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
});
process.send?.({ login: await login.address() });
