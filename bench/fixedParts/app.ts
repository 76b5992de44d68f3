import { createServer } from 'node:http';
import { app, Menu, net, safeStorage, Tray } from 'electron';
import { useFixedPackages } from './packages.ts';

// The app of ten lines (bench/app/tenLines) with the fixed packages, one request to the provider and one look at the keyring.
const { PORT, ICON = '', ISSUER: issuer = '' } = process.env;
const kept: unknown[] = [];
app.on('window-all-closed', () => undefined);
void app.whenReady().then(async () => {
  createServer((_request, response) => response.end('{}')).listen(Number(PORT), '127.0.0.1');
  const tray = new Tray(ICON);
  tray.setContextMenu(Menu.buildFromTemplate([{ role: 'quit' }]));
  kept.push(tray);
  kept.push(safeStorage.isEncryptionAvailable());
  kept.push(await useFixedPackages((url, options) => net.fetch(url, options), issuer));
});
