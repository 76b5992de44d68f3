import { join } from 'node:path';
import { Notification, nativeImage } from 'electron';
import type { BusPicture } from '../../system/dbusValues.ts';
import { BusNotifications } from './busNotifications.ts';
import type { NotificationContent, ShownNotification, SystemNotifications } from './shownNotification.ts';

/**
 * The notifications of this system.
 * @param onChange - called after `isMissing` has changed
 */
export function systemNotifications(onChange: () => void): SystemNotifications {
  if (process.platform !== 'linux') return new ElectronNotifications();
  return new BusNotifications({ onChange, picture: mark });
}

/** Loopgate's mark. It is sent with each notification: only the packages install an icon that a desktop can find by name. */
function mark(): BusPicture {
  const size = { width: 64, height: 64 };
  const image = nativeImage.createFromPath(join(__dirname, 'icons', 'app.png')).resize({ ...size, quality: 'best' });
  // Electron returns blue, green, red and alpha, with premultiplied colours.
  const pixels = image.toBitmap({ scaleFactor: 1 });
  for (let at = 0; at < pixels.length; at += 4) {
    const [blue = 0, green = 0, red = 0, opacity = 0] = pixels.subarray(at, at + 4);
    const colours = [red, green, blue].map((colour) =>
      Math.min(255, Math.round((colour * 255) / Math.max(1, opacity))),
    );
    pixels.set(colours, at);
  }
  return { ...size, pixels };
}

/** For macOS and Windows, which accept a notification without delay. On Linux Electron blocks until it is shown. */
export class ElectronNotifications implements SystemNotifications {
  /** Keeps references: a notification that is garbage collected does not report its click. */
  readonly #shown = new Set<Notification>();

  get isMissing(): boolean {
    return !Notification.isSupported();
  }

  show({ text, actions = [], click }: NotificationContent): ShownNotification {
    if (this.isMissing) return { close: () => undefined };
    const buttons = actions.map(({ label }) => ({ type: 'button' as const, text: label }));
    const notification = new Notification({ title: 'Loopgate', body: text, actions: buttons });
    const settle = (run: (() => void) | undefined) => {
      this.#shown.delete(notification);
      run?.();
    };
    notification.on('click', () => settle(click));
    notification.on('action', (_event, index) => settle(actions[index]?.run));
    this.#shown.add(notification);
    notification.show();
    return {
      close: () => {
        this.#shown.delete(notification);
        notification.close();
      },
    };
  }

  async showLast(): Promise<void> {
    // Here no other program can click the tray's menu.
  }

  close(): void {
    for (const notification of this.#shown) notification.close();
    this.#shown.clear();
  }
}
