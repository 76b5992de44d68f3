import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { KeptFile } from './keptFile.ts';

// Node's bare HTTP server with ws alone: greets each WebSocket with a frame, and at a POST writes once by electron-store, as a
// host does that has forgotten somebody, tells all of them by an empty frame, and answers. Nobody is looked up. Says its port.

if (process.send === undefined) process.exit(2);
const kept = new KeptFile();
const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
const server = createServer((request, response) => {
  if (request.method === 'POST') {
    kept.write();
    for (const socket of sockets.clients) socket.send('');
  }
  response.end('{}');
});
server.keepAliveTimeout = 65_000;
server.on('upgrade', (request, socket, head) => {
  sockets.handleUpgrade(request, socket, head, (opened) => opened.send('{}'));
});
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
