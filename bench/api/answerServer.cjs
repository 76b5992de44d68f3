/**
 * What the API is compared with: Node's bare HTTP server, or an express app with one route, that sends one recorded answer.
 * CommonJS and without a loader, so that nothing but the server is measured.
 *
 * Started with `node:http` or `express` as its argument; gets the answer as a message, and says its port.
 */
const { createServer } = require('node:http');

process.once('message', ({ headers, body }) => {
  const answer = (_request, response) => {
    response.writeHead(200, headers);
    response.end(body);
  };
  const server = createServer(process.argv[2] === 'express' ? expressApp(answer) : answer);
  server.keepAliveTimeout = 65_000;
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
});
process.on('disconnect', () => process.exit());

function expressApp(answer) {
  const app = require('express')();
  app.disable('x-powered-by');
  app.get('/userinfo', answer);
  return app;
}
