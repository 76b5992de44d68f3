import { spoken } from '../../../preload/texts/index.ts';
import { type BusArgument, type BusPicture, busValue } from '../../system/dbusValues.ts';
import { type BusSignal, SessionBus } from '../../system/sessionBus.ts';
import { systemTimer, withTimeout } from '../../system/timeout.ts';
import type { NotificationContent, ShownNotification, SystemNotifications } from './shownNotification.ts';

const service = {
  destination: 'org.freedesktop.Notifications',
  path: '/org/freedesktop/Notifications',
  target: 'org.freedesktop.Notifications',
} as const;
const bus = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  target: 'org.freedesktop.DBus',
} as const;

const signals = [
  `type='signal',sender='${bus.destination}',member='NameOwnerChanged',arg0='${service.destination}'`,
  `type='signal',sender='${service.destination}',interface='${service.target}',member='ActionInvoked'`,
  `type='signal',sender='${service.destination}',interface='${service.target}',member='NotificationClosed'`,
];

/** How long the bus itself may take to answer, in milliseconds. */
const busTimeout = 5_000;
/** How long the service may take to show a notification before it counts as not answering, in milliseconds. */
const defaultTimeout = 1_000;
/** How long to wait for a notification that may still be shown late, so that it can be clicked and closed; in milliseconds. */
const maxTimeout = 5 * 60_000;
/** How long the end of the app may wait for its last notification, in milliseconds. */
const lastTimeout = 500;
/** The maximum number of calls under way to a service that does not answer; further notifications are lost. */
const maxUnderWay = 8;
/** The maximum number of shown notifications that can still be clicked; the oldest are forgotten. */
const maxShown = 64;
/** Close reason: the notification was shown long enough. The person may still click it in the desktop's list. */
const expired = 1;

export interface BusNotificationsOptions {
  /** Called after `isMissing` has changed. */
  readonly onChange?: () => void;
  /** Returns the picture beside the text. */
  readonly picture?: () => BusPicture;
  readonly environment?: NodeJS.ProcessEnv;
  /** In milliseconds; for tests. */
  readonly timeout?: number;
}

/** A notification that is wanted, and perhaps shown. */
interface Wanted {
  readonly content: NotificationContent;
  /** The service's ID for it; undefined until it is shown. */
  id?: number;
  isTakenBack: boolean;
}

/**
 * Linux notifications (freedesktop.org's Desktop Notifications Specification 1.2) over our own connection to the session bus.
 * Electron's notifications block the thread that serves the API until the service answers: for minutes if it hangs or does
 * not start.
 */
export class BusNotifications implements SystemNotifications {
  readonly #environment: NodeJS.ProcessEnv;
  readonly #timeout: number;
  readonly #onChange: () => void;
  readonly #picture: (() => BusPicture) | undefined;
  #bus: Promise<SessionBus> | undefined;
  /** The connection name of the service that shows them; empty while there is none. */
  #owner = '';
  /** Counts how often the service went away: after that, its missing answers do not count against it. */
  #losses = 0;
  /** What the service supports: the present one, or the one that the bus is starting. */
  #capabilities: Promise<string[]> | undefined;
  readonly #shown = new Map<number, Wanted>();
  #underWay = 0;
  #isThere = true;
  #isSilent = false;
  #wasMissing = false;
  #isClosed = false;

  constructor(options: BusNotificationsOptions = {}) {
    const { onChange, picture, environment = process.env, timeout = defaultTimeout } = options;
    this.#picture = picture;
    this.#environment = environment;
    this.#timeout = timeout;
    this.#onChange = onChange ?? (() => undefined);
    void this.#look();
  }

  get isMissing(): boolean {
    return !this.#isThere || this.#isSilent;
  }

  show(content: NotificationContent): ShownNotification {
    const wanted: Wanted = { content, isTakenBack: false };
    if (!this.#isClosed && this.#underWay < maxUnderWay) this.#send(wanted);
    return { close: () => this.#takeBack(wanted) };
  }

  async showLast(text: string): Promise<void> {
    // Without buttons, which nobody would hear, and without markup the service needs no question first.
    const values = valuesOf({ text, click: () => undefined }, this.#picture?.(), [], { isLast: true });
    const shown = this.#connected().then((open) => open.call({ ...service, member: 'Notify', values, answer: 'u' }));
    const settled = shown.then(
      () => undefined,
      () => undefined,
    );
    await withTimeout(systemTimer, lastTimeout, settled, () => undefined);
  }

  close(): void {
    for (const wanted of this.#shown.values()) this.#takeBack(wanted);
    this.#isClosed = true;
    this.#bus?.then((open) => open.close()).catch(() => undefined);
  }

  #send(wanted: Wanted): void {
    const losses = this.#losses;
    const fail = () => {
      if (losses === this.#losses) this.#note({ isSilent: true });
    };
    this.#underWay += 1;
    const timer = setTimeout(fail, this.#timeout);
    this.#deliver(wanted)
      .then(() => this.#note({ isThere: true, isSilent: false }), fail)
      .finally(() => {
        clearTimeout(timer);
        this.#underWay -= 1;
      });
  }

  async #deliver(wanted: Wanted): Promise<void> {
    const open = await this.#connected();
    this.#capabilities ??= this.#askCapabilities(open);
    const capabilities = await this.#capabilities;
    if (wanted.isTakenBack) return;
    const values = valuesOf(wanted.content, this.#picture?.(), capabilities);
    const call = { ...service, member: 'Notify', values, answer: 'u', timeout: maxTimeout };
    const losses = this.#losses;
    wanted.id = (await open.call(call)).number();
    if (losses !== this.#losses) return;
    this.#shown.set(wanted.id, wanted);
    if (wanted.isTakenBack) return this.#takeBack(wanted);
    const [oldest] = this.#shown.keys();
    if (this.#shown.size > maxShown && oldest !== undefined) this.#shown.delete(oldest);
  }

  /** The bus starts the service for this call, if it does not run and the bus can start it. */
  #askCapabilities(open: SessionBus): Promise<string[]> {
    const call = { ...service, member: 'GetCapabilities', answer: 'as', timeout: maxTimeout };
    const asked = open.call(call).then((answer) => answer.texts());
    asked.catch(() => {
      if (this.#capabilities === asked) this.#capabilities = undefined;
    });
    return asked;
  }

  #takeBack(wanted: Wanted): void {
    wanted.isTakenBack = true;
    const { id } = wanted;
    // Do not close a notification that is another service's or that is gone; and do not start a service for that.
    if (id === undefined || this.#shown.get(id) !== wanted) return;
    this.#shown.delete(id);
    const call = { ...service, member: 'CloseNotification', values: [busValue.uint32(id)] };
    this.#bus?.then((open) => open.call(call)).catch(() => undefined);
  }

  // --- the service and its bus ----------------------------------------------------------------------------------------------

  /** Opens a new connection if the last one has ended. */
  #connected(): Promise<SessionBus> {
    if (this.#bus) return this.#bus;
    const connecting = this.#connect();
    this.#bus = connecting;
    const forget = () => {
      if (this.#bus === connecting) this.#bus = undefined;
    };
    connecting.then((open) => open.ended).then(forget, forget);
    return connecting;
  }

  async #connect(): Promise<SessionBus> {
    const open = await SessionBus.open(this.#environment, busTimeout);
    void open.ended.then(() => {
      this.#change('');
      this.#note({ isThere: false, isSilent: false });
    });
    let hasChanged = false;
    open.onSignal((signal) => {
      const owner = newOwner(signal);
      if (owner !== undefined) {
        hasChanged = true;
        this.#follow(owner);
      }
      const said = saidOf(signal);
      // Handle an answer that came together with the signal first: it tells which notification the signal means.
      if (said) setImmediate(() => this.#hear(said));
    });
    try {
      await Promise.all(signals.map((rule) => open.match(rule)));
      const owner = await ownerOf(open);
      if (!hasChanged) this.#owner = owner;
    } catch (error) {
      open.close();
      throw error;
    }
    return open;
  }

  /** Finds out whether there is a service, without starting it. */
  async #look(): Promise<void> {
    try {
      const open = await this.#connected();
      const canBe = await canBeStarted(open);
      this.#note({ isThere: this.#owner !== '' || canBe, isSilent: false });
    } catch {
      this.#note({ isThere: false });
    }
  }

  #follow(owner: string): void {
    this.#change(owner);
    if (owner === '') void this.#look();
    else this.#note({ isThere: true, isSilent: false });
  }

  /** The owner has changed; the notifications of the last one are gone with it. */
  #change(owner: string): void {
    if (this.#owner !== '') this.#losses += 1;
    // A service that was just started has already been asked.
    if (this.#owner !== '' || owner === '') this.#capabilities = undefined;
    this.#owner = owner;
    this.#shown.clear();
  }

  /** Any program on the bus may send us a signal, so this checks the sender. */
  #hear({ sender, id, action, reason }: Said): void {
    if (sender !== this.#owner) return;
    if (action !== undefined) this.#act(id, action);
    else if (reason !== expired) this.#shown.delete(id);
  }

  #act(id: number, action: string): void {
    const wanted = this.#shown.get(id);
    if (!wanted) return;
    const { actions = [], click } = wanted.content;
    const run = action === clickAction ? click : actions.find((one) => one.id === action)?.run;
    if (!run) return;
    this.#takeBack(wanted);
    run();
  }

  #note(news: { isThere?: boolean; isSilent?: boolean }): void {
    if (this.#isClosed) return;
    this.#isThere = news.isThere ?? this.#isThere;
    this.#isSilent = news.isSilent ?? this.#isSilent;
    if (this.isMissing === this.#wasMissing) return;
    this.#wasMissing = this.isMissing;
    this.#onChange();
  }
}

// --- what goes over the bus -----------------------------------------------------------------------------------------------

/** The specification's name for a click on the notification itself. */
const clickAction = 'default';

/**
 * The arguments of `Notify`: the program, what it replaces, icon, title, text, actions, hints, and the timeout (the service's
 * default).
 */
function valuesOf(
  { text, actions = [] }: NotificationContent,
  picture: BusPicture | undefined,
  capabilities: readonly string[],
  { isLast = false } = {},
): BusArgument[] {
  // Services without buttons may show a dialog for them instead.
  const hasActions = capabilities.includes('actions');
  const buttons = [{ id: clickAction, label: spoken().texts.tray.open }, ...actions];
  // A NUL cannot be part of a D-Bus text, and would end the connection.
  const clean = text.replaceAll('\0', '');
  return [
    'Loopgate',
    busValue.uint32(0),
    '',
    'Loopgate',
    capabilities.includes('body-markup') ? escaped(clean) : clean,
    busValue.texts(hasActions ? buttons.flatMap(({ id, label }) => [id, label]) : []),
    busValue.dictionary({
      // GNOME takes back what an app that it knows has shown, when that ends.
      ...(!isLast && { 'desktop-entry': 'loopgate' }),
      ...(picture && { 'image-data': busValue.picture(picture) }),
    }),
    busValue.int32(-1),
  ];
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** A signal of the service about a notification: it was clicked, or why it was closed. */
interface Said {
  readonly sender: string;
  readonly id: number;
  readonly action?: string;
  readonly reason?: number;
}

/** @throws Error when the values do not match their types */
function saidOf({ sender, target, member, types, values }: BusSignal): Said | undefined {
  if (target !== service.target) return undefined;
  const said = values();
  if (member === 'ActionInvoked' && types === 'us') return { sender, id: said.number(), action: said.text() };
  if (member === 'NotificationClosed' && types === 'uu') return { sender, id: said.number(), reason: said.number() };
  return undefined;
}

/** The new owner of the service's name, if the bus reports one; empty if there is none. */
function newOwner({ sender, member, types, values }: BusSignal): string | undefined {
  if (sender !== bus.destination || member !== 'NameOwnerChanged' || types !== 'sss') return undefined;
  const said = values();
  const [name, , owner] = [said.text(), said.text(), said.text()];
  return name === service.destination ? owner : undefined;
}

/** The owner of the service's name; empty if there is none. */
async function ownerOf(open: SessionBus): Promise<string> {
  try {
    return (await open.call({ ...bus, member: 'GetNameOwner', values: [service.destination], answer: 's' })).text();
  } catch (error) {
    if (error instanceof Error && error.message === 'org.freedesktop.DBus.Error.NameHasNoOwner') return '';
    throw error;
  }
}

/** Whether the bus can start a service. */
async function canBeStarted(open: SessionBus): Promise<boolean> {
  const names = await open.call({ ...bus, member: 'ListActivatableNames', answer: 'as' });
  return names.texts().includes(service.destination);
}
