const { createServer } = require('node:http');
const { app, Menu, Tray } = require('electron');

let tray;
app.on('window-all-closed', () => undefined);
app.whenReady().then(() => {
  createServer((_request, response) => response.end('{}')).listen(process.env.PORT, '127.0.0.1');
  tray = new Tray(process.env.ICON);
  tray.setContextMenu(Menu.buildFromTemplate([{ role: 'quit' }]));
});
