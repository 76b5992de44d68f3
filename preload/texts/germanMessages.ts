import { translation } from './messages.ts';

/** {@link englishMessages} in German. */
export const germanMessages = translation({
  // For each error code: what happened, if nothing more exact is known, and what to do next.
  'invalid_request.happened': 'Die Anfrage passt nicht zu dieser Operation.',
  'invalid_request.next': 'Bitte mit der API-Beschreibung vergleichen und erneut senden.',
  'unknown_state.happened':
    'Keine Anmeldung wartet auf diesen „state“: Sie wurde nie begonnen, ist beendet oder schon beantwortet.',
  'unknown_state.next': 'Die Anmeldung neu beginnen.',
  'invalid_grant.happened':
    'Der Code, sein Verifier oder seine redirect_uri ist falsch, abgelaufen oder schon benutzt.',
  'invalid_grant.next': 'Die Anmeldung neu beginnen und ihren Code nur einmal einlösen.',
  'access_denied.happened': 'Die Anmeldung wurde beim Anbieter abgelehnt.',
  'access_denied.next': 'Erneut anmelden und zustimmen oder beim Administrator des Anbieters um Zugang bitten.',
  'forbidden_origin.happened': 'Die Anfrage kommt von einem Ort, der diese API nicht nutzen darf.',
  'forbidden_origin.next':
    'Aus einem Programm desselben Benutzers auf diesem Rechner aufrufen; eine Web-Herkunft erlaubt die Einstellung „origins“.',
  'consent_denied.happened': 'Diesem Programm wurde die Nutzung der Anmeldung nicht erlaubt.',
  'consent_denied.next': 'Das Programm in Loopgate erlauben.',
  'not_signed_in.happened': 'Niemand ist angemeldet.',
  'not_signed_in.next':
    'Über Symbol oder Fenster von Loopgate anmelden, oder mit POST /pkce/code eine Anmeldung beginnen.',
  'invalid_token.happened': 'Der Anbieter nimmt das Zugriffstoken nicht an.',
  'invalid_token.next': 'Mit grant_type=refresh_token ein neues holen oder erneut anmelden.',
  'authorization_cleared.happened': 'Die Anmeldung wurde abgebrochen, bevor sie fertig war.',
  'authorization_cleared.next': 'Sie lässt sich jederzeit neu beginnen.',
  'authorization_timeout.happened': 'Die Anmeldung wurde im Browser nicht rechtzeitig abgeschlossen.',
  'authorization_timeout.next': 'Bitte neu beginnen und im Browser abschließen.',
  checkRegistration:
    'Zeigte der Browser einen Fehler, beim Anbieter prüfen, ob die Client-ID {id} ist und {callback} als Callback eingetragen ist.',
  browserWantsHttps:
    'Ein Browser hat an diesem Port https verlangt, wo nur http gesprochen wird: Er hat das für localhost gespeichert (HSTS).',
  'browserWantsHttps.next':
    'localhost unter chrome://net-internals/#hsts löschen, in Firefox „Gesamte Website vergessen“ wählen oder ein privates Fenster nutzen; dann erneut anmelden.',
  cookiesTooLarge:
    'Der Browser hat mehr als 16 KiB an Kopfzeilen gesendet: Andere Programme haben zu viele Cookies für localhost hinterlassen.',
  'cookiesTooLarge.next':
    'Die Cookies von localhost und 127.0.0.1 in diesem Browser löschen und diese Seite neu laden, oder in einem privaten Fenster erneut anmelden.',
  'provider_unreachable.happened': 'Der Anbieter ist nicht erreichbar.',
  'provider_unreachable.next':
    'Die Netzwerkverbindung prüfen und erneut versuchen; eine bestehende Anmeldung bleibt erhalten.',
  'provider_error.happened': 'Der Anbieter hat mit einem Fehler geantwortet.',
  'provider_error.next': 'Die Einstellungen der Anwendung beim Anbieter und die von Loopgate prüfen.',
  'rate_limited.happened': 'Dieses Programm hat zu viele Anmeldungen begonnen.',
  'rate_limited.next': 'Vor der nächsten eine Minute warten.',
  'not_configured.happened': 'Es ist kein Anbieter eingerichtet.',
  'not_configured.next':
    'Den Anbieter im Fenster von Loopgate eintragen; oder LOOPGATE_ISSUER und LOOPGATE_CLIENT_ID setzen, oder „issuer“ und „clientId“ in settings.json, und Loopgate neu starten.',
  'not_found.happened': 'Diesen Pfad gibt es nicht.',
  'not_found.next': 'Die Seite docs/reference/operations.md nennt die Operationen.',
  'method_not_allowed.happened': 'Der Pfad nimmt diese Methode nicht an.',
  'method_not_allowed.next': 'Der Header „Allow“ nennt die möglichen.',
  'payload_too_large.happened': 'Der Inhalt ist größer als 32 KiB.',
  'payload_too_large.next': 'Nur die Felder des Modells senden.',
  'unsupported_media_type.happened': 'Der Inhalt hat einen Typ, den diese Operation nicht annimmt.',
  'unsupported_media_type.next': 'So senden, wie es bei der Operation beschrieben ist.',
  'internal.happened': 'In Loopgate ist ein unerwarteter Fehler aufgetreten.',
  internalWithId: 'In Loopgate ist ein unerwarteter Fehler aufgetreten (ID {id}).',
  'internal.next': 'Erneut versuchen; falls es bleibt, mit der ID melden, die auch im Protokoll steht.',

  // The provider and the network on the way to it. `{words}` and `{reason}` may come from outside.
  sessionIsKept: 'Eine bestehende Anmeldung bleibt erhalten.',
  namedProxyWantsPassword:
    'Der Proxy {proxy} verlangt für {host} Benutzernamen und Passwort ({reason}), und Loopgate hat keine.',
  proxyWantsPassword: 'Der Proxy verlangt für {host} Benutzernamen und Passwort ({reason}), und Loopgate hat keine.',
  askForNoPassword: 'Wer den Proxy betreibt, kann {host} ohne sie durchlassen.',
  namedProxyRefuses: 'Der Proxy {proxy} lässt Loopgate nicht zu {host} durch ({reason}).',
  proxyRefuses: 'Der Proxy lässt Loopgate nicht zu {host} durch ({reason}).',
  askToAllowHost: 'Wer den Proxy betreibt, kann {host} erlauben.',
  namedProxyUnusable: 'Der Proxy {proxy}, über den dieses System zu {host} geht, ist nicht nutzbar ({reason}).',
  proxyUnusable: 'Der Proxy, über den dieses System zu {host} geht, ist nicht nutzbar ({reason}).',
  correctProxy:
    'Das Netz oder VPN verbinden, in dem der Proxy steht, oder ihn in den Netzwerkeinstellungen des Systems berichtigen.',
  certificateNotValidNow: 'Das Zertifikat des Anbieters unter {host} ist zurzeit nicht gültig ({reason}).',
  checkDate: 'Datum und Uhrzeit dieses Rechners prüfen; stimmen sie, weiß der Betreiber des Anbieters Rat.',
  certificateForOtherName: 'Das Zertifikat des Anbieters unter {host} gilt für einen anderen Namen ({reason}).',
  checkAddressAndNetwork: 'Die Adresse des Anbieters prüfen, und in welchem Netz dieser Rechner ist.',
  certificateNotTrusted: 'Dem Zertifikat des Anbieters unter {host} vertraut dieses System nicht ({reason}).',
  certificateNotTrustedByNode: 'Dem Zertifikat des Anbieters unter {host} vertraut Node nicht ({reason}).',
  trustCertificate:
    'Im Netz einer Firma: deren Zertifizierungsstelle in den Zertifikatspeicher des Systems aufnehmen lassen und Loopgate neu starten; sonst ein anderes Netz nutzen.',
  trustCertificateInNode:
    'Im Netz einer Firma: die Datei ihrer Zertifizierungsstelle in NODE_EXTRA_CA_CERTS nennen und Loopgate neu starten; sonst ein anderes Netz nutzen.',
  hostUnreachable: 'Der Anbieter {host} ist nicht erreichbar ({reason}).',
  noAnswerWithin: 'Der Anbieter hat nicht innerhalb von {seconds} Sekunden geantwortet.',
  providerBusy: 'Der Anbieter kann gerade nicht antworten (Status {status}).',
  providerBusyWords: 'Der Anbieter kann gerade nicht antworten ({words}).',
  signInAgainInAMoment: 'Die Anmeldung in einem Moment neu beginnen.',
  signInAgainCodeUsed: 'Die Anmeldung neu beginnen: Ihr Code ist vielleicht schon benutzt.',
  providerWantsSignIn: 'Der Anbieter verlangt eine neue Anmeldung ({words}).',
  signInAgainSessionKept: 'Erneut anmelden; bis dahin bleibt die Sitzung erhalten.',
  signInVisibly: 'Erneut anmelden und den Anbieter seine Seite zeigen lassen: ohne prompt=none.',
  tryAgainOrCheckIssuer:
    'In einem Moment erneut versuchen; bleibt es so, die Adresse des Anbieters (issuer) prüfen und was dazwischen steht, etwa ein Proxy oder die Anmeldeseite eines Netzwerks. Eine Sitzung bleibt erhalten.',
  noAnswerYet: 'Der Anbieter hat nach {seconds} Sekunden noch nicht geantwortet.',
  answerStillAwaited:
    'In einem Moment erneut versuchen: Auf die Antwort wird noch gewartet. Die Sitzung bleibt erhalten.',
  answerLost:
    'Die Antwort des Anbieters auf die letzte Erneuerung ging verloren, das Refresh-Token ist also vielleicht verbraucht.',
  renewedWhenEnded:
    'Das vorhandene Zugriffstoken benutzen: Wenn es abgelaufen ist, versucht Loopgate es erneut. Wer sofort ein anderes braucht, meldet sich neu an.',
  profileRefused: 'Der Userinfo-Endpunkt des Anbieters nimmt das eben ausgestellte Zugriffstoken nicht an.',
  profileStaysKnown: 'Mit dem bekannten Profil weitermachen; wird das Token auch anderswo abgelehnt, neu anmelden.',
  noUserInfo: 'Der Anbieter hat keinen Userinfo-Endpunkt und sagt daher nicht, wem dieses Token gehört.',
  askForFewerScopes:
    'Weniger Scopes anfordern: Was Loopgate anfordert, ist die Einstellung scope (LOOPGATE_SCOPE). Meist ist es offline_access, was ein Anbieter nicht erlaubt; viele erneuern die Sitzung auch ohne.',
  anotherIssuer: 'Die Metadaten unter {issuer} sind die eines anderen Ausstellers (issuer), {found}.',
  'anotherIssuer.next':
    'Ist das der eigene Anbieter, diese Adresse als issuer setzen, sonst die Adresse prüfen. Eine bestehende Sitzung bleibt erhalten.',
  'noBrowserOpened.next':
    'Es ließ sich kein Browser öffnen. Die Anmeldung neu beginnen und die Adresse öffnen, die das Fenster von Loopgate zeigt oder das Terminal, in dem es läuft.',
  noMetadataAt: 'Die Metadaten eines Anbieters wurden unter {address} gesucht.',
  checkScheme:
    'Dort antwortet http statt https: Port prüfen, oder vor eine Adresse dieses Rechners http:// schreiben. Eine bestehende Sitzung bleibt erhalten.',
  clientMustBePublic:
    'Beim Anbieter prüfen, ob die Client-ID stimmt, ob die Anwendung öffentlich (nativ) und ohne Secret ist und ob sie diese Art der Anmeldung benutzen darf.',
  answeredWithStatus: 'Der Anbieter hat mit Status {status} geantwortet.',
  grantRefused: 'Der Anbieter hat die Berechtigung abgelehnt ({words}).',
  answeredWithError: 'Der Anbieter hat mit einem Fehler geantwortet ({words}).',
  signInDenied: 'Die Anmeldung wurde abgelehnt ({words}).',
  redirectNotFollowed: 'Der Anbieter leitet {address} weiter; dem wird nicht gefolgt.',
  answerTooLarge: 'Die Antwort von {address} ist größer als 1 MiB.',
  answerNotJson: 'Die Antwort des Anbieters ist kein JSON.',
  answeredWithPage: 'Der Anbieter hat mit einer Seite geantwortet.',
  answerNotVerified: 'Die Antwort des Anbieters ließ sich nicht prüfen.',
  namedCheckFailedAs: 'Die Antwort des Anbieters hat eine Prüfung nicht bestanden: {what} ({name}).',
  checkFailedAs: 'Die Antwort des Anbieters hat eine Prüfung nicht bestanden: {what}.',
  checkFailed: 'Die Antwort des Anbieters hat eine Prüfung nicht bestanden ({name}).',
  checkIss: 'das ID-Token ist von einem anderen Aussteller',
  checkAud: 'das ID-Token ist nicht oder nicht nur für diese Anwendung',
  checkAzp: 'das ID-Token wurde einer anderen Anwendung gegeben',
  checkNonce: 'das ID-Token gehört zu einer anderen Anmeldung',
  checkSub: 'das Profil ist das einer anderen Person',
  checkIssuer: 'die Metadaten sind die eines anderen Ausstellers',
  checkOther: 'sie ist nicht brauchbar',
  noSingleKey: 'Kein einzelner Schlüssel des Anbieters passt zur Signatur des ID-Tokens (kid).',
  keysMayHaveChanged:
    'In einem Moment erneut versuchen: Der Anbieter hat vielleicht gerade seine Schlüssel gewechselt, die dann neu gelesen werden. Eine Sitzung bleibt erhalten.',
  clocksDiffer: 'Die Uhren dieses Rechners und des Anbieters gehen {seconds} Sekunden auseinander ({claim}).',
  idTokenNotValidNow: 'Das ID-Token ist zu dieser Zeit nicht gültig ({claim}).',
  noSubject: 'Das ID-Token nennt niemanden: Sein „sub“ ist leer oder länger als {max} Zeichen.',
  noIdToken: 'Der Anbieter hat kein ID-Token gesendet.',
  unusableMetadata: 'Die Metadaten des Anbieters haben kein brauchbares {name}: Es muss eine https-Adresse sein.',
  notBearer: 'Der Anbieter gab ein Zugriffstoken, das kein Bearer-Token ist (token_type).',
  badTokenCharacters: 'Der Anbieter gab ein Zugriffstoken mit unzulässigen Zeichen (access_token).',
  claimTooDeep: 'Der Anbieter hat eine zu tief verschachtelte Angabe gesendet ({claim}).',
  otherOrganization: 'Die Anmeldung ist für eine andere Organisation als die verlangte (org_id, org_name).',
  issuerMissing: 'Die Anmeldung kam ohne den angekündigten Aussteller zurück.',
  issuerOther: 'Die Anmeldung kam von einem anderen Aussteller als dem eingestellten zurück.',
  parameterTwice: 'Die Anmeldung kam mit mehr als einem „{name}“ zurück.',
  codeMissing: 'Die Anmeldung kam ohne Code zurück.',
  tokenForOtherApi: 'Der Anbieter gab ein Token für eine andere API als die verlangte (aud).',
  allowApi: 'Die API beim Anbieter für diese Anwendung erlauben: bei Auth0 in den „Refresh Token Policies“.',

  // A session.
  sessionEnded: 'Die Anmeldung ist beendet: {reason}.',
  endedByStop:
    'Loopgate wurde beendet, während es die Anmeldung erneuerte, und die Antwort mit dem neuen Token ging verloren',
  endedByLostAnswer: 'die Verbindung brach beim Erneuern ab, und die Antwort mit dem neuen Token ging verloren',
  endedByProvider: 'der Anbieter nimmt sie nicht mehr an (widerrufen, abgelaufen oder anderswo benutzt)',
  endedWithoutOffline:
    'sie galt bis zum Ablauf ihres Zugriffstokens, weil der Anbieter kein offline_access gewährt hat',
  renewedForOther: 'Das erneuerte ID-Token ist für eine andere {difference}.',
  renewedPerson: 'Person (iss, sub)',
  renewedOrganization: 'Organisation (org_id)',
  renewedLogin: 'Anmeldung (nonce)',
  signedOutBecause: 'Abgemeldet: {reason}.',
  changeNotSaved:
    'Die Änderung ließ sich nicht speichern ({reason}): Der nächste Start von Loopgate weiß nichts davon.',
  makeRoom:
    'Platz schaffen, den Schlüsselbund entsperren oder Loopgate in seinen Datenordner schreiben lassen. Es versucht es von selbst erneut.',
  answerNotKept: 'Die Antwort ließ sich nicht speichern ({reason}).',
  letWriteAndAnswer: 'Loopgate in seinen Datenordner schreiben lassen und erneut antworten.',
  storedNotReadable: 'Die gespeicherte Anmeldung lässt sich noch nicht lesen.',
  unlockKeyringAndTry: 'Den Schlüsselbund entsperren und erneut versuchen.',
  notSignedOutAtProvider:
    'Hier ist die Abmeldung erfolgt, aber für die Abmeldung beim Anbieter ließ sich kein Browser öffnen.',
  notRevoked:
    'Sie sind hier abgemeldet, aber {host} hat die Anmeldung nicht widerrufen: Dort gilt sie vielleicht, bis sie abläuft.',
  endAtProvider:
    'Wenn andere diesen Rechner benutzen: die Sitzungen auf der Konto-Seite des Anbieters beenden oder dessen Administrator darum bitten.',
  signOutAtProvidersPage: 'Auf der Seite des Anbieters abmelden, falls andere diesen Browser benutzen.',
  otherDeviceTimeout: 'Die Anmeldung wurde auf dem anderen Gerät nicht rechtzeitig abgeschlossen.',
  askAgainForCode: 'Erneut fragen: Derselbe Code wird gezeigt und gilt, bis er abläuft.',
  codeNotEntered: 'Der Code wurde nicht rechtzeitig eingegeben.',
  enterNewCode: 'Die Anmeldung neu beginnen und den neuen Code eingeben.',

  // The list of programs.
  programListUnreadable: 'Die Liste der Programme ist nicht lesbar; was über sie entschieden war, ist vergessen.',
  denyAgain: 'Bitte erneut ablehnen, was abgelehnt war. Die Datei liegt als programs.unreadable.json neben der neuen.',
  programListNotSaved: 'Die Liste der Programme ließ sich nicht speichern ({reason}).',
  decideAgain:
    'Die Entscheidung gilt, bis Loopgate endet. Loopgate in seinen Datenordner schreiben lassen und neu entscheiden.',

  // Where the sign-in is kept.
  keyringLocked:
    'Der Schlüsselbund ist gesperrt. Nach dem Entsperren macht Loopgate mit der dort gespeicherten Anmeldung weiter.',
  keptInFile:
    'Es gibt keinen Schlüsselbund. Die Anmeldung liegt in einer Datei in {home}, die nur ihre Zugriffsrechte schützen.',
  keptInMemory:
    'Es gibt keinen Schlüsselbund. Die Anmeldung liegt nur im Arbeitsspeicher und ist weg, wenn Loopgate endet.',
  noKeyringYet:
    'Es gibt noch keinen Schlüsselbund. Bis einer angelegt ist, liegt die Anmeldung nur im Arbeitsspeicher und ist weg, wenn Loopgate endet.',
  keptForThisRun: 'Die Anmeldung bleibt nur, bis Loopgate endet: {reason}.',
  keptUntilSolved: 'Bis das gelöst ist, bleibt die Anmeldung nur, bis Loopgate endet: {reason}.',
  keptForThisRunOnly: 'Bleibt nur, bis Loopgate endet: {reason}.',
  storedUnreadable: 'die gespeicherte Anmeldung ließ sich nicht lesen',
  storedIncomplete: 'die gespeicherte Anmeldung ist unvollständig',
  storedByOtherVersion: 'die gespeicherte Anmeldung stammt von einer anderen Version von Loopgate oder ist beschädigt',
  keptAs: '{reason}; sie wurde als {path} aufbewahrt',
  staysAs: '{reason}, und {obstacle}; sie bleibt als {path}',
  notMoved: 'sie ließ sich nicht verschieben',
  storedDamaged: 'die gespeicherte Anmeldung ist beschädigt',
  storedNotDecrypted: 'die gespeicherte Anmeldung lässt sich nicht entschlüsseln mit: {title}',
  storedByNewerVersion:
    '{path} stammt von einer neueren Version von Loopgate: Loopgate aktualisieren oder die Datei verschieben',
  storedUnderVaultKey:
    'die Anmeldung ist mit LOOPGATE_VAULT_KEY gespeichert, das jetzt nicht gesetzt ist; sie blieb, wie sie ist',
  storedWithWeakerProtection:
    'die Anmeldung liegt in einer schwächer geschützten Datei, was die Einstellung withoutKeyring jetzt nicht erlaubt; sie blieb, wie sie ist',
  storedElsewhere: 'die Anmeldung liegt dort, wo Loopgate von hier aus nicht hinkommt: {title}; sie blieb, wie sie ist',
  keyringStillLocked: 'der Schlüsselbund ist noch gesperrt',
  keyringNotAnswering: 'der Schlüsselbund antwortet nicht oder ist gesperrt',
  keyringRefuses: 'der Schlüsselbund lässt Loopgate nicht hinein',
  keyringForeignEntry: 'im Schlüsselbund liegt ein Eintrag „Loopgate“, der nicht von diesem Programm ist',
  keyringTakesNothing: 'der Schlüsselbund nimmt nichts an oder ist gesperrt',
  keyringNotKept: 'der Schlüsselbund hat nicht behalten, was in ihm gespeichert wurde',
  titleDesktopKeyring: 'Schlüsselbund des Desktops (Secret Service)',
  titleKeychain: 'Schlüsselbund (Keychain)',
  titleWindows: 'Datenschutz von Windows (DPAPI)',
  titleSecretService: 'Secret Service',
  titleCredentialStore: 'Anmeldeinformationsspeicher des Systems',
  titleVaultKey: 'der gesetzte Schlüssel (LOOPGATE_VAULT_KEY)',
  titleFile: 'die Schlüsseldatei',
  storageNotAnswering: 'der Datenträger oder der Schlüsselbund antwortet nicht',
  noSpace: 'auf dem Datenträger von {folder} ist kein Platz mehr',
  readOnly: '{folder} liegt auf einem schreibgeschützten Dateisystem',
  mayNotWrite: 'Loopgate darf nicht in {folder} schreiben',
  folderMissing: 'den Ordner {folder} gibt es nicht',
  diskError: 'der Datenträger von {folder} hat einen Fehler',
  cannotWrite: '{path} lässt sich nicht beschreiben',
  cannotReadCode: '{path} ist nicht lesbar ({code})',
  cannotRead: '{path} ist nicht lesbar',
  unknownReason: 'unbekannter Grund',
  unknownError: 'unbekannter Fehler',
  networkError: 'Netzwerkfehler',
  writtenInPart: 'nur teilweise geschrieben',

  // The system.
  setClock: 'Die Uhr dieses Rechners richtig stellen, dann erneut versuchen.',
  unlockPromptFailed: 'Die Passwortabfrage des Schlüsselbunds ließ sich nicht öffnen.',
  unlockElsewhere:
    'Er lässt sich in dem Programm entsperren, das das System dafür hat, etwa „Passwörter und Verschlüsselung“.',
  createPromptFailed: 'Die Passwortabfrage für einen neuen Schlüsselbund ließ sich nicht öffnen.',
  createElsewhere:
    'Er lässt sich in dem Programm anlegen, das das System dafür hat, etwa „Passwörter und Verschlüsselung“.',

  // A second start, and folders.
  alreadyRuns: 'Loopgate ({kind}, Prozess {pid}) läuft schon mit dem Ordner {home}.',
  useThatOne: 'Dieses nutzen, es beenden oder LOOPGATE_HOME auf einen anderen Ordner setzen.',
  windowNotShown: 'Sein Fenster ließ sich nicht zeigen: {reason}.',
  doesNotAnswer: 'es antwortet nicht',
  doesNotSayWhere: 'es sagt nicht, wo es zu erreichen ist',
  endThatProcess: 'Diesen Prozess beenden und Loopgate dann neu starten.',
  nothingWritable: 'In keinen dieser Ordner lässt sich schreiben: {folders}.',
  ofAnotherUser: '{path} gehört einem anderen Benutzer dieses Rechners ({user}), der es jederzeit ändern könnte.',
  takeOrLeave:
    'Wer dem Inhalt traut, gibt ein: sudo chown -R {user} {path}. Sonst LOOPGATE_HOME auf einen eigenen Ordner setzen.',
  takeOrRemove: 'Wer dem Inhalt traut, gibt ein: sudo chown -R {user} {path}. Sonst eingeben: rm -r {path}',
  withoutSudo: 'Ohne sudo eingeben, oder LOOPGATE_HOME auf einen eigenen Ordner setzen.',
  removeLink: 'Eingeben: rm {path}',
  useOwnFolder: 'LOOPGATE_HOME auf einen eigenen Ordner setzen.',
  othersCanWrite: 'Andere Benutzer dieses Rechners können in {path} schreiben.',
  takeWriting: 'Eingeben: chmod go-w {path}, oder LOOPGATE_HOME auf einen eigenen Ordner setzen.',
  folderShared: '{folder} teilen sich alle Benutzer dieses Rechners.',
  useFolderInside: 'Eingeben: export LOOPGATE_HOME={folder}',
  folderMended: 'Andere Benutzer konnten in {folder} schreiben: Loopgate hat ihnen dieses Recht genommen.',
  filesMended:
    'Andere Benutzer konnten {files} in {folder} lesen oder ändern: Loopgate hat ihnen dieses Recht genommen.',
  folderMounted:
    '{folder} gehört dem Benutzer {user} und wurde vom Administrator dort eingehängt: Loopgate nutzt den Ordner.',
  noPermissionsKept:
    'Das Dateisystem von {folder} speichert keine Rechte: Wer den Ordner öffnen kann, kann lesen und ändern, was Loopgate dort ablegt.',
  parentOpen:
    'Andere Benutzer können in {parent} schreiben und so einen anderen Ordner an die Stelle von {folder} setzen. Eingeben: chmod go-w {parent}',
  allowOneFolder: 'Loopgate in einen davon schreiben lassen oder TMPDIR auf einen anderen setzen.',

  // Ports.
  portInstead: '{reasons} Loopgate nutzt stattdessen Port {port}.',
  noPort:
    'Kein Port ist verfügbar. {reasons} Einen davon frei machen oder LOOPGATE_PORTS oder „ports“ auf andere setzen.',
  fixedPort: '{reasons} Weil LOOPGATE_PORT oder „port“ gesetzt war, wurde kein anderer versucht.',
  portTakenByOther: 'Port {port} ist von einem anderen Programm belegt.',
  portTaken: 'Port {port} ist belegt von: {owner}.',
  ownerUnnamed: 'ein Programm{user}{process}',
  ownerNamed: '{name}{process}{user}',
  ofOtherUser: ' eines anderen Benutzers',
  ofOtherUserWithId: ' eines anderen Benutzers (UID {uid})',
  withProcess: ' (Prozess {pid})',
  leftToPieces: 'Die Ports ab 39300 bleiben Pieces OS überlassen: {reason}.',
  piecesInstalled: 'Pieces OS ist installiert ({path})',
  piecesAnswers: 'Pieces OS antwortet auf Port {port}',
  portUnusable: 'Port {port} ist nicht nutzbar ({code}).',
  portPrivilegedRemedy:
    'Port {port} ist auf diesem System privilegiert: Um ihn zu nutzen, führt ein Administrator „sudo sysctl -w net.ipv4.ip_unprivileged_port_start={port}“ aus; das hält bis zum Neustart des Rechners (was länger hält, steht in docs/start/port.md).',
  portReserved:
    'Port {port} ist von Windows reserviert, mit {range} (meist für Hyper-V oder WSL): Um ihn zu nutzen, führt ein Administrator „net stop winnat“, „netsh int ipv4 add excludedportrange protocol=tcp startport={port} numberofports=1“ und „net start winnat“ aus.',
  portPrivileged: 'Port {port} ist auf diesem System privilegiert.',

  // Settings.
  expected: 'erwartet: {what}',
  whereExpected: '{where}: erwartet wird {what}.',
  cannotReadFile: '{path} ist nicht lesbar ({code}).',
  settingIs: '{where} ist {value}. Erwartet: {what}.',
  expectedAddress: 'eine Adresse wie https://tenant.us.auth0.com/',
  expectedHttps: 'eine https-Adresse (http nur für localhost)',
  expectedPlainAddress: 'eine Adresse ohne Benutzername, Abfrage oder Fragment',
  expectedIssuer: 'eine https-Adresse wie https://tenant.us.auth0.com/ oder nur eine Domain (http nur für localhost)',
  expectedNoSpaces: 'ein Text ohne Leerzeichen',
  expectedPort: 'eine ganze Zahl von 0 bis 65535',
  expectedGuard: 'ask, same-user oder listed',
  expectedTheme: 'system, light oder dark',
  settingsUnreadable: '{path} ist nicht lesbar ({reason}). Bitte berichtigen oder entfernen und neu starten.',
  savedAsUtf16: 'sie ist als UTF-16 geschrieben: als UTF-8 speichern',
  settingUnknown: '„{name}“ in {path} ist keine Einstellung. Bitte entfernen oder die Schreibweise berichtigen.',
  openingSwitches: 'Loopgate wurde mit {switches} gestartet; damit könnten andere es benutzen. Bitte ohne das starten.',
  weakerStoreSwitch:
    'Loopgate wurde mit {switches} gestartet; damit käme die Anmeldung nicht in den Schlüsselbund. Bitte ohne das starten.',
  demoForDevelopment: 'LOOPGATE_DEMO ist für die Entwicklung: Bitte nicht setzen und einen „issuer“ angeben.',
  clientIdMissing:
    'clientId (LOOPGATE_CLIENT_ID) ist nicht gesetzt: Ein Anbieter braucht die Client-ID seiner Anwendung.',
  clientSecretSet:
    '{where} ist gesetzt: Loopgate nimmt kein Client-Geheimnis an. Beim Anbieter eine native (öffentliche) Anwendung registrieren und das Geheimnis entfernen.',
});
