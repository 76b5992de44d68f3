import type { Texts } from './english.ts';
import { germanMessages } from './germanMessages.ts';
import { sayIn } from './messages.ts';

/** German: avoid addressing the reader. The words to use are Anmeldung, Programm, Schlüsselbund and Anbieter. */
export const german: Texts = {
  language: 'de',
  appName: 'Loopgate',
  timeLeft: 'Verbleibende Zeit',

  starting: {
    heading: 'Startet',
    text: 'Die gespeicherte Anmeldung wird gesucht.',
    slow: 'Das dauert länger als sonst.',
    silent: 'Loopgate antwortet nicht. Bitte über das Symbol in der Leiste beenden und neu starten.',
  },

  signedOut: {
    heading: 'Abgemeldet',
    text: 'Einmal hier anmelden: Dann sind auch die Programme auf diesem Rechner angemeldet, die Loopgate fragen.',
    signIn: 'Anmelden',
    signInAgain: 'Erneut anmelden',
    tryAgain: 'Erneut versuchen',
    opening: 'Der Browser wird geöffnet…',
    provider: (host) => `Der Browser öffnet ${host}.`,
    demo: 'Das ist der Demo-Anbieter auf diesem Rechner: kein Konto nötig, jeder Name geht.',
  },

  welcome: {
    heading: 'Willkommen bei Loopgate',
    text: 'Wo wird angemeldet? Die Auth0-Domain oder die Adresse eines OpenID-Anbieters eingeben.',
    save: 'Weiter',
  },

  provider: {
    issuer: 'Auth0-Domain oder Issuer',
    issuerHint: 'Zum Beispiel tenant.eu.auth0.com',
    clientId: 'Client-ID',
    clientIdHint: 'Die der Anwendung, die dort registriert ist',
    audience: 'Audience',
    audienceHint: 'Die API, für die Zugriffstoken gelten; bei Auth0 ihr „Identifier“. Darf leer bleiben.',
    saved: {
      known: 'Gespeichert. Der Anbieter kennt diese Client-ID.',
      untested: 'Gespeichert. Der Anbieter antwortet. Ob er diese Client-ID kennt, zeigt die erste Anmeldung.',
    },
    signInToTest: 'Zum Testen anmelden',
    saveAnyway: 'Trotzdem speichern',
    more: 'Mehr',
    checking: 'Der Anbieter wird gesucht…',
    found: (host) => `${host} ist ein OpenID-Anbieter.`,
    failed: {
      not_an_address: 'Das ist keine Adresse.',
      unreachable: 'Dort antwortet nichts.',
      blocked: 'Von hier aus nicht erreichbar.',
      not_a_provider: 'Das ist kein OpenID-Anbieter.',
    },
  },

  registration: {
    heading: 'Was beim Anbieter zu registrieren ist',
    text: 'Bei Auth0: Applications, Create Application, Native. Dann in den Einstellungen der Anwendung:',
    type: 'Art der Anwendung',
    typeValue: 'Native (öffentlicher Client, ohne Geheimnis)',
    callbacks: 'Erlaubte Callback-URLs',
    returnTo: 'Erlaubte Logout-URLs',
    none: 'Keine',
    copy: 'Kopieren',
    copied: 'Kopiert',
    copyWhat: (label, what) => `${label}: ${what}`,
  },

  settings: {
    heading: 'Einstellungen',
    loading: 'Die Einstellungen werden geladen.',
    fixed: (by) => `Durch ${by} festgelegt; hier nicht zu ändern.`,
    managed: 'Durch die Administration vorgegeben; hier nicht zu ändern.',
    managedHeading: 'Durch die Administration vorgegeben',
    managedText: 'Diese Einstellungen gelten für diesen Rechner und gehen den eigenen vor:',
    managedPlace: 'Festgelegt in',
    save: 'Speichern',
    saving: 'Wird ausprobiert…',
    saved: 'Gespeichert.',
    provider: 'Anbieter',
    demo: 'Die Demo auf diesem Rechner ist in Gebrauch. Ein eigener Anbieter löst sie ab.',
    others:
      'Eine Änderung meldet niemanden ab: Wer beim vorigen Anbieter angemeldet ist, ist wieder da, sobald der wieder eingestellt ist.',
    port: 'Port',
    portHint: (port) =>
      `Leer: der erste freie von 1000, 5323 und 39300 bis 39303, oder der Einstellung „ports“. Jetzt in Gebrauch: ${port}.`,
    guard: 'Programme, die die Anmeldung nutzen dürfen',
    guards: {
      ask: 'Bei jedem nachfragen',
      listed: 'Nur erlaubte; ohne Nachfrage',
      'same-user': 'Alle eigenen außer den abgelehnten',
    },
    theme: 'Darstellung',
    themes: { system: 'Wie das System', light: 'Hell', dark: 'Dunkel' },
    startAtLogin: 'Start',
    startAtLoginLabel: 'Loopgate beim Anmelden am Rechner starten',
    startAtLoginMissing: 'Das Starten beim Anmelden lässt sich hier nicht einstellen.',
    kept: 'Was aufbewahrt wird, und wo',
    folder: 'Alles in',
    keptWhat: {
      session: 'Die Anmeldung',
      settings: 'Einstellungen',
      programs: 'Programme und ihr Verlauf',
      log: 'Protokoll, ohne E-Mail-Adressen und Token',
    },
    places: {
      keyring: 'session.*.json, verschlüsselt durch den Schlüsselbund des Systems',
      key: 'session.*.json, mit dem eigenen Schlüssel verschlüsselt',
      file: 'session.*.json, nur durch ihre Zugriffsrechte geschützt',
      memory: 'Nirgends: nur bis Loopgate endet',
    },
  },

  help: {
    heading: 'Hilfe',
    report:
      'Ein Bericht enthält Versionen, den Zustand von Loopgate, den Host des Anbieters und die letzten Fehler; keinen Namen, keine E-Mail-Adresse, kein Geheimnis.',
    copyReport: 'Bericht kopieren',
    copied: 'Der Bericht ist kopiert.',
    openLogFolder: 'Protokollordner öffnen',
    openLicences: 'Lizenzen',
    quit: 'Loopgate beenden',
    documentation: 'Die Dokumentation der API:',
    checkForUpdates: 'Nach Updates suchen',
    update: {
      unchecked: 'Sie wird von selbst aktuell gehalten.',
      checking: 'Eine neuere wird gesucht…',
      current: (checked) => `Die neueste, Stand: ${checked}.`,
      failed: (checked) =>
        `Nach neueren konnte nicht gesucht werden (${checked}). Binnen einer Stunde folgt der nächste Versuch.`,
      available: (version) => `Version ${version} ist da: Sie wird so installiert wie diese.`,
      fetching: (version) => `Version ${version} wird geladen…`,
      ready: (version) => `Version ${version} wird installiert, sobald Loopgate beendet wird.`,
    },
  },

  removal: {
    heading: 'Alles entfernen',
    text: 'Meldet alle Konten ab, auch bei den Anbietern, entfernt die Einstellungen und die Liste der Programme und beendet Loopgate.',
    remove: 'Alles entfernen…',
    sure: 'Wirklich alles entfernen?',
    sureText:
      'Das lässt sich nicht rückgängig machen. Es bleiben das Protokoll und im Schlüsselbund des Systems ein Schlüssel, der nichts mehr öffnet.',
    confirm: 'Ja, alles entfernen',
    removing: 'Wird entfernt…',
    cancel: 'Abbrechen',
    failed: 'Es wurde nicht alles entfernt',
    kept: (count) =>
      count === 1
        ? 'Eine Anmeldung ließ sich nicht widerrufen und bleibt erhalten.'
        : `${count} Anmeldungen ließen sich nicht widerrufen und bleiben erhalten.`,
    again: 'Erneut versuchen',
    anyway: 'Trotzdem entfernen',
    anywayText: 'Trotzdem entfernt, endet sie von selbst, wenn der Anbieter sie enden lässt.',
  },

  waiting: {
    headings: {
      opening: 'Browser wird geöffnet …',
      opened: 'Im Browser fortfahren',
      failed: 'Kein Browser ließ sich öffnen',
      elsewhere: 'Auf dem anderen Gerät fortfahren',
    },
    texts: {
      opening: 'Dort anmelden. Dieses Fenster folgt von selbst.',
      opened: 'Dort anmelden. Dieses Fenster folgt von selbst.',
      failed: 'Die Adresse kopieren und in einem Browser auf diesem Rechner öffnen. Dieses Fenster folgt von selbst.',
      elsewhere: 'Dort den Code eingeben, den das Programm oder das Terminal zeigt. Dieses Fenster folgt von selbst.',
    },
    byProgram:
      'Ein Programm auf diesem Rechner möchte, dass eine Anmeldung beginnt. War das nicht erwartet, bitte abbrechen.',
    notOpened: 'Nichts hat sich geöffnet? Erneut öffnen oder die Adresse in einen beliebigen Browser kopieren.',
    openAgain: 'Erneut öffnen',
    tryAgain: 'Erneut versuchen',
    copyAddress: 'Adresse kopieren',
    copied: 'Kopiert',
    cancel: 'Abbrechen',
    errorPage: 'Zeigt die Seite einen Fehler?',
    errorPageText: (provider) =>
      `Meist kennt ${provider} diese Anwendung noch nicht. Beides muss dort eingetragen sein, genau so:`,
    unnamedProvider: 'der Anbieter',
    clientId: 'Client-ID',
    callback: 'Callback-Adresse',
    copyCallback: 'Callback kopieren',
    openSettings: 'Einstellungen öffnen',
    elsewhere: 'Mein Browser läuft woanders',
    elsewhereText:
      'Die Adresse oben gilt nur in Ihren Browsern auf diesem Rechner. Die Adresse des Anbieters gilt überall, auch für andere: Wer sie liest, kann sich dort an Ihrer Stelle anmelden, und Sie wären als diese Person angemeldet.',
    showProviders: 'Adresse des Anbieters zeigen',
    loginOver: 'Diese Anmeldung ist beendet.',
  },

  signedIn: {
    status: 'Angemeldet',
    nameless: 'Angemeldet',
    verified: 'Bestätigt',
    provider: 'Anbieter',
    demo: 'Die Demo auf diesem Rechner',
    api: 'API',
    session: 'Anmeldung',
    renews: 'Erneuert sich von selbst',
    endsAt: (time) => `Bis ${time}`,
    ends: 'Bis sie abläuft',
    endsBecause: 'Der Anbieter lässt Loopgate sie nicht erneuern. Dann bitte erneut anmelden.',
    signOut: 'Abmelden',
    signingOut: 'Wird abgemeldet…',
    addAccount: 'Weiteres Konto hinzufügen',
  },

  freshness: {
    unverified: (since, readAt) =>
      `Nicht bestätigt: Der Anbieter ist${from(since)} nicht erreichbar.${shownFrom(readAt)}`,
    stale: (since, readAt) =>
      `Der Anbieter ist${from(since)} nicht erreichbar. Die Anmeldung bleibt erhalten.${shownFrom(readAt)}`,
    offline: (readAt) =>
      `Dieser Rechner ist offline. Die Anmeldung bleibt erhalten und wird geprüft, sobald das Netz wieder da ist.${shownFrom(readAt)}`,
    tryNow: 'Jetzt versuchen',
    trying: 'Wird versucht…',
  },

  switched: {
    title: (name) => `Ein Programm hat zu ${name} gewechselt`,
    text: 'Programme auf diesem Rechner bekommen jetzt dieses Konto.',
    back: (name) => `Zurück zu ${name}`,
    keep: 'Beibehalten',
  },

  signedInByProgram: {
    title: (name) => `Ein Programm hat Sie als ${name} angemeldet`,
    text: 'Programme auf diesem Rechner bekommen jetzt dieses Konto.',
    undo: 'Nicht Sie? Rückgängig',
    keep: 'Beibehalten',
  },

  otherAccounts: {
    heading: 'Weitere Konten',
    use: 'Nutzen',
    useWhom: (who) => `Nutzen: ${who}`,
    signOut: 'Abmelden',
    signOutWhom: (who) => `Abmelden: ${who}`,
  },

  problem: {
    titles: {
      access_denied: 'Die Anmeldung wurde abgelehnt',
      authorization_cleared: 'Die Anmeldung wurde abgebrochen',
      authorization_timeout: 'Die Anmeldung hat zu lange gedauert',
      consent_denied: 'Ein Programm wurde nicht zugelassen',
      invalid_grant: 'Die Anmeldung ließ sich nicht abschließen',
      invalid_token: 'Die Anmeldung ist beendet',
      not_configured: 'Es ist kein Anbieter eingestellt',
      not_signed_in: 'Die Anmeldung ist beendet',
      provider_error: 'Der Anbieter meldet einen Fehler',
      provider_unreachable: 'Der Anbieter ist nicht erreichbar',
      rate_limited: 'Zu viele Anmeldungen auf einmal',
      unknown_state: 'Die Anmeldung ließ sich nicht abschließen',
    },
    titlesSignedIn: {
      invalid_token: 'Die Anmeldung eines Kontos ist beendet',
      not_signed_in: 'Die Anmeldung eines Kontos ist beendet',
    },
    otherTitle: 'Etwas ist schiefgegangen',
    clock: (minutes) =>
      `Die Uhr dieses Rechners geht um etwa ${minutes === 1 ? 'eine Minute' : `${minutes} Minuten`} falsch`,
    clockAhead: 'Sie geht gegenüber der des Anbieters vor. Bitte richtig stellen und erneut versuchen.',
    clockBehind: 'Sie geht gegenüber der des Anbieters nach. Bitte richtig stellen und erneut versuchen.',
    offline: 'Dieser Rechner ist offline',
    offlineText:
      'Der Anbieter ist nur über das Netz zu erreichen. Bitte erneut versuchen, sobald dieser Rechner verbunden ist.',
    signInAgain: 'Erneut anmelden',
    tryAgain: 'Erneut versuchen',
    dismiss: 'Schließen',
  },

  notes: {
    port: 'Eine andere Adresse',
    refreshToken: 'Programme können das Refresh-Token bekommen',
    refreshTokenText:
      'Damit bleibt ein Programm ohne Loopgate angemeldet. Die Einstellung exposeRefreshToken erlaubt das; sie ist nur sinnvoll, wenn ein Programm es braucht.',
  },

  port: {
    takenBy: (port, program) => `Port ${port} ist von ${program} belegt`,
    tryAgain: (port) => `Port ${port} erneut versuchen`,
    still: (port) =>
      `Port ${port} ist noch nicht zu bekommen. Bitte das Programm schließen, das ihn belegt, und erneut versuchen.`,
    back: (port) => `Programme finden Loopgate wieder auf Port ${port}.`,
  },

  startAtLoginQuestion: {
    question: 'Loopgate beim Anmelden am Rechner starten?',
    text: 'Programme finden die Anmeldung dann von Anfang an. Das lässt sich jederzeit in den Einstellungen ändern.',
    yes: 'Beim Anmelden starten',
    no: 'Nicht jetzt',
  },

  storage: {
    unlock: 'Schlüsselbund entsperren',
    create: 'Schlüsselbund anlegen',
    createTitle: 'Die Anmeldung braucht einen Schlüsselbund',
    createText:
      'Ein Schlüsselbund ist der Passwortspeicher des Systems, und es gibt noch keinen. Das System fragt nach einem Passwort für ihn. Bis dahin ist die Anmeldung weg, wenn Loopgate endet.',
    withoutKeyring: 'Ohne Schlüsselbund aufbewahren',
    title: 'Wo die Anmeldung aufbewahrt wird',
    lockedTitle: 'Der Schlüsselbund ist gesperrt',
    lockedText:
      'Loopgate wartet, bis der Schlüsselbund, der Passwortspeicher des Systems, entsperrt ist: Er schützt die Anmeldung.',
    question: 'Auf diesem System schützt kein Schlüsselbund die Anmeldung',
    questionText: 'Wo soll Loopgate sie aufbewahren?',
    choices: {
      memory: 'Nur bis Loopgate endet',
      file: 'In einer Datei',
    },
    meanings: {
      memory: 'Nach jedem Start ist eine neue Anmeldung nötig.',
      file: 'Wer die eigenen Dateien lesen kann, etwa eine Datensicherung oder ein anderes Programm, kann sie nutzen.',
    },
    present: 'Jetzt in Gebrauch.',
    change: 'Ändern',
  },

  consent: {
    noPath: 'Der Pfad ist nicht bekannt.',
    claimedName: 'Es nennt sich',
    unchecked: 'nicht geprüft',
    wantsTo: 'möchte',
    covers: 'Erlaubt wird damit all dies',
    kinds: {
      program: 'Alle Erweiterungen dieses Programms teilen diese Antwort.',
      interpreter: 'Dieses Programm führt beliebige Skripte aus; die Antwort gilt für alles, was es ausführt.',
      shell: 'Das ist eine Shell: Sie führt beliebige Befehle aus; die Antwort gilt für alles, was sie ausführt.',
      httpClient: 'Das ist ein Werkzeug für die Befehlszeile: Die Antwort gilt für jeden, der es benutzt.',
      forwarder:
        'Dieses Programm leitet Anfragen von einem Ort weiter, den Loopgate nicht sieht, etwa aus einem Container oder von einem anderen Rechner. Die Antwort gilt für alles, was dort ist.',
      browser: 'Ein Browser wird nie zugelassen: Jede Seite und jede Erweiterung darin könnte die Anmeldung nutzen.',
      unknown:
        'Loopgate konnte nicht herausfinden, welches Programm das ist. Ablehnen, außer wenn klar ist, was gerade fragt.',
    },
    debugged: 'Es läuft in einem Debugger: Wer ihn bedient, kann die Anmeldung ebenfalls nutzen.',
    runs: 'Es gibt an auszuführen',
    deny: 'Ablehnen',
    allowOnce: 'Einmal erlauben',
    allow: 'Erlauben',
    allowHours: '12 Stunden erlauben',
    denying: 'Wird abgelehnt…',
    allowing: 'Wird erlaubt…',
    lasting: {
      always: '„Erlauben“ gilt, bis es geändert wird. Einmal: bis das Programm endet, höchstens eine Stunde.',
      hours: 'Einmal: bis das Programm endet, höchstens eine Stunde.',
      once: 'Einmal: bis das Programm endet, höchstens eine Stunde. Länger geht es hier nicht.',
    },
    position: (position, total) => `${position} von ${total}`,
    more: (total) => (total === 1 ? 'Ein weiteres Programm fragt.' : `${total} weitere Programme fragen.`),
    done: 'Alles beantwortet',
    silent: 'Loopgate antwortet nicht. Dieses Fenster bitte schließen: Das gilt als abgelehnt.',
  },

  permissions: {
    sign_in: 'eine Anmeldung beginnen',
    tokens: 'Zugriffstoken der Anmeldung bekommen',
    profile: 'Name, E-Mail-Adresse und Bild sehen',
    sign_out: 'die Anmeldung beenden',
    accounts: 'die Konten sehen und zwischen ihnen wechseln',
  },
  permissionNames: {
    sign_in: 'Anmeldung',
    tokens: 'Zugriffstoken',
    profile: 'Profil',
    sign_out: 'Abmeldung',
    accounts: 'Konten',
  },

  views: {
    label: 'Ansichten',
    account: 'Konto',
    programs: 'Programme',
    settings: 'Einstellungen',
  },

  questions: {
    title: (count) =>
      count === 1 ? 'Ein Programm wartet auf eine Antwort' : `${count} Programme warten auf eine Antwort`,
    text: 'Die Frage steht in einem eigenen Fenster.',
    show: 'Frage zeigen',
  },

  unanswered: {
    title: (count) =>
      count === 1 ? 'Ein Programm hat in Abwesenheit gefragt' : `${count} Programme haben in Abwesenheit gefragt`,
    text: 'Niemand hat geantwortet, also wurde vorerst abgelehnt.',
    show: 'Programme ansehen',
  },

  programs: {
    heading: 'Programme',
    loading: 'Es wird nachgesehen, wer gefragt hat.',
    guard: {
      ask: 'Bevor ein Programm die Anmeldung nutzen darf, fragt Loopgate.',
      'same-user': 'Jedes eigene Programm darf die Anmeldung nutzen, außer den abgelehnten. Gefragt wird nicht.',
      listed: 'Nur erlaubte Programme auf dieser Liste dürfen die Anmeldung nutzen. Gefragt wird nicht.',
    },
    empty: 'Noch hat kein Programm gefragt',
    emptyText: {
      ask: 'Was fragt, steht dann hier, mit der Antwort.',
      'same-user': 'Was die Anmeldung nutzt, steht dann hier.',
      listed: 'Was fragt, steht dann hier. Erlaubt darf es die Anmeldung nutzen.',
    },
    neverAllowed: 'Nie erlaubt',
    allowed: 'Erlaubt',
    allowedUntil: (time) => `Erlaubt bis ${time}`,
    allowedOnce: (time) => `Einmal erlaubt: bis es endet, spätestens ${time}`,
    denied: 'Abgelehnt',
    deniedUntil: (time) => `Abgelehnt bis ${time}`,
    unanswered: { ask: 'Nicht entschieden', 'same-user': 'Genutzt', listed: 'Nicht erlaubt' },
    wanted: 'Gefragt nach',
    lastUsed: 'Zuletzt',
    firstUsed: 'Zuerst',
    notForLong:
      'Loopgate kann nicht erkennen, was das ist; es lässt sich nur einmal erlauben, und zwar in dem Moment, in dem es fragt.',
    never: 'Ein Browser wird nie zugelassen: Jede Seite und jede Erweiterung darin könnte die Anmeldung nutzen.',
    allow: 'Erlauben',
    allowHours: '12 Stunden erlauben',
    deny: 'Ablehnen',
    remove: 'Entfernen',
    ofWhom: (label, name) => `${label}: ${name}`,
    origins: 'Apps und Erweiterungen mit eigener Adresse',
    originsText:
      'Sie fragen wie eine Webseite, sind aber keine. Was hier erlaubt wird, ist jedem eigenen Programm erlaubt, das einen Browser starten kann.',
    origin: {
      refused: 'Abgelehnt',
      allowed: 'Erlaubt',
      fixed: 'Durch die Einstellungen erlaubt',
      managed: 'Durch die Administration erlaubt',
    },
    history: (count) => `Verlauf (${count})`,
    outcomes: { allowed: 'Erlaubt', denied: 'Abgelehnt' },
    clear: 'Verlauf löschen',
  },

  footer: {
    address: 'Programme erreichen Loopgate unter',
    version: (version) => `Version ${version}`,
  },

  announcements: {
    signedIn: (name) => (name === '' ? 'Angemeldet.' : `Angemeldet als ${name}.`),
    switched: (name) => `Jetzt in Gebrauch: ${name}.`,
    switchedByProgram: (name) => `Ein Programm hat zu ${name} gewechselt.`,
    signedOut: 'Abgemeldet.',
    unreachable: 'Der Anbieter ist gerade nicht erreichbar.',
    reachable: 'Der Anbieter ist wieder erreichbar.',
    offline: 'Dieser Rechner ist offline.',
    keyringLocked: 'Der Schlüsselbund ist gesperrt. Loopgate wartet, bis er entsperrt ist.',
    keyringNeeded: 'Die Anmeldung braucht einen Schlüsselbund. Das System kann einen anlegen.',
    portTaken: (port, program) => `Port ${port} ist von ${program} belegt.`,
    waiting: 'Die Anmeldung im Browser wird erwartet.',
    waitingForProgram: 'Ein Programm auf diesem Rechner hat eine Anmeldung begonnen. Der Browser wird erwartet.',
    waitingEnded: 'Der Browser wird nicht mehr erwartet.',
    notOpened: 'Kein Browser ließ sich öffnen.',
    callbackCopied: 'Der Callback ist kopiert.',
    copied: 'Die Adresse ist kopiert.',
    question: 'Ein Programm fragt nach der Anmeldung und wartet auf eine Antwort.',
  },

  windows: {
    consent: 'Loopgate: Ein Programm fragt',
  },

  tray: {
    waiting: 'Wartet auf den Browser',
    signedInAs: (name) => `Angemeldet als ${name}`,
    waitingForKeyring: 'Wartet auf den Schlüsselbund',
    starting: 'Startet',
    signedOut: 'Abgemeldet',
    cancel: 'Anmeldung abbrechen',
    signIn: 'Anmelden',
    use: (name) => `${name} nutzen`,
    addAccount: 'Weiteres Konto hinzufügen…',
    signOut: 'Abmelden',
    signOutWhom: (name) => `${name} abmelden`,
    open: 'Loopgate öffnen',
    settings: 'Einstellungen…',
    quit: 'Beenden',
  },

  attention: {
    unreachable: 'Der Anbieter ist nicht erreichbar',
    unreachableSince: (time) => `Anbieter nicht erreicht seit ${time}`,
    offline: 'Dieser Rechner ist offline',
    clock: (minutes) => `Die Uhr geht um etwa ${minutes === 1 ? '1 Minute' : `${minutes} Minuten`} falsch`,
    portTaken: (port, program) => `Port ${port} ist von ${program} belegt`,
    locked: 'Der Schlüsselbund ist gesperrt',
    create: 'Für die Anmeldung einen Schlüsselbund anlegen',
    choice: 'Bitte wählen, wo die Anmeldung aufbewahrt wird',
    switched: (name) => `Ein Programm hat zu ${name ?? 'einem anderen Konto'} gewechselt`,
    missed: (count) => (count === 1 ? 'Ein Programm bekam keine Antwort' : `${count} Programme bekamen keine Antwort`),
    port: (port) => `Programme finden Loopgate auf Port ${port}, nicht auf dem üblichen`,
    noNotifications: 'Benachrichtigungen sind nicht verfügbar',
    asks: (name) => `${name} wartet auf eine Antwort`,
    ask: (count) => `${count} Programme warten auf eine Antwort`,
    ended: 'Die Anmeldung ist beendet: erneut anmelden',
    endedOther: 'Die Anmeldung eines anderen Kontos ist beendet',
  },

  notifications: {
    asks: (name) => `${name} möchte die Anmeldung nutzen.`,
    ask: (count) => `${count} Programme möchten die Anmeldung nutzen.`,
    missed: (name) => `${name} bekam keine Antwort und wurde nicht zugelassen.`,
    notOpened: 'Für die Anmeldung ließ sich kein Browser öffnen. Hier klicken, um fortzufahren.',
    ended: 'Die Anmeldung ist beendet. Bei Bedarf bitte erneut anmelden.',
    endedOther: 'Die Anmeldung eines anderen Kontos ist beendet.',
    switched: (name) => `Ein Programm hat zu ${name ?? 'einem anderen Konto'} gewechselt.`,
    signedIn: (name) =>
      name === undefined
        ? 'Ein Programm hat Sie angemeldet. Nicht Sie?'
        : `Ein Programm hat Sie als ${name} angemeldet. Nicht Sie?`,
    undo: 'Rückgängig',
    fromTray: {
      signedIn: (name) => `${name ?? 'Ein Konto'} wurde über das Symbol in der Leiste angemeldet. Nicht Sie?`,
      switched: (name) => `Über das Symbol in der Leiste zu ${name ?? 'einem anderen Konto'} gewechselt. Nicht Sie?`,
      signedOut: (name) => `${name ?? 'Ein Konto'} wurde über das Symbol in der Leiste abgemeldet.`,
      quit: 'Loopgate ist beendet. Programme bekommen nichts mehr, bis es wieder gestartet ist.',
    },
  },

  closing: {
    message: 'Loopgate läuft im Hintergrund weiter',
    detail:
      'Programme können die Anmeldung weiter nutzen. Dieser Desktop zeigt keine Symbole in der Leiste; deshalb wird dieses ' +
      'Fenster beim Schließen von nun an nur minimiert. Zum Beenden bitte noch einmal schließen, während es minimiert ist.',
    minimise: 'Minimieren',
    quit: 'Loopgate beenden',
  },

  crashes: {
    message: 'Das Fenster von Loopgate stürzt immer wieder ab',
    detail:
      'Es hat sich binnen einer Minute dreimal von selbst beendet. Loopgate läuft, und Programme können die Anmeldung weiter nutzen. ' +
      'Stürzt es noch einmal ab, bitte Loopgate beenden und neu starten.',
    open: 'Das Fenster wieder öffnen',
    leave: 'Geschlossen lassen',
    quit: 'Loopgate beenden',
  },

  changes: {
    busy: 'Loopgate liest noch die gespeicherte Anmeldung. Bitte gleich noch einmal versuchen.',
    fields: {
      issuer: 'Der Anbieter',
      clientId: 'Die Client-ID',
      audience: 'Die Audience',
      port: 'Der Port',
      guard: 'Wer fragen darf',
      theme: 'Die Darstellung',
    },
    fixed: (field, by) => `${field}: durch ${by} festgelegt und hier nicht zu ändern.`,
    managed: (field) => `${field}: durch die Administration vorgegeben und hier nicht zu ändern.`,
    missing: (field) => `${field} fehlt.`,
    expected: (what) => `Erwartet: ${what}.`,
    client: {
      unknown: (host, id) =>
        `${host} kennt die Client-ID „${id}“ nicht. Sie muss dort zu einer nativen (öffentlichen) Anwendung gehören.`,
      secret: (host, id) =>
        `${host} verlangt für die Client-ID „${id}“ ein Geheimnis. Dort eine native (öffentliche) Anwendung daraus machen.`,
    },
    notKept: (reason) => `Die Änderung ließ sich nicht speichern: ${reason}.`,
  },

  startAtLogin: {
    comment: 'Meldet die Editor-Erweiterungen dieses Rechners an',
    fromSources: 'Das Starten beim Anmelden geht nur mit der installierten App: Diese hier läuft aus ihrem Quelltext.',
    approval:
      'macOS wartet auf die Zustimmung: Loopgate in den Systemeinstellungen unter „Allgemein“, „Anmeldeobjekte“ erlauben.',
    notAdded: 'Das System hat Loopgate nicht zu dem hinzugefügt, was es beim Anmelden startet.',
    notRemoved: 'Das System hat Loopgate nicht aus dem entfernt, was es beim Anmelden startet.',
    foreign: (path) =>
      `${path} stammt nicht von Loopgate und bleibt, wie es ist. Nach dem Entfernen lässt es sich hier entscheiden.`,
    failed: (reason) => `Das Starten beim Anmelden ließ sich nicht ändern: ${reason}.`,
    failedPath: (path) => `${path} lässt sich nicht ändern`,
    failedNext: 'Bitte das ermöglichen und erneut versuchen.',
  },

  pages: {
    signedIn: 'Angemeldet',
    loginReceived: 'Anmeldung erhalten',
    received: 'Loopgate hat die Anmeldung erhalten.',
    passedOn: 'Loopgate hat die Anmeldung an das Programm weitergegeben, das danach gefragt hat.',
    closeTab: 'Dieser Tab kann geschlossen werden; im Editor geht es weiter.',
    failed: 'Die Anmeldung ist fehlgeschlagen',
    failures: {
      access_denied: 'Die Anmeldung wurde abgelehnt',
      authorization_cleared: 'Die Anmeldung wurde abgebrochen',
      authorization_timeout: 'Die Anmeldung hat zu lange gedauert',
      provider_unreachable: 'Der Anbieter hat nicht geantwortet',
      unknown_state: 'Keine Anmeldung wurde erwartet',
    },
    nobodyWaited: 'Diese Anmeldung ist beendet, wurde schon benutzt oder nie hier begonnen. Es wurde nichts geändert.',
    startAgain: 'Falls gerade eine Anmeldung lief, bitte in Loopgate oder im Editor neu beginnen.',
    code: 'Code',
    idInLog: 'ID im Protokoll',
    signedOut: 'Abgemeldet',
    forgotten: 'Loopgate hat die Anmeldung auf diesem Rechner vergessen.',
    confirm: 'Von Loopgate abmelden?',
    confirmText:
      'Etwas hat diese Adresse geöffnet. Sie meldet auf diesem Rechner ab: Die Programme, die die Anmeldung nutzen, verlieren sie.',
    confirmElse: 'War das nicht gewollt, einfach diesen Tab schließen. Es hat sich nichts geändert.',
    signOut: 'Abmelden',
    finished: 'Diese Anmeldung ist abgeschlossen',
    noLogin: 'Diese Adresse öffnet keine Anmeldung',
    noLoginText:
      'Die Anmeldung ist beendet, eine neuere Adresse gilt an ihrer Stelle, oder dieser Browser gehört nicht dem Benutzer, der Loopgate auf diesem Rechner ausführt. Es wurde nichts geändert.',
    noLoginNext: 'Bitte in Loopgate auf „Erneut öffnen“ klicken oder die Anmeldung neu beginnen.',
    browserElsewhere:
      'Läuft der Browser auf einem anderen Rechner, zeigt „Mein Browser läuft woanders“ im Fenster von Loopgate oder „loopgate login --address“ die Adresse des Anbieters selbst. Diese Adresse bitte für sich behalten: Wer sie liest, kann sich dort an Ihrer Stelle anmelden.',
    usedLogin: 'Diese Adresse wurde schon benutzt',
    usedLoginText:
      'Sie öffnet eine Anmeldung einmal. War das jemand anderes, ist ihr vielleicht ein anderes Ihrer Programme gefolgt: Dann bitte die Anmeldung in Loopgate abbrechen.',
    usedLoginNext:
      'Um hier weiterzumachen, im Fenster von Loopgate auf „Erneut öffnen“ klicken oder die Anmeldung neu beginnen.',
    foreignBrowser: 'Dieser Browser darf die Anmeldung nicht bringen',
    foreignBrowserText:
      'Ein anderer Benutzer dieses Rechners führt ihn aus, oder die Verbindung wurde gerade geschlossen. Es wurde nichts geändert: Die Anmeldung wartet weiter.',
    foreignBrowserNext: 'Bitte die Anmeldung in einem Browser des Benutzers beenden, der Loopgate ausführt.',
  },

  said: sayIn(germanMessages),
};

function from(since: string | undefined): string {
  return since === undefined ? '' : ` seit ${since}`;
}

function shownFrom(readAt: string | undefined): string {
  return readAt === undefined ? '' : ` Gezeigt wird der Stand von ${readAt}.`;
}
