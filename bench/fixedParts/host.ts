import { createServer } from 'node:http';
import { useFixedPackages } from './packages.ts';

// The fixed packages behind Node’s own server, with as little memory as V8 can do with. Without an issuer it ends when all is loaded.
const { ISSUER: issuer } = process.env;
if (issuer === undefined) process.exit(2);
const server = createServer((_request, response) => response.end('{}'));
void useFixedPackages(fetch, issuer).then((kept) => {
  server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as { port: number }).port }));
  process.on('disconnect', () => process.exit(kept === undefined ? 1 : 0));
});
