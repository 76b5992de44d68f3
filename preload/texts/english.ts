import { inEnglish } from './messages.ts';

/**
 * All English text that a person reads: in the windows, the tray, the notifications, the dialogs and the pages in the
 * browser. It uses plain words, and the exact name of a setting, so that a person can search for it. The texts that programs
 * also get (errors, notices of the terminal) are in englishMessages.ts; see `said`.
 */
export const english = {
  /** BCP 47 tag of this language. */
  language: 'en',
  appName: 'Loopgate',
  timeLeft: 'Time left',

  starting: {
    heading: 'Starting',
    text: 'Looking for your saved sign-in.',
    slow: 'This takes longer than usual.',
    silent: 'Loopgate does not answer. Quit it from the tray and start it again.',
  },

  signedOut: {
    heading: 'You are signed out',
    text: 'Sign in once here, and the programs on this machine that ask Loopgate are signed in too.',
    signIn: 'Sign in',
    signInAgain: 'Sign in again',
    tryAgain: 'Try again',
    opening: 'Opening your browser…',
    provider: (host: string) => `Your browser opens ${host}.`,
    demo: 'This is the demo provider on this machine: no account needed, any name works.',
  },

  welcome: {
    heading: 'Welcome to Loopgate',
    text: 'Where do you sign in? Enter your Auth0 domain, or the address of any OpenID provider.',
    save: 'Continue',
  },

  /** The form with the provider, on the first screen and under “Settings”. */
  provider: {
    issuer: 'Auth0 domain or issuer',
    issuerHint: 'Such as tenant.eu.auth0.com',
    clientId: 'Client ID',
    clientIdHint: 'Of the application that is registered there',
    audience: 'Audience',
    audienceHint: 'The API that access tokens are for; at Auth0 its identifier. May stay empty.',
    saved: {
      known: 'Saved. The provider knows this client ID.',
      untested: 'Saved. The provider answers. Whether it knows this client ID shows at the first sign-in.',
    },
    signInToTest: 'Sign in to test it',
    saveAnyway: 'Save it anyway',
    more: 'More',
    checking: 'Looking for the provider…',
    found: (host: string) => `${host} is an OpenID provider.`,
    failed: {
      not_an_address: 'This is not an address.',
      unreachable: 'Nothing answers there.',
      blocked: 'It cannot be reached from here.',
      not_a_provider: 'This is not an OpenID provider.',
    },
  },

  registration: {
    heading: 'What to register at the provider',
    text: 'At Auth0: Applications, Create Application, Native. Then, in its settings:',
    type: 'Application type',
    typeValue: 'Native (a public client, without a secret)',
    callbacks: 'Allowed Callback URLs',
    returnTo: 'Allowed Logout URLs',
    none: 'None',
    copy: 'Copy',
    copied: 'Copied',
    copyWhat: (label: string, what: string) => `${label}: ${what}`,
  },

  settings: {
    heading: 'Settings',
    loading: 'Looking up the settings.',
    fixed: (by: string) => `Set by ${by}; it cannot be changed here.`,
    managed: 'Managed by your administrator; it cannot be changed here.',
    managedHeading: 'Managed by your administrator',
    managedText: 'These settings are decided for this machine, and win over yours:',
    managedPlace: 'They are set in',
    save: 'Save',
    saving: 'Trying…',
    saved: 'Saved.',
    provider: 'Provider',
    demo: 'The demo on this machine is in use. Enter a provider of your own to leave it.',
    others:
      'Changing it signs nobody out: who is signed in at the provider of before is there again when you set that one again.',
    port: 'Port',
    portHint: (port: string) =>
      `Empty: the first free one of 1000, 5323 and 39300 to 39303, or of the setting "ports". In use now: ${port}.`,
    guard: 'Programs that may use your sign-in',
    guards: {
      ask: 'Ask me about each one',
      listed: 'Only those I have allowed; ask nothing',
      'same-user': 'All of mine, except those I have denied',
    },
    theme: 'Theme',
    themes: { system: 'As the system', light: 'Light', dark: 'Dark' },
    startAtLogin: 'Start',
    startAtLoginLabel: 'Start Loopgate when I log in',
    startAtLoginMissing: 'Starting at login cannot be set here.',
    kept: 'What is kept, and where',
    folder: 'All of it in',
    keptWhat: {
      session: 'Your sign-in',
      settings: 'Settings',
      programs: 'Programs and their history',
      log: 'Log, without e-mail addresses and tokens',
    },
    places: {
      keyring: 'session.*.json, encrypted by the system’s keyring',
      key: 'session.*.json, encrypted with your key',
      file: 'session.*.json, which only its permissions protect',
      memory: 'Nowhere: until Loopgate closes',
    },
  },

  help: {
    heading: 'Help',
    report:
      'A report has versions, the state of Loopgate, the host of your provider and the last errors; no name, no e-mail address, no secret.',
    copyReport: 'Copy a report',
    copied: 'The report is copied.',
    openLogFolder: 'Open the log folder',
    openLicences: 'Licences',
    quit: 'Quit Loopgate',
    documentation: 'The documentation of the API is at',
    checkForUpdates: 'Check for updates',
    update: {
      unchecked: 'It is kept up to date by itself.',
      checking: 'Looking for a newer one…',
      current: (checked: string) => `The newest one, as of ${checked}.`,
      failed: (checked: string) =>
        `Newer ones could not be looked for (${checked}). It is tried again within the hour.`,
      available: (version: string) => `Version ${version} is there: install it as you installed this one.`,
      fetching: (version: string) => `Version ${version} is being fetched…`,
      ready: (version: string) => `Version ${version} is installed when you quit Loopgate.`,
    },
  },

  removal: {
    heading: 'Remove everything',
    text: 'Signs out all accounts, also at the providers, removes the settings and the list of programs, and quits.',
    remove: 'Remove everything…',
    sure: 'Really remove everything?',
    sureText: 'This cannot be undone. The log stays, and in the system’s keyring a key that opens nothing any more.',
    confirm: 'Yes, remove everything',
    removing: 'Removing…',
    cancel: 'Cancel',
    failed: 'Not everything was removed',
    kept: (count: number) =>
      count === 1
        ? 'One sign-in could not be revoked, and is kept.'
        : `${count} sign-ins could not be revoked, and are kept.`,
    again: 'Try again',
    anyway: 'Remove it anyway',
    anywayText: 'Removed anyway, it ends by itself when the provider lets it end.',
  },

  /** A waiting login. Do not claim what is not known, such as whether the browser shows its page. */
  waiting: {
    headings: {
      opening: 'Opening your browser…',
      opened: 'Continue in your browser',
      failed: 'No browser could be opened',
      elsewhere: 'Continue on your other device',
    },
    texts: {
      opening: 'Sign in there. This window follows by itself.',
      opened: 'Sign in there. This window follows by itself.',
      failed: 'Copy the address and open it in a browser on this computer. This window follows by itself.',
      elsewhere: 'Enter the code there that the program or the terminal shows. This window follows by itself.',
    },
    byProgram: 'A program on this machine asked to sign you in. If you did not expect this, cancel.',
    notOpened: 'Nothing opened? Open it again, or copy its address into any browser.',
    openAgain: 'Open again',
    tryAgain: 'Try again',
    copyAddress: 'Copy address',
    copied: 'Copied',
    cancel: 'Cancel',
    errorPage: 'The page shows an error?',
    errorPageText: (provider: string) =>
      `Usually ${provider} does not know this application yet. Both of these must be registered there, exactly like this:`,
    unnamedProvider: 'the provider',
    clientId: 'Client ID',
    callback: 'Callback',
    copyCallback: 'Copy callback',
    openSettings: 'Open settings',
    elsewhere: 'My browser runs elsewhere',
    elsewhereText:
      'The address above is good in your browsers on this machine only. The provider’s own is good anywhere, also for others: anyone who reads it can sign in there in your place, and you would be signed in as them.',
    showProviders: 'Show the provider’s address',
    loginOver: 'This login is over.',
  },

  signedIn: {
    status: 'Signed in',
    nameless: 'You are signed in',
    verified: 'Verified',
    provider: 'Provider',
    demo: 'The demo on this machine',
    api: 'API',
    session: 'Sign-in',
    renews: 'Renews by itself',
    endsAt: (time: string) => `Until ${time}`,
    ends: 'Until it expires',
    endsBecause: 'The provider did not let Loopgate renew it. Sign in again then.',
    signOut: 'Sign out',
    signingOut: 'Signing out…',
    addAccount: 'Add another account',
  },

  /** `since`: when the provider became unreachable; `readAt`: when the profile was read. Absent if unknown. */
  freshness: {
    unverified: (since: string | undefined, readAt: string | undefined) =>
      `Not verified: the provider cannot be reached${from(since)}.${shownFrom(readAt)}`,
    stale: (since: string | undefined, readAt: string | undefined) =>
      `The provider cannot be reached${from(since)}. Your sign-in is kept.${shownFrom(readAt)}`,
    offline: (readAt: string | undefined) =>
      `This computer is offline. Your sign-in is kept, and is checked when the network is back.${shownFrom(readAt)}`,
    tryNow: 'Try now',
    trying: 'Trying…',
  },

  switched: {
    title: (name: string) => `A program switched to ${name}`,
    text: 'Programs on this machine now get this account.',
    back: (name: string) => `Back to ${name}`,
    keep: 'Keep',
  },

  /** A program's login has signed a person in while no account was active. */
  signedInByProgram: {
    title: (name: string) => `A program signed you in as ${name}`,
    text: 'Programs on this machine now get this account.',
    undo: 'Not you? Undo',
    keep: 'Keep',
  },

  otherAccounts: {
    heading: 'Other accounts',
    use: 'Use',
    useWhom: (who: string) => `Use ${who}`,
    signOut: 'Sign out',
    signOutWhom: (who: string) => `Sign out ${who}`,
  },

  problem: {
    /** The reason in a few words, by error code; the exact message stands beside it. */
    titles: {
      access_denied: 'The sign-in was refused',
      authorization_cleared: 'The sign-in was cancelled',
      authorization_timeout: 'The sign-in took too long',
      consent_denied: 'A program was not allowed',
      invalid_grant: 'The sign-in could not be finished',
      invalid_token: 'Your sign-in has ended',
      not_configured: 'No sign-in provider is set',
      not_signed_in: 'Your sign-in has ended',
      provider_error: 'The provider reports an error',
      provider_unreachable: 'The provider cannot be reached',
      rate_limited: 'Too many sign-ins at once',
      unknown_state: 'The sign-in could not be finished',
    } as Readonly<Record<string, string>>,
    /** While a person is signed in, the failure concerns another account. */
    titlesSignedIn: {
      invalid_token: 'The sign-in of an account has ended',
      not_signed_in: 'The sign-in of an account has ended',
    } as Readonly<Record<string, string>>,
    otherTitle: 'Something went wrong',
    /** This machine's clock compared with the provider's. */
    clock: (minutes: number) =>
      `The clock of this computer is wrong by about ${minutes === 1 ? 'one minute' : `${minutes} minutes`}`,
    clockAhead: 'It is ahead of the provider’s. Set it right, then try again.',
    clockBehind: 'It is behind the provider’s. Set it right, then try again.',
    offline: 'This computer is offline',
    offlineText: 'The provider is on the network. Try again when this computer is connected.',
    signInAgain: 'Sign in again',
    tryAgain: 'Try again',
    dismiss: 'Dismiss',
  },

  notes: {
    port: 'Another address',
    refreshToken: 'Programs can get your refresh token',
    refreshTokenText:
      'With it a program stays signed in as you without Loopgate. The setting exposeRefreshToken allows this; turn it off unless a program needs it.',
  },

  /** Another program holds the port that programs try first. */
  port: {
    takenBy: (port: number, program: string) => `Port ${port} is taken by ${program}`,
    tryAgain: (port: number) => `Try port ${port} again`,
    still: (port: number) => `Port ${port} still cannot be had. Close the program that has it, then try again.`,
    back: (port: number) => `Programs find Loopgate on port ${port} again.`,
  },

  startAtLoginQuestion: {
    question: 'Start Loopgate when you log in?',
    text: 'Programs then find your sign-in from the start. You can change it in the settings at any time.',
    yes: 'Start at login',
    no: 'Not now',
  },

  storage: {
    unlock: 'Unlock the keyring',
    create: 'Make a keyring',
    createTitle: 'Your sign-in needs a keyring',
    createText:
      'A keyring is your system’s password store, and there is none yet. Your system will ask you to choose a password for it. Until then, your sign-in is gone when Loopgate closes.',
    withoutKeyring: 'Keep it without one',
    title: 'Where your sign-in is kept',
    lockedTitle: 'The keyring is locked',
    lockedText: 'Loopgate waits for you to unlock the keyring, your system’s password store: it protects your sign-in.',
    question: 'No keyring protects your sign-in on this system',
    questionText: 'Where should Loopgate keep it?',
    choices: {
      memory: 'Keep it until Loopgate closes',
      file: 'Keep it in a file',
    },
    meanings: {
      memory: 'You sign in again after every start.',
      file: 'Anyone who can read your files, such as a backup or another program of yours, can use it.',
    },
    present: 'In use now.',
    change: 'Change',
  },

  /** The window with a program's question. Never state a program's name or claim as a fact. */
  consent: {
    noPath: 'Its path is not known.',
    claimedName: 'It calls itself',
    unchecked: 'not checked',
    wantsTo: 'wants to',
    covers: 'Allowing it covers all of these',
    kinds: {
      program: 'All extensions of this program share this answer.',
      interpreter: 'This program runs any script, and your answer is for all that it runs.',
      shell: 'This is a shell: it runs any command, and your answer is for all that it runs.',
      httpClient: 'This is a command-line tool: your answer is for everything that uses it.',
      forwarder:
        'This program carries requests from somewhere Loopgate cannot see, such as a container or another machine. Your answer is for whatever is there.',
      browser: 'A browser is never allowed: any page or extension in it could use your sign-in.',
      unknown: 'Loopgate could not find out which program this is. Deny it unless you know what asks just now.',
    },
    debugged: 'It is being debugged: the debugger can use your sign-in as well.',
    runs: 'It says it runs',
    deny: 'Deny',
    allowOnce: 'Allow once',
    allow: 'Allow',
    allowHours: 'Allow for 12 hours',
    denying: 'Denying…',
    allowing: 'Allowing…',
    lasting: {
      always: 'Allow stays until you change it. Once: until the program ends, one hour at most.',
      hours: 'Once: until the program ends, one hour at most.',
      once: 'Once: until the program ends, one hour at most. It cannot be allowed for longer.',
    },
    position: (position: number, total: number) => `${position} of ${total}`,
    more: (total: number) => (total === 1 ? 'One more program asks.' : `${total} more programs ask.`),
    done: 'All answered',
    silent: 'Loopgate does not answer. Close this window: that counts as denied.',
  },

  /** What a program wants, after “wants to”; and a short name for it. */
  permissions: {
    sign_in: 'start a sign-in for you',
    tokens: 'get access tokens of your sign-in',
    profile: 'see your name, e-mail address and picture',
    sign_out: 'sign you out',
    accounts: 'see and switch between your accounts',
  },
  permissionNames: {
    sign_in: 'sign-in',
    tokens: 'access tokens',
    profile: 'profile',
    sign_out: 'sign-out',
    accounts: 'accounts',
  },

  views: {
    label: 'Views',
    account: 'Account',
    programs: 'Programs',
    settings: 'Settings',
  },

  questions: {
    title: (count: number) =>
      count === 1 ? 'A program waits for your answer' : `${count} programs wait for your answer`,
    text: 'The question is in a window of its own.',
    show: 'Show the question',
  },

  unanswered: {
    title: (count: number) =>
      count === 1 ? 'A program asked while you were away' : `${count} programs asked while you were away`,
    text: 'Nobody answered, so it was denied for now.',
    show: 'See programs',
  },

  programs: {
    heading: 'Programs',
    loading: 'Looking up which programs have asked.',
    guard: {
      ask: 'You are asked before a program may use your sign-in.',
      'same-user': 'Every program of yours may use your sign-in, except for those you deny. Nothing is asked.',
      listed: 'Only programs on this list that you allowed may use your sign-in. Nothing is asked.',
    },
    empty: 'No program has asked yet',
    emptyText: {
      ask: 'What asks is listed here, with your answer.',
      'same-user': 'What uses your sign-in is listed here.',
      listed: 'What asks is listed here. It may use your sign-in when you allow it.',
    },
    neverAllowed: 'Never allowed',
    allowed: 'Allowed',
    allowedUntil: (time: string) => `Allowed until ${time}`,
    allowedOnce: (time: string) => `Allowed once: until it ends, ${time} at the latest`,
    denied: 'Denied',
    deniedUntil: (time: string) => `Denied until ${time}`,
    unanswered: { ask: 'Not decided', 'same-user': 'Used', listed: 'Not allowed' },
    wanted: 'Asked for',
    lastUsed: 'Last',
    firstUsed: 'First',
    /** Why there is no Allow. */
    notForLong: 'Loopgate cannot tell what this is, so that it can only be allowed once, at the time it asks.',
    never: 'A browser is never allowed: any page or extension in it could use your sign-in.',
    allow: 'Allow',
    allowHours: 'Allow for 12 hours',
    deny: 'Deny',
    remove: 'Remove',
    /** The account that a button acts on; the button's own words come first. */
    ofWhom: (label: string, name: string) => `${label}: ${name}`,
    origins: 'Apps and extensions with an address of their own',
    originsText:
      'They call Loopgate as a web page does, but are not on the web. What you allow here is allowed for every program of yours that can start a browser.',
    origin: {
      refused: 'Refused',
      allowed: 'Allowed',
      fixed: 'Allowed by the settings',
      managed: 'Allowed by your administrator',
    },
    history: (count: number) => `History (${count})`,
    outcomes: { allowed: 'Allowed', denied: 'Denied' },
    clear: 'Clear the history',
  },

  footer: {
    address: 'Programs reach Loopgate at',
    version: (version: string) => `Version ${version}`,
  },

  announcements: {
    signedIn: (name: string) => (name === '' ? 'Signed in.' : `Signed in as ${name}.`),
    switched: (name: string) => `Now in use: ${name}.`,
    switchedByProgram: (name: string) => `A program switched to ${name}.`,
    signedOut: 'Signed out.',
    unreachable: 'The provider cannot be reached now.',
    reachable: 'The provider can be reached again.',
    offline: 'This computer is offline.',
    keyringLocked: 'The keyring is locked. Loopgate waits for you to unlock it.',
    keyringNeeded: 'Your sign-in needs a keyring. You can have your system make one.',
    portTaken: (port: number, program: string) => `Port ${port} is taken by ${program}.`,
    waiting: 'Waiting for you to sign in in the browser.',
    waitingForProgram: 'A program on this machine asked to sign you in. Waiting for the browser.',
    waitingEnded: 'No longer waiting for the browser.',
    notOpened: 'No browser could be opened.',
    callbackCopied: 'The callback is copied.',
    copied: 'The address is copied.',
    question: 'A program asks for your sign-in and waits for your answer.',
  },

  /** The titles of the windows, if they have their own. */
  windows: {
    consent: 'Loopgate: a program asks',
  },

  tray: {
    waiting: 'Waiting for the browser',
    signedInAs: (name: string) => `Signed in as ${name}`,
    waitingForKeyring: 'Waiting for the keyring',
    starting: 'Starting',
    signedOut: 'Signed out',
    cancel: 'Cancel Sign-in',
    signIn: 'Sign in',
    use: (name: string) => `Use ${name}`,
    addAccount: 'Add another account…',
    signOut: 'Sign out',
    signOutWhom: (name: string) => `Sign out ${name}`,
    open: 'Open Loopgate',
    settings: 'Settings…',
    quit: 'Quit',
  },

  /** What needs attention, each short enough for a menu. */
  attention: {
    unreachable: 'The provider cannot be reached',
    unreachableSince: (time: string) => `Provider not reached since ${time}`,
    offline: 'This computer is offline',
    clock: (minutes: number) => `The clock is wrong by about ${minutes === 1 ? '1 minute' : `${minutes} minutes`}`,
    portTaken: (port: number, program: string) => `Port ${port} is taken by ${program}`,
    locked: 'The keyring is locked',
    create: 'Make a keyring for your sign-in',
    choice: 'Choose where your sign-in is kept',
    switched: (name: string | undefined) => `A program switched to ${name ?? 'another account'}`,
    missed: (count: number) => (count === 1 ? 'A program was not answered' : `${count} programs were not answered`),
    port: (port: string) => `Programs find Loopgate on port ${port}, not on the usual one`,
    noNotifications: 'Notifications are not available',
    asks: (name: string) => `${name} waits for your answer`,
    ask: (count: number) => `${count} programs wait for your answer`,
    ended: 'The session has ended: sign in again',
    endedOther: 'The session of another account has ended',
  },

  notifications: {
    asks: (name: string) => `${name} asks to use your sign-in.`,
    ask: (count: number) => `${count} programs ask to use your sign-in.`,
    missed: (name: string) => `${name} was not answered, and has not been let in.`,
    notOpened: 'No browser could be opened to sign you in. Click here to go on.',
    ended: 'Your sign-in has ended. Sign in again when you need it.',
    endedOther: 'The sign-in of another account has ended.',
    switched: (name: string | undefined) => `A program switched to ${name ?? 'another account'}.`,
    signedIn: (name: string | undefined) =>
      name === undefined ? 'A program signed you in. Not you?' : `A program signed you in as ${name}. Not you?`,
    undo: 'Undo',
    /** What was done by the tray's menu, where every program on the session bus can click. */
    fromTray: {
      signedIn: (name: string | undefined) => `${name ?? 'An account'} was signed in from the tray. Not you?`,
      switched: (name: string | undefined) => `Switched to ${name ?? 'another account'} from the tray. Not you?`,
      signedOut: (name: string | undefined) => `${name ?? 'An account'} was signed out from the tray.`,
      quit: 'Loopgate has quit. Programs get nothing from it until it is started again.',
    },
  },

  /** Asked once if closing the window only minimises it. */
  closing: {
    message: 'Loopgate goes on in the background',
    detail:
      'Programs can go on using your sign-in. This desktop shows no tray icons, so from now on closing this window only ' +
      'minimises it. To quit, close it once more while it is minimised.',
    minimise: 'Minimise',
    quit: 'Quit Loopgate',
  },

  /** Shown after a page has failed too often to be reopened without asking. */
  crashes: {
    message: 'The window of Loopgate keeps failing',
    detail:
      'It has ended by itself three times within a minute. Loopgate runs, and programs can go on using your sign-in. ' +
      'If it fails again, quit Loopgate and start it again.',
    open: 'Open the window again',
    leave: 'Leave it closed',
    quit: 'Quit Loopgate',
  },

  /** Why a change of the settings does not work. */
  changes: {
    busy: 'Loopgate still reads your saved sign-in. Try again in a moment.',
    fields: {
      issuer: 'The provider',
      clientId: 'The client ID',
      audience: 'The audience',
      port: 'The port',
      guard: 'Who may ask',
      theme: 'The theme',
    },
    fixed: (field: string, by: string) => `${field} is set by ${by} and cannot be changed here.`,
    managed: (field: string) => `${field} is managed by your administrator and cannot be changed here.`,
    missing: (field: string) => `${field} is missing.`,
    expected: (what: string) => `Expected ${what}.`,
    /** The provider's answer about the client ID. */
    client: {
      unknown: (host: string, id: string) =>
        `${host} does not know the client ID “${id}”. It must be that of a native (public) application there.`,
      secret: (host: string, id: string) =>
        `${host} wants a secret for the client ID “${id}”. Make it a native (public) application there.`,
    },
    notKept: (reason: string) => `The change could not be kept: ${reason}.`,
  },

  startAtLogin: {
    /** Shown beside Loopgate in the desktop's list of programs that start at login. */
    comment: 'Signs the editor extensions of this machine in',
    fromSources: 'Start at login works in the packed app only: this one was started from its sources.',
    approval: 'macOS waits for your approval: allow Loopgate in System Settings, General, Login Items.',
    notAdded: 'The system did not add Loopgate to what it starts at login.',
    notRemoved: 'The system did not remove Loopgate from what it starts at login.',
    foreign: (path: string) => `${path} was not made by Loopgate and is left as it is. Remove it to decide it here.`,
    failed: (reason: string) => `Start at login could not be changed: ${reason}.`,
    failedPath: (path: string) => `${path} cannot be changed`,
    failedNext: 'Make that possible and try again.',
  },

  /** The pages that the browser shows. */
  pages: {
    signedIn: 'You are signed in',
    loginReceived: 'Login received',
    received: 'Loopgate has received your login.',
    passedOn: 'Loopgate has passed your login on to the program that asked for it.',
    closeTab: 'You can close this tab and return to your editor.',
    failed: 'The sign-in failed',
    /** By error code. */
    failures: {
      access_denied: 'The sign-in was denied',
      authorization_cleared: 'The sign-in was cancelled',
      authorization_timeout: 'The sign-in took too long',
      provider_unreachable: 'The identity provider did not answer',
      unknown_state: 'No sign-in was waiting',
    } as Readonly<Record<string, string>>,
    nobodyWaited: 'This login has ended, was already used, or was never started here. Nothing was changed.',
    startAgain: 'If you were signing in, start again from Loopgate or from your editor.',
    code: 'Code',
    idInLog: 'Id in the log',
    signedOut: 'You are signed out',
    forgotten: 'Loopgate has forgotten your session on this machine.',
    confirm: 'Sign out of Loopgate?',
    confirmText:
      'Something opened this address, which signs you out on this machine: the programs that use your sign-in lose it.',
    confirmElse: 'If that was not you, close this tab. Nothing has changed.',
    signOut: 'Sign out',
    finished: 'This sign-in is finished',
    /** A login's one-time address. */
    noLogin: 'This address opens no login',
    noLoginText:
      'Its login is over, a newer address has taken its place, or this browser is not one of the user who runs Loopgate on this machine. Nothing was changed.',
    noLoginNext: 'Go back to Loopgate and press “Open again”, or start the sign-in again.',
    browserElsewhere:
      'If your browser runs on another machine, “My browser runs elsewhere” in the window of Loopgate, or “loopgate login --address”, shows the address of the provider itself. Keep that one to yourself: anyone who reads it can sign in there in your place.',
    usedLogin: 'This address was already used',
    usedLoginText:
      'It opens a login once. If it was not you who followed it, another program of yours may have: cancel the login in Loopgate.',
    usedLoginNext: 'To go on here, press “Open again” in the window of Loopgate, or start the sign-in again.',
    foreignBrowser: 'This browser may not bring the login',
    foreignBrowserText:
      'It is run by another user of this machine than Loopgate, or the connection was closing. Nothing was changed: the login goes on waiting.',
    foreignBrowserNext: 'Finish the login in a browser of the user who runs Loopgate.',
  },

  /** Turns a message (the reason of an error, a notice) into this language. */
  said: inEnglish,
};

/** The texts that every language must have. */
export type Texts = typeof english;

function from(since: string | undefined): string {
  return since === undefined ? '' : ` since ${since}`;
}

function shownFrom(readAt: string | undefined): string {
  return readAt === undefined ? '' : ` What you see is from ${readAt}.`;
}
