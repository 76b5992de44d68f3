/** A program as the person is shown it. All of it is text of strangers, made printable; nothing of it is what it says of itself but `claim`. */
export interface ProgramView {
  /** Names it in actions; opaque to the window. */
  readonly id: string;
  readonly name: string;
  /** Empty when it is not known. */
  readonly path: string;
  readonly kind: 'program' | 'interpreter' | 'shell' | 'httpClient' | 'forwarder' | 'browser' | 'unknown';
  /** The script that an interpreter says it runs. */
  readonly claim?: string;
  /** A debugger holds it. */
  readonly isDebugged?: true;
  /** Its icon as a `data:` address, where the system has one. */
  readonly icon?: string;
}

/** What a program can want that is the person's. */
export type Permission = 'sign_in' | 'tokens' | 'profile' | 'sign_out' | 'accounts';

/** May a program use the sign-in? Asked of the person while its request waits. */
export interface QuestionView {
  /** Names it for the answer. */
  readonly id: string;
  readonly program: ProgramView;
  readonly permission: Permission;
  /** How it called itself over the API: a claim. */
  readonly claimedName?: string;
  /** The longest that it may be allowed for: `hours` is twelve of them. */
  readonly lasting: 'always' | 'hours' | 'once';
  /** When it counts as denied, in milliseconds since the epoch. */
  readonly deadline: number;
}

/** A program that has asked for something, as the list of connected programs shows it. */
export interface ListedProgramView extends ProgramView {
  /** `unanswered`: the person has not answered its question, or it was never asked. */
  readonly decision: 'allowed' | 'denied' | 'unanswered';
  /** Allowed once: until its end, and until this time at most, in milliseconds since the epoch. */
  readonly onceUntil?: number;
  /** When the decision ends, in milliseconds since the epoch; absent for one that stays. */
  readonly until?: number;
  /** How long it may be allowed for; `never` for a browser, `once` for what cannot be identified. */
  readonly lasting: 'always' | 'hours' | 'once' | 'never';
  /** Milliseconds since the epoch. */
  readonly firstUsed: number;
  /** Milliseconds since the epoch. */
  readonly lastUsed: number;
  readonly permissions: readonly Permission[];
}

/** One access, without anything secret in it. */
export interface AccessView {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly name: string;
  readonly path: string;
  readonly permission: Permission;
  readonly outcome: 'allowed' | 'denied';
}

/** An origin that is no web page's: an app or a browser extension. `fixed`: by the settings. `managed`: by the administrator. */
export interface OriginView {
  readonly origin: string;
  readonly decision: 'fixed' | 'managed' | 'allowed' | 'refused';
}

/** Who uses the sign-in. Asked for by the window when it shows it. */
export interface ProgramsView {
  /** `ask`: the person is asked. `same-user`: every program of the user may. `listed`: only what is on the list. */
  readonly guard: 'ask' | 'same-user' | 'listed';
  /** The most recently used first. */
  readonly programs: readonly ListedProgramView[];
  /** The newest first; 200 at most. */
  readonly history: readonly AccessView[];
  readonly origins: readonly OriginView[];
}
