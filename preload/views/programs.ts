/**
 * A program as the person sees it. All of it is text from outside, made printable. Only `claim` comes from the program
 * itself.
 */
export interface ProgramView {
  /** Identifies it in actions; opaque to the window. */
  readonly id: string;
  readonly name: string;
  /** Empty when it is not known. */
  readonly path: string;
  readonly kind: 'program' | 'interpreter' | 'shell' | 'httpClient' | 'forwarder' | 'browser' | 'unknown';
  /** The script that an interpreter claims to run. */
  readonly claim?: string;
  /** A debugger is attached to it. */
  readonly isDebugged?: true;
  /** Its icon as a `data:` address, if the system has one. */
  readonly icon?: string;
}

/** What a program can ask for. */
export type Permission = 'sign_in' | 'tokens' | 'profile' | 'sign_out' | 'accounts';

/** A program's request to use the sign-in, which waits for the person's answer. */
export interface QuestionView {
  /** Identifies the question for the answer. */
  readonly id: string;
  readonly program: ProgramView;
  readonly permission: Permission;
  /** The name that the program gave itself over the API: a claim. */
  readonly claimedName?: string;
  /** The longest time that it may be allowed for; `hours` means twelve. */
  readonly lasting: 'always' | 'hours' | 'once';
  /** When it counts as denied, in milliseconds since the epoch. */
  readonly deadline: number;
}

/** A program that has asked for something, as the list of connected programs shows it. */
export interface ListedProgramView extends ProgramView {
  /** `unanswered`: the person has not answered its question, or there was none. */
  readonly decision: 'allowed' | 'denied' | 'unanswered';
  /** Allowed once: until the program ends, and at most until this time, in milliseconds since the epoch. */
  readonly onceUntil?: number;
  /** When the decision ends, in milliseconds since the epoch; absent for a permanent one. */
  readonly until?: number;
  /** The longest time that it may be allowed for; `never` for a browser, `once` for a program that cannot be identified. */
  readonly lasting: 'always' | 'hours' | 'once' | 'never';
  /** Milliseconds since the epoch. */
  readonly firstUsed: number;
  /** Milliseconds since the epoch. */
  readonly lastUsed: number;
  readonly permissions: readonly Permission[];
}

/** One access of a program, without secrets. */
export interface AccessView {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly name: string;
  readonly path: string;
  readonly permission: Permission;
  readonly outcome: 'allowed' | 'denied';
}

/**
 * An origin of an app or a browser extension, never of a web page. `fixed`: the settings decide it. `managed`: the
 * administrator does.
 */
export interface OriginView {
  readonly origin: string;
  readonly decision: 'fixed' | 'managed' | 'allowed' | 'refused';
}

/** The programs that use the sign-in. The window requests it when it shows them. */
export interface ProgramsView {
  /**
   * `ask`: Loopgate asks the person. `same-user`: it allows every program of the user. `listed`: it allows only programs on
   * the list.
   */
  readonly guard: 'ask' | 'same-user' | 'listed';
  /** The most recently used first. */
  readonly programs: readonly ListedProgramView[];
  /** The newest first; 200 at most. */
  readonly history: readonly AccessView[];
  readonly origins: readonly OriginView[];
}
