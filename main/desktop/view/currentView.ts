import type { EventEmitter } from 'node:events';
import { join } from 'node:path';
import { net } from 'electron';
import type { AppView, Tab } from '../../../preload/views/appView.ts';
import type { ProgramsView } from '../../../preload/views/programs.ts';
import type { PlatformFetch } from '../../broker/provider/providerFetch.ts';
import type { Host } from '../../host/host.ts';
import { version } from '../../system/version.ts';
import type { Updates } from '../help/updates.ts';
import type { StartAtLoginOffer } from '../settings/startAtLoginOffer.ts';
import type { RunningHost } from '../start/runningHost.ts';
import { Network } from '../system/onlineMonitor.ts';
import type { SystemNotifications } from '../tray/shownNotification.ts';
import { FirstAnswer } from './firstAnswer.ts';
import { Pictures } from './profilePictures.ts';
import { ProgramIcons } from './programIcons.ts';
import { programsViewOf, questionViews } from './programsView.ts';
import { type ViewFrame, viewOf } from './view.ts';

/** `change`: something that the desktop shows has changed. */
export type Changes = EventEmitter<{ change: [] }>;

/** What the view shows besides the state of the broker and the gate. */
export interface ShownBesides {
  readonly fetch: PlatformFetch;
  readonly startAtLoginOffer: StartAtLoginOffer;
  readonly updates: Updates | undefined;
  readonly notifications: SystemNotifications;
}

/** Builds the view for the tray and the windows from the broker, the gate, and the desktop's own state. */
export class CurrentView {
  readonly #running: RunningHost;
  readonly #changed: () => void;
  readonly #besides: ShownBesides;
  readonly #firstAnswer: FirstAnswer;
  readonly #icons: ProgramIcons;
  readonly #network: Network;
  #pictures: Pictures;
  /** The program that holds the port that programs try first, if Loopgate does not. */
  #portOwner: string | undefined;
  #wantedTab: Tab | undefined;

  constructor(running: RunningHost, changes: Changes, besides: ShownBesides) {
    this.#running = running;
    this.#changed = () => changes.emit('change');
    this.#besides = besides;
    this.#firstAnswer = new FirstAnswer(this.#changed);
    this.#icons = new ProgramIcons(this.#changed, join(__dirname, 'icons'));
    this.#pictures = this.#newPictures();
    this.#network = new Network(
      () => net.isOnline(),
      (isOnline) => {
        if (isOnline && !running.isReplacing) running.host.broker.networkIsBack();
        this.#changed();
      },
    );
  }

  view(): AppView {
    const { broker, gate } = this.#running.host;
    const { startAtLoginOffer, updates, notifications } = this.#besides;
    const asked = { questions: questionViews(gate, this.#iconOf), unanswered: gate.unanswered };
    const frame = frameOf(this.#running, this.#portOwner);
    const view = viewOf(frame, broker.state(), asked, (address) => this.#pictures.of(address));
    return this.#firstAnswer.awaited({
      ...view,
      ...(this.#wantedTab && { wantedTab: this.#wantedTab }),
      ...(this.#network.isOffline && { isOffline: true }),
      ...(startAtLoginOffer.isDue(view) && { offersStartAtLogin: true }),
      ...(updates && { update: updates.view }),
      ...(notifications.isMissing && { lacksNotifications: true }),
    });
  }

  /** The view after a change. From now on this watches the network if the view needs it. */
  afterChange(): AppView {
    const view = this.view();
    return this.#network.follow(isProviderAway(view)) ? this.view() : view;
  }

  programs(): ProgramsView {
    return programsViewOf(this.#running.host.gate, this.#iconOf);
  }

  /** Asks the main window to show this tab; the window confirms it. */
  want(tab: Tab | undefined): void {
    this.#wantedTab = tab;
  }

  /** The host was replaced: it may have another port and another provider. */
  hostReplaced(host: Host): void {
    this.#portOwner = undefined;
    void this.findPortOwner(host);
    this.#pictures = this.#newPictures();
  }

  /** Finds out which program holds the port that programs try first, and shows it. */
  async findPortOwner(host: Host): Promise<void> {
    const owner = await host.wantedPortOwner();
    if (this.#running.host !== host || this.#portOwner === owner) return;
    this.#portOwner = owner;
    this.#changed();
  }

  readonly #iconOf = (file: string) => this.#icons.of(file);

  #newPictures(): Pictures {
    return new Pictures(this.#besides.fetch, this.#running.settings.issuer, this.#changed);
  }
}

/** What the window shows in addition to the broker's own state. */
function frameOf({ host, settings }: RunningHost, portOwner: string | undefined): ViewFrame {
  const { wantedPort } = host;
  return {
    port: wantedPort === undefined ? undefined : { wanted: wantedPort, ...(portOwner && { takenBy: portOwner }) },
    version,
    address: host.address,
    portNotice: host.portNotice,
    provider: host.broker.providerHost,
    audience: settings.audience,
    demo: settings.demo === true,
    exposesRefreshToken: settings.exposeRefreshToken,
  };
}

/** Whether an action is impossible now because the provider does not answer. */
function isProviderAway({ problem, unreachableSince }: AppView): boolean {
  return problem?.code === 'provider_unreachable' || unreachableSince !== undefined;
}
