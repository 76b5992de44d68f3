import { spoken } from '../../../preload/texts/index.ts';
import type { Message } from '../../../preload/texts/messages.ts';
import type { AppView, PersonView, PortView, ProblemView } from '../../../preload/views/appView.ts';
import type { Remedy } from '../../broker/problem.ts';
import type { BrokerState, PersonState } from '../../broker/state.ts';
import type { LoopgateError } from '../../errors/errors.ts';

/** What the window shows in addition to the broker's own state; fixed until a setting changes. */
export interface ViewFrame {
  readonly version: string;
  readonly address: string;
  readonly portNotice: Message | undefined;
  readonly port?: PortView | undefined;
  readonly provider: string | undefined;
  readonly audience: string | undefined;
  readonly demo: boolean;
  readonly exposesRefreshToken: boolean;
}

/**
 * The broker's state as the window shows it. Neither contains a token.
 * @param asked - the questions that wait for the person's answer
 * @param pictureOf - returns the picture at an address as a `data:` address, once it has been fetched
 */
export function viewOf(
  frame: ViewFrame,
  state: BrokerState,
  asked: Pick<AppView, 'questions' | 'unanswered'>,
  pictureOf: (address: string) => string | undefined,
): AppView {
  const { person, others, waiting, switchedFrom } = state;
  const { said } = spoken().texts;
  const { notice, ...storage } = state.vault;
  return {
    version: frame.version,
    address: frame.address,
    demo: frame.demo,
    exposesRefreshToken: frame.exposesRefreshToken,
    status: !state.ready ? 'starting' : person ? 'signed_in' : 'signed_out',
    otherAccounts: others.map((other) => personView(other, pictureOf)),
    storage: { ...storage, ...(notice && { notice: said(notice) }) },
    ...asked,
    ...(frame.portNotice && { portNotice: said(frame.portNotice) }),
    ...(frame.port && { port: frame.port }),
    ...(frame.provider !== undefined && { provider: frame.provider }),
    ...(frame.audience !== undefined && { audience: frame.audience }),
    ...(person && {
      person: personView(person, pictureOf),
      renewable: person.renewable,
      expiresAt: person.expiresAt,
      freshness: person.freshness,
      ...(person.obstacle && { obstacle: said(person.obstacle) }),
      ...(person.profileReadAt !== undefined && { profileReadAt: person.profileReadAt }),
      ...(person.unreachableSince !== undefined && { unreachableSince: person.unreachableSince }),
    }),
    ...(state.signedInByProgram && { signedInByProgram: true }),
    ...(switchedFrom && { switchedFrom: personView(switchedFrom, pictureOf) }),
    ...(waiting && { waiting }),
    ...(state.problem && { problem: problemView(state.problem, state.remedy) }),
  };
}

/** The name by which a person knows an account: name, else nickname, else e-mail, else the subject. */
export function displayName({ profile, subject }: PersonState): string {
  for (const claim of ['name', 'nickname', 'email'] as const) {
    const value = profile?.[claim];
    if (typeof value === 'string' && value.trim() !== '') return value;
  }
  return subject;
}

function personView(person: PersonState, pictureOf: (address: string) => string | undefined): PersonView {
  const { email, email_verified: verified, picture: address } = person.profile ?? {};
  const picture = typeof address === 'string' ? pictureOf(address) : undefined;
  return {
    account: person.account,
    name: displayName(person),
    ...(typeof email === 'string' && { email }),
    ...(typeof verified === 'boolean' && { emailVerified: verified }),
    ...(picture !== undefined && { picture }),
  };
}

/**
 * The problem in the window's language. The window shows advice as text only if no button does the same; the error table's
 * text is meant for programs too. It also shows it if an obstacle such as a proxy must be removed before a button helps, and
 * after an unfinished login, because the provider's page may have shown the reason.
 */
function problemView(
  { code, happenedText, nextText, hasOwnAdvice, clockAhead }: LoopgateError,
  remedy: Remedy,
): ProblemView {
  const { said } = spoken().texts;
  const isAdvised = hasOwnAdvice && (code === 'provider_unreachable' || code === 'authorization_timeout');
  return {
    ...{ code, message: said(happenedText), remedy },
    ...((remedy === 'none' || isAdvised) && { next: said(nextText) }),
    ...(clockAhead !== undefined && { clockAhead }),
  };
}
