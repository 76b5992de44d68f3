import { clipboard } from 'electron';
import type { Actions, QuestionAnswer, RegistrationPart, StorageChoice } from '../../preload/contract.ts';
import { message } from '../../preload/texts/messages.ts';
import { LoopgateError } from '../errors/errors.ts';
import type { Host } from '../host/host.ts';
import type { RunningHost } from './start/runningHost.ts';
import { promptToCreate, promptToUnlock } from './system/keyringPrompt.ts';

/** The actions that the broker or the gate carries out. They run in the background: if one fails, the next view shows it. */
export function hostActions(
  running: RunningHost,
): Omit<
  Actions,
  | 'copyReport'
  | 'openLogFolder'
  | 'openLicences'
  | 'showQuestion'
  | 'tabShown'
  | 'setStartAtLogin'
  | 'quit'
  | 'checkForUpdates'
> {
  const shown = () => undefined;
  /** Does nothing while the host is being replaced: the action would reach the closed host. */
  const withHost =
    <Argument extends unknown[]>(act: (host: Host, ...argument: Argument) => void) =>
    (...argument: Argument) => {
      if (!running.isReplacing) act(running.host, ...argument);
    };
  return {
    signIn: withHost(({ broker }) => void broker.signIn()),
    addAccount: withHost(({ broker }) => void broker.addAccount()),
    // T10: when the person signs out, the provider's session ends too, so that the next login asks who they are.
    signOut: withHost(({ broker }) => void broker.signOutAtProvider({ openBrowser: true }).catch(shown)),
    signOutAccount: withHost(({ broker }, account: string) => void broker.signOutAccount(account).catch(shown)),
    switchAccount: withHost(({ broker }, account: string) => void broker.switchAccount(account).catch(shown)),
    acceptSwitch: withHost(({ broker }) => broker.acceptSwitch()),
    cancelSignIn: withHost(({ broker }, id: string) => broker.cancel(id)),
    openAgain: withHost(({ broker }, id: string) => void broker.openAgain(id)),
    copyAddress: withHost(({ broker }, id: string) => {
      const address = broker.newLoginAddress(id);
      if (address !== undefined) clipboard.writeText(address);
    }),
    dismissProblem: withHost(({ broker }) => broker.dismissProblem()),
    renew: withHost(({ broker }) => void broker.renew().catch(shown)),
    chooseStorage: withHost(({ broker }, answer: StorageChoice) => void broker.chooseStorage(answer).catch(shown)),
    unlockKeyring: withHost(({ broker }) => {
      promptToUnlock().catch(() =>
        broker.showProblem(
          new LoopgateError('internal', {
            happened: message('unlockPromptFailed'),
            next: message('unlockElsewhere'),
          }),
        ),
      );
    }),
    createKeyring: withHost(({ broker }) => {
      promptToCreate().catch(() =>
        broker.showProblem(
          new LoopgateError('internal', {
            happened: message('createPromptFailed'),
            next: message('createElsewhere'),
          }),
        ),
      );
    }),
    answerQuestion: withHost(({ gate }, id: string, answer: QuestionAnswer) => gate.answer(id, answer)),
    allowProgram: withHost(({ gate }, id: string) => gate.allow(id)),
    denyProgram: withHost(({ gate }, id: string) => gate.deny(id)),
    removeProgram: withHost(({ gate }, id: string) => gate.remove(id)),
    clearHistory: withHost(({ gate }) => gate.clearHistory()),
    allowOrigin: withHost(({ gate }, origin: string) => gate.allowOrigin(origin)),
    removeOrigin: withHost(({ gate }, origin: string) => gate.removeOrigin(origin)),
    // Auth0 expects a list with commas.
    copyRegistration: (what) => clipboard.writeText(registered(running, what).join(', ')),
  };
}

/** The values that the person registers at the provider. */
function registered({ host, settings }: RunningHost, what: RegistrationPart): readonly string[] {
  if (what === 'returnTo') return settings.returnTo;
  if (what === 'callbacks') return host.callbacks;
  return [host.broker.state().waiting?.registration?.redirectUri ?? host.broker.redirectUri];
}
