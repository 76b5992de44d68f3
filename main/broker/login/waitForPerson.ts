import { LoopgateError, type LoopgateErrorDetails, loopgateErrorOf } from '../../errors/errors.ts';
import type { Changes } from '../changes.ts';
import type { Clock } from '../clock.ts';
import type { People } from '../people.ts';
import type { PersonState } from '../state.ts';
import type { BrokerLog } from '../world.ts';
import { profileTimeout } from './tokenEndpoint.ts';

/** Where to look for the person. */
export interface PersonWait {
  readonly people: People;
  readonly changes: Changes;
  readonly clock: Clock;
  readonly log: BrokerLog;
}

/**
 * Waits until a person is signed in, the login has failed, or the time is over.
 * @param milliseconds - how long this waits; the login itself continues
 * @param finished - settles when the login has ended
 * @param advice - gives what the caller should do when the time is over
 * @throws LoopgateError `authorization_timeout`, or the reason why the login failed
 */
export function waitForPerson(
  { people, changes, clock, log }: PersonWait,
  milliseconds: number,
  finished: Promise<unknown>,
  advice: () => LoopgateErrorDetails = () => ({}),
): Promise<PersonState> {
  return new Promise((resolve, reject) => {
    // A program's own exchange reads the profile shortly after the person is known.
    let stopWaiting: (() => void) | undefined;
    const look = () => {
      const person = people.active;
      if (person?.profile) settle(() => resolve(person));
      else if (person) stopWaiting ??= clock.after(profileTimeout, () => settle(() => resolve(person)));
    };
    const stopListening = changes.onChange(look);
    const stopTimer = clock.after(milliseconds, () =>
      settle(() => reject(new LoopgateError('authorization_timeout', advice()))),
    );
    const settle = (answer: () => void) => {
      stopListening();
      stopTimer();
      stopWaiting?.();
      answer();
    };
    finished.then(look, (error: unknown) => {
      // Another login may have signed a person in.
      if (people.active) look();
      else settle(() => reject(loopgateErrorOf(error, log)));
    });
  });
}
