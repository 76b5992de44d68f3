import { verbatim } from '../../preload/texts/messages.ts';
import { LoopgateError } from '../errors/errors.ts';
import type { Program } from './program.ts';
import type { ConsentOutcome } from './questions.ts';

/**
 * Builds the error for a denied program, in words that help its developer.
 * @param isListOnly - the setting `guard` is `listed`
 * @param outcome - how the question ended, if one was asked
 */
export function denial(program: Program, isListOnly: boolean, outcome?: ConsentOutcome): LoopgateError {
  if (program.kind === 'browser') {
    return new LoopgateError('consent_denied', {
      happened: verbatim('A browser carries the requests of any page and extension, so it is never allowed.'),
      next: verbatim('Call from a program, or add the origin of your page or extension to the setting "origins".'),
    });
  }
  if (isListOnly) {
    return new LoopgateError('consent_denied', {
      happened: verbatim('This program is not on the list of those that may use the sign-in.'),
      next: verbatim('Ask the person to allow it in the list of programs of Loopgate.'),
    });
  }
  if (outcome !== 'unanswered') return new LoopgateError('consent_denied');
  return new LoopgateError('consent_denied', {
    happened: verbatim('The person was asked whether this program may use their sign-in, and has not answered.'),
    next: verbatim('Ask them to allow it in the list of programs of Loopgate, or try again in ten minutes.'),
  });
}
