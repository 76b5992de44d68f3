/**
 * Node's bare HTTP server that holds its answers as a host does that renews: all that came in meanwhile are answered together,
 * so many milliseconds after the first one. Nobody is looked up, no token is got, nothing is written. Says its port.
 */
const { createServer } = require('node:http');

const held = Number(process.argv[2]);
const body = 'x'.repeat(700);
const headers = { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': String(body.length) };
let released;

const server = createServer(async (_request, response) => {
  released ??= new Promise((resolve) => setTimeout(resolve, held)).then(() => {
    released = undefined;
  });
  await released;
  response.writeHead(200, headers);
  response.end(body);
});
server.keepAliveTimeout = 65_000;
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('disconnect', () => process.exit());
