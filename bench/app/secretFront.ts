import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';

/** Where the front is, and whom it serves. */
export interface FrontOptions {
  /** Where to listen, on loopback. */
  readonly port: number;
  /** Where the provider is, on loopback. */
  readonly providerPort: number;
  readonly clientId: string;
}

/**
 * Stands before the local provider, whose clients are public: takes away the secret that a client sends all the same
 * (RFC 6749 §2.3.1), and says in the form whose request it is. All else is passed on as it is.
 */
export async function startSecretFront(options: FrontOptions): Promise<{ close(): Promise<void> }> {
  const server = createServer((incoming, outgoing) => {
    pass(incoming, outgoing, options).catch(() => outgoing.destroy());
  });
  server.listen(options.port, '127.0.0.1');
  await once(server, 'listening');
  return {
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function pass(incoming: IncomingMessage, outgoing: ServerResponse, { providerPort, clientId }: FrontOptions) {
  const { authorization, ...headers } = incoming.headers;
  const parts: Buffer[] = [];
  for await (const part of incoming) parts.push(part as Buffer);
  let body = Buffer.concat(parts).toString();
  if (authorization?.startsWith('Basic ')) {
    body = `${body}&${new URLSearchParams({ client_id: clientId })}`;
    headers['content-length'] = String(Buffer.byteLength(body));
  } else if (authorization !== undefined) headers.authorization = authorization;
  const { method, url: path } = incoming;
  const onward = request({ host: '127.0.0.1', port: providerPort, method, path, headers });
  onward.end(body);
  const [answer] = (await once(onward, 'response')) as [IncomingMessage];
  outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
  answer.pipe(outgoing);
}
