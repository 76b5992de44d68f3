import type { Sentence } from './sentences.ts';

/**
 * German for what is written in English where it happens, because programs, the terminal or the log are told it too: errors,
 * reasons, notices. The more exact sentence comes first. A test takes the English from the sources: what is missing here is named.
 */
export const germanSentences: readonly Sentence[] = [
  // main/errors/errors.ts: what happened, and what to do next.
  ['The request is not what this operation takes.', 'Die Anfrage passt nicht zu dieser Operation.'],
  [
    'Compare it with the API description and send it again.',
    'Bitte mit der API-Beschreibung vergleichen und erneut senden.',
  ],
  [
    'No sign-in of yours waits for this state: it was never started, has ended, or was already answered.',
    'Keine Anmeldung wartet auf diesen „state“: Sie wurde nie begonnen, ist beendet oder schon beantwortet.',
  ],
  ['Start the sign-in again.', 'Die Anmeldung neu beginnen.'],
  [
    'The code, its verifier or its redirect_uri is wrong, expired or was already used.',
    'Der Code, sein Verifier oder seine redirect_uri ist falsch, abgelaufen oder schon benutzt.',
  ],
  [
    'Start the sign-in again and exchange its code once.',
    'Die Anmeldung neu beginnen und ihren Code nur einmal einlösen.',
  ],
  ['The sign-in was denied at the identity provider.', 'Die Anmeldung wurde beim Anbieter abgelehnt.'],
  [
    'Sign in again and accept, or ask the administrator of the provider for access.',
    'Erneut anmelden und zustimmen oder beim Administrator des Anbieters um Zugang bitten.',
  ],
  [
    'The request comes from a place that may not use this API.',
    'Die Anfrage kommt von einem Ort, der diese API nicht nutzen darf.',
  ],
  [
    'Call it from a program on this machine, run by the same user; to allow a web origin, add it to the setting "origins".',
    'Aus einem Programm desselben Benutzers auf diesem Rechner aufrufen; eine Web-Herkunft erlaubt die Einstellung „origins“.',
  ],
  [
    'The person did not allow this program to use their sign-in.',
    'Diesem Programm wurde die Nutzung der Anmeldung nicht erlaubt.',
  ],
  ['Ask the person to allow the program in Loopgate.', 'Das Programm in Loopgate erlauben.'],
  ['Nobody is signed in.', 'Niemand ist angemeldet.'],
  [
    'Sign in from the Loopgate tray or window, or start a sign-in with POST /pkce/code.',
    'Über Symbol oder Fenster von Loopgate anmelden, oder mit POST /pkce/code eine Anmeldung beginnen.',
  ],
  ['The access token is not accepted by the identity provider.', 'Der Anbieter nimmt das Zugriffstoken nicht an.'],
  [
    'Get a fresh one with grant_type=refresh_token, or sign in again.',
    'Mit grant_type=refresh_token ein neues holen oder erneut anmelden.',
  ],
  ['The sign-in was cancelled before it was finished.', 'Die Anmeldung wurde abgebrochen, bevor sie fertig war.'],
  ['Start it again when you are ready.', 'Sie lässt sich jederzeit neu beginnen.'],
  [
    'The sign-in was not finished in the browser in time.',
    'Die Anmeldung wurde im Browser nicht rechtzeitig abgeschlossen.',
  ],
  ['Start it again and finish the login in the browser.', 'Bitte neu beginnen und im Browser abschließen.'],
  [
    'If the browser showed an error, check at the provider that the client ID is {id} and that {callback} is registered as a callback.',
    'Zeigte der Browser einen Fehler, beim Anbieter prüfen, ob die Client-ID {id} ist und {callback} als Callback eingetragen ist.',
  ],
  ['The identity provider cannot be reached.', 'Der Anbieter ist nicht erreichbar.'],
  [
    'Check the network connection and try again; a session that exists is kept.',
    'Die Netzwerkverbindung prüfen und erneut versuchen; eine bestehende Anmeldung bleibt erhalten.',
  ],
  ['The identity provider answered with an error.', 'Der Anbieter hat mit einem Fehler geantwortet.'],
  [
    'Check the settings of the application at the provider and the settings of Loopgate.',
    'Die Einstellungen der Anwendung beim Anbieter und die von Loopgate prüfen.',
  ],
  ['This program started too many sign-ins.', 'Dieses Programm hat zu viele Anmeldungen begonnen.'],
  ['Wait a minute before the next one.', 'Vor der nächsten eine Minute warten.'],
  ['No identity provider is configured.', 'Es ist kein Anbieter eingerichtet.'],
  [
    'Enter the provider in the window of Loopgate; or set LOOPGATE_ISSUER and LOOPGATE_CLIENT_ID, or "issuer" and "clientId" in settings.json, and start Loopgate again.',
    'Den Anbieter im Fenster von Loopgate eintragen; oder LOOPGATE_ISSUER und LOOPGATE_CLIENT_ID setzen, oder „issuer“ und „clientId“ in settings.json, und Loopgate neu starten.',
  ],
  ['There is no such path.', 'Diesen Pfad gibt es nicht.'],
  [
    'The page docs/reference/operations.md lists the operations.',
    'Die Seite docs/reference/operations.md nennt die Operationen.',
  ],
  ['The path does not take this method.', 'Der Pfad nimmt diese Methode nicht an.'],
  ['The Allow header names those it takes.', 'Der Header „Allow“ nennt die möglichen.'],
  ['The body is larger than 32 KiB.', 'Der Inhalt ist größer als 32 KiB.'],
  ['Send only the fields of the model.', 'Nur die Felder des Modells senden.'],
  [
    'The body is not of a content type that this operation takes.',
    'Der Inhalt hat einen Typ, den diese Operation nicht annimmt.',
  ],
  ['Send it as the operation is described.', 'So senden, wie es bei der Operation beschrieben ist.'],
  ['Loopgate failed unexpectedly.', 'In Loopgate ist ein unerwarteter Fehler aufgetreten.'],
  ['Loopgate failed unexpectedly (id {id}).', 'In Loopgate ist ein unerwarteter Fehler aufgetreten (ID {id}).'],
  [
    'Try again; if it stays, report it with the id, which the log holds too.',
    'Erneut versuchen; falls es bleibt, mit der ID melden, die auch im Protokoll steht.',
  ],

  // The provider's answers (main/broker/provider*.ts). `{words}` are the provider's own.
  // The rest of main/broker/provider/providerFetch.ts; preload/texts/index.test.ts holds that each is said.
  ['A session that exists is kept.', 'Eine bestehende Anmeldung bleibt erhalten.'],
  [
    'The proxy {proxy} wants a user name and a password for {host} ({reason}), and Loopgate has none.',
    'Der Proxy {proxy} verlangt für {host} Benutzernamen und Passwort ({reason}), und Loopgate hat keine.',
  ],
  [
    'The proxy wants a user name and a password for {host} ({reason}), and Loopgate has none.',
    'Der Proxy verlangt für {host} Benutzernamen und Passwort ({reason}), und Loopgate hat keine.',
  ],
  [
    'Ask whoever runs the proxy to let {host} through without them.',
    'Wer den Proxy betreibt, kann {host} ohne sie durchlassen.',
  ],
  [
    'The proxy {proxy} does not let Loopgate through to {host} ({reason}).',
    'Der Proxy {proxy} lässt Loopgate nicht zu {host} durch ({reason}).',
  ],
  [
    'The proxy does not let Loopgate through to {host} ({reason}).',
    'Der Proxy lässt Loopgate nicht zu {host} durch ({reason}).',
  ],
  ['Ask whoever runs the proxy to allow {host}.', 'Wer den Proxy betreibt, kann {host} erlauben.'],
  [
    'The proxy {proxy}, by which this system goes to {host}, cannot be used ({reason}).',
    'Der Proxy {proxy}, über den dieses System zu {host} geht, ist nicht nutzbar ({reason}).',
  ],
  [
    'The proxy, by which this system goes to {host}, cannot be used ({reason}).',
    'Der Proxy, über den dieses System zu {host} geht, ist nicht nutzbar ({reason}).',
  ],
  [
    "Connect to the network or VPN that the proxy is in, or correct it in the system's network settings.",
    'Das Netz oder VPN verbinden, in dem der Proxy steht, oder ihn in den Netzwerkeinstellungen des Systems berichtigen.',
  ],
  [
    'The certificate of the identity provider at {host} is not valid at this time ({reason}).',
    'Das Zertifikat des Anbieters unter {host} ist zurzeit nicht gültig ({reason}).',
  ],
  [
    "Check this machine's date and time; if they are right, tell whoever runs the provider.",
    'Datum und Uhrzeit dieses Rechners prüfen; stimmen sie, weiß der Betreiber des Anbieters Rat.',
  ],
  [
    'The certificate of the identity provider at {host} is for another name ({reason}).',
    'Das Zertifikat des Anbieters unter {host} gilt für einen anderen Namen ({reason}).',
  ],
  [
    'Check the address of the provider and the network that you are in.',
    'Die Adresse des Anbieters prüfen, und in welchem Netz dieser Rechner ist.',
  ],
  [
    'The certificate of the identity provider at {host} is not trusted by this system ({reason}).',
    'Dem Zertifikat des Anbieters unter {host} vertraut dieses System nicht ({reason}).',
  ],
  [
    "In a company's network, have the company's certificate authority installed in the system's certificate store and start Loopgate again; in any other, use another network.",
    'Im Netz einer Firma: deren Zertifizierungsstelle in den Zertifikatspeicher des Systems aufnehmen lassen und Loopgate neu starten; sonst ein anderes Netz nutzen.',
  ],
  [
    'The identity provider at {host} cannot be reached ({reason}).',
    'Der Anbieter {host} ist nicht erreichbar ({reason}).',
  ],
  [
    'The identity provider did not answer within {seconds} seconds.',
    'Der Anbieter hat nicht innerhalb von {seconds} Sekunden geantwortet.',
  ],
  [
    'The identity provider is not able to answer now (status {status}).',
    'Der Anbieter kann gerade nicht antworten (Status {status}).',
  ],
  ['The identity provider is not able to answer now ({words}).', 'Der Anbieter kann gerade nicht antworten ({words}).'],
  ['Start the sign-in again in a moment.', 'Die Anmeldung in einem Moment neu beginnen.'],
  [
    'Start the sign-in again: its code may have been used.',
    'Die Anmeldung neu beginnen: Ihr Code ist vielleicht schon benutzt.',
  ],
  ['The identity provider wants a new sign-in ({words}).', 'Der Anbieter verlangt eine neue Anmeldung ({words}).'],
  ['Sign in again; until then the session is kept.', 'Erneut anmelden; bis dahin bleibt die Sitzung erhalten.'],
  [
    'Sign in again, and let the provider show its page: without prompt=none.',
    'Erneut anmelden und den Anbieter seine Seite zeigen lassen: ohne prompt=none.',
  ],
  [
    "Try again in a moment; if it stays so, check the provider's address (issuer) and what stands between, such as a proxy or a network's login page. A session that exists is kept.",
    'In einem Moment erneut versuchen; bleibt es so, die Adresse des Anbieters (issuer) prüfen und was dazwischen steht, etwa ein Proxy oder die Anmeldeseite eines Netzwerks. Eine Sitzung bleibt erhalten.',
  ],
  [
    'The identity provider has not answered yet, after {seconds} seconds.',
    'Der Anbieter hat nach {seconds} Sekunden noch nicht geantwortet.',
  ],
  [
    'Try again in a moment: its answer is still waited for. The session is kept.',
    'In einem Moment erneut versuchen: Auf die Antwort wird noch gewartet. Die Sitzung bleibt erhalten.',
  ],
  ['The identity provider answered with status {status}.', 'Der Anbieter hat mit Status {status} geantwortet.'],
  ['The identity provider refused the grant ({words}).', 'Der Anbieter hat die Berechtigung abgelehnt ({words}).'],
  [
    'The identity provider answered with an error ({words}).',
    'Der Anbieter hat mit einem Fehler geantwortet ({words}).',
  ],
  ['The sign-in was denied ({words}).', 'Die Anmeldung wurde abgelehnt ({words}).'],
  [
    'The identity provider answered {address} with a redirect, which is not followed.',
    'Der Anbieter leitet {address} weiter; dem wird nicht gefolgt.',
  ],
  ['The answer of {address} is larger than 1 MiB.', 'Die Antwort von {address} ist größer als 1 MiB.'],
  ["The identity provider's answer is not JSON.", 'Die Antwort des Anbieters ist kein JSON.'],
  ['The identity provider answered with a page.', 'Der Anbieter hat mit einer Seite geantwortet.'],
  ["The identity provider's answer could not be verified.", 'Die Antwort des Anbieters ließ sich nicht prüfen.'],
  [
    "The identity provider's answer failed a check: {what} ({name}).",
    'Die Antwort des Anbieters hat eine Prüfung nicht bestanden: {what} ({name}).',
  ],
  [
    "The identity provider's answer failed a check: {what}.",
    'Die Antwort des Anbieters hat eine Prüfung nicht bestanden: {what}.',
  ],
  [
    "The identity provider's answer failed a check ({name}).",
    'Die Antwort des Anbieters hat eine Prüfung nicht bestanden ({name}).',
  ],
  ['the ID token is from another issuer', 'das ID-Token ist von einem anderen Aussteller'],
  [
    'the ID token is not for this application, or not for it alone',
    'das ID-Token ist nicht oder nicht nur für diese Anwendung',
  ],
  ['the ID token was given to another application', 'das ID-Token wurde einer anderen Anwendung gegeben'],
  ['the ID token belongs to another login', 'das ID-Token gehört zu einer anderen Anmeldung'],
  ["the profile is another person's", 'das Profil ist das einer anderen Person'],
  ["the metadata is another issuer's", 'die Metadaten sind die eines anderen Ausstellers'],
  ['it is not usable', 'sie ist nicht brauchbar'],
  [
    'No single key of the identity provider fits the signature of the ID token (kid).',
    'Kein einzelner Schlüssel des Anbieters passt zur Signatur des ID-Tokens (kid).',
  ],
  [
    'Try again in a moment: the provider may just have changed its keys, which are then read again. A session that exists is kept.',
    'In einem Moment erneut versuchen: Der Anbieter hat vielleicht gerade seine Schlüssel gewechselt, die dann neu gelesen werden. Eine Sitzung bleibt erhalten.',
  ],
  [
    'The clocks of this machine and of the identity provider differ by {seconds} seconds ({claim}).',
    'Die Uhren dieses Rechners und des Anbieters gehen {seconds} Sekunden auseinander ({claim}).',
  ],
  ['The ID token is not valid at this time ({claim}).', 'Das ID-Token ist zu dieser Zeit nicht gültig ({claim}).'],
  [
    'The ID token names nobody: its subject is empty or longer than {count} characters (sub).',
    'Das ID-Token nennt niemanden: Sein „sub“ ist leer oder länger als {count} Zeichen.',
  ],
  ['The identity provider sent no ID token.', 'Der Anbieter hat kein ID-Token gesendet.'],
  [
    "The identity provider's metadata has no usable {name}: it must be an https address.",
    'Die Metadaten des Anbieters haben kein brauchbares {name}: Es muss eine https-Adresse sein.',
  ],
  [
    'The identity provider gave an access token that is no Bearer token (token_type).',
    'Der Anbieter gab ein Zugriffstoken, das kein Bearer-Token ist (token_type).',
  ],
  [
    'The identity provider gave an access token with characters that none may have (access_token).',
    'Der Anbieter gab ein Zugriffstoken mit unzulässigen Zeichen (access_token).',
  ],
  [
    'The identity provider sent a claim that is nested too deeply ({claim}).',
    'Der Anbieter hat eine zu tief verschachtelte Angabe gesendet ({claim}).',
  ],
  [
    'The login is for another organization than the one asked for (org_id, org_name).',
    'Die Anmeldung ist für eine andere Organisation als die verlangte (org_id, org_name).',
  ],
  [
    'The login came back without the issuer that was announced.',
    'Die Anmeldung kam ohne den angekündigten Aussteller zurück.',
  ],
  [
    'The login came back from another issuer than the configured one.',
    'Die Anmeldung kam von einem anderen Aussteller als dem eingestellten zurück.',
  ],
  ['The login came back with more than one "{name}".', 'Die Anmeldung kam mit mehr als einem „{name}“ zurück.'],
  ['The login came back without a code.', 'Die Anmeldung kam ohne Code zurück.'],
  [
    'The identity provider gave a token for another API than the one asked for (aud).',
    'Der Anbieter gab ein Token für eine andere API als die verlangte (aud).',
  ],
  [
    'Allow the API for this application at the provider: at Auth0 in its refresh token policies.',
    'Die API beim Anbieter für diese Anwendung erlauben: bei Auth0 in den „Refresh Token Policies“.',
  ],

  // A session (main/broker/session/session.ts, accounts.ts).
  ['The session has ended: {reason}.', 'Die Anmeldung ist beendet: {reason}.'],
  [
    'Loopgate was stopped while it renewed the session, and the answer with the new token was lost',
    'Loopgate wurde beendet, während es die Anmeldung erneuerte, und die Antwort mit dem neuen Token ging verloren',
  ],
  [
    'the connection broke while the session was renewed, and the answer with the new token was lost',
    'die Verbindung brach beim Erneuern ab, und die Antwort mit dem neuen Token ging verloren',
  ],
  [
    'the identity provider no longer accepts it (it was revoked, it expired, or it was used elsewhere)',
    'der Anbieter nimmt sie nicht mehr an (widerrufen, abgelaufen oder anderswo benutzt)',
  ],
  ['The renewed ID token is for another {whose}.', 'Das erneuerte ID-Token ist für eine andere {whose}.'],
  ['person (iss, sub)', 'Person (iss, sub)'],
  ['organization (org_id)', 'Organisation (org_id)'],
  ['login (nonce)', 'Anmeldung (nonce)'],
  ['You are signed out: {reason}.', 'Abgemeldet: {reason}.'],
  [
    'What changed could not be saved ({reason}): the next start of Loopgate will not know of it.',
    'Die Änderung ließ sich nicht speichern ({reason}): Der nächste Start von Loopgate weiß nichts davon.',
  ],
  [
    'Make room on the disk, unlock the keyring, or let Loopgate write to its data folder. It tries again by itself.',
    'Platz schaffen, den Schlüsselbund entsperren oder Loopgate in seinen Datenordner schreiben lassen. Es versucht es von selbst erneut.',
  ],
  ['Your answer could not be kept ({reason}).', 'Die Antwort ließ sich nicht speichern ({reason}).'],
  [
    'Let Loopgate write to its data folder and answer again.',
    'Loopgate in seinen Datenordner schreiben lassen und erneut antworten.',
  ],
  ['The stored sign-in cannot be read yet.', 'Die gespeicherte Anmeldung lässt sich noch nicht lesen.'],
  ["Unlock the system's keyring, then try again.", 'Den Schlüsselbund entsperren und erneut versuchen.'],
  [
    'You are signed out here, but the browser could not be opened to sign you out at the provider too.',
    'Hier ist die Abmeldung erfolgt, aber für die Abmeldung beim Anbieter ließ sich kein Browser öffnen.',
  ],
  [
    "Sign out on the provider's own page if others use this browser.",
    'Auf der Seite des Anbieters abmelden, falls andere diesen Browser benutzen.',
  ],
  [
    'The sign-in was not finished on the other device in time.',
    'Die Anmeldung wurde auf dem anderen Gerät nicht rechtzeitig abgeschlossen.',
  ],
  [
    'Ask again: the same code is shown, and stays good until it expires.',
    'Erneut fragen: Derselbe Code wird gezeigt und gilt, bis er abläuft.',
  ],
  ['The code was not entered in time.', 'Der Code wurde nicht rechtzeitig eingegeben.'],
  ['Start the sign-in again and enter the new code.', 'Die Anmeldung neu beginnen und den neuen Code eingeben.'],

  // The list of programs (main/access/gate.ts).
  [
    'The list of programs cannot be read, so what you decided about them is forgotten.',
    'Die Liste der Programme ist nicht lesbar; was über sie entschieden war, ist vergessen.',
  ],
  [
    'Deny again whom you had denied. The file is kept beside the new one as programs.unreadable.json.',
    'Bitte erneut ablehnen, was abgelehnt war. Die Datei liegt als programs.unreadable.json neben der neuen.',
  ],
  [
    'The list of programs could not be saved ({reason}).',
    'Die Liste der Programme ließ sich nicht speichern ({reason}).',
  ],
  [
    'What you decided holds until Loopgate ends. Let Loopgate write to its data folder and decide again.',
    'Die Entscheidung gilt, bis Loopgate endet. Loopgate in seinen Datenordner schreiben lassen und neu entscheiden.',
  ],

  // Where the sign-in is kept (main/storage/systemVault.ts, vaultPlace.ts, otherSessions.ts, sealedFile.ts, the keyrings).
  [
    'The keyring is locked. Unlock it, and Loopgate goes on with the sign-in that is stored there.',
    'Der Schlüsselbund ist gesperrt. Nach dem Entsperren macht Loopgate mit der dort gespeicherten Anmeldung weiter.',
  ],
  [
    'No keyring is there. The sign-in is kept in a file in {home} that only its permissions protect.',
    'Es gibt keinen Schlüsselbund. Die Anmeldung liegt in einer Datei in {home}, die nur ihre Zugriffsrechte schützen.',
  ],
  [
    'No keyring is there. The sign-in is kept in memory and is gone when Loopgate stops.',
    'Es gibt keinen Schlüsselbund. Die Anmeldung liegt nur im Arbeitsspeicher und ist weg, wenn Loopgate endet.',
  ],
  [
    'There is no keyring yet. Until one is made, the sign-in is kept in memory and is gone when Loopgate stops.',
    'Es gibt noch keinen Schlüsselbund. Bis einer angelegt ist, liegt die Anmeldung nur im Arbeitsspeicher und ist weg, wenn Loopgate endet.',
  ],
  ['The sign-in is kept for this run only: {reason}.', 'Die Anmeldung bleibt nur, bis Loopgate endet: {reason}.'],
  [
    'Until this is solved, the sign-in is kept for this run only: {reason}.',
    'Bis das gelöst ist, bleibt die Anmeldung nur, bis Loopgate endet: {reason}.',
  ],
  ['Kept for this run only: {reason}.', 'Bleibt nur, bis Loopgate endet: {reason}.'],
  ['the stored session could not be read', 'die gespeicherte Anmeldung ließ sich nicht lesen'],
  ['the stored session is not complete', 'die gespeicherte Anmeldung ist unvollständig'],
  [
    'the stored session was written by another version of Loopgate, or is damaged',
    'die gespeicherte Anmeldung stammt von einer anderen Version von Loopgate oder ist beschädigt',
  ],
  ['{reason}; it was kept as {path}', '{reason}; sie wurde als {path} aufbewahrt'],
  ['{reason}, and {trouble}; it stays as {path}', '{reason}, und {trouble}; sie bleibt als {path}'],
  ['it could not be moved', 'sie ließ sich nicht verschieben'],
  ['the stored sign-in is damaged', 'die gespeicherte Anmeldung ist beschädigt'],
  [
    'the stored sign-in cannot be decrypted with {title}',
    'die gespeicherte Anmeldung lässt sich nicht entschlüsseln mit: {title}',
  ],
  [
    '{path} was written by a newer version of Loopgate: update Loopgate, or move the file away',
    '{path} stammt von einer neueren Version von Loopgate: Loopgate aktualisieren oder die Datei verschieben',
  ],
  [
    'the sign-in is stored under LOOPGATE_VAULT_KEY, which is not set now; it was left as it is',
    'die Anmeldung ist mit LOOPGATE_VAULT_KEY gespeichert, das jetzt nicht gesetzt ist; sie blieb, wie sie ist',
  ],
  [
    'the sign-in is stored in a file with weaker protection, which the setting withoutKeyring does not allow now; it was left as it is',
    'die Anmeldung liegt in einer schwächer geschützten Datei, was die Einstellung withoutKeyring jetzt nicht erlaubt; sie blieb, wie sie ist',
  ],
  [
    'the sign-in is stored under {title}, which cannot be reached from here; it was left as it is',
    'die Anmeldung liegt dort, wo Loopgate von hier aus nicht hinkommt: {title}; sie blieb, wie sie ist',
  ],
  ['the keyring is still locked', 'der Schlüsselbund ist noch gesperrt'],
  ['the keyring does not answer, or is locked', 'der Schlüsselbund antwortet nicht oder ist gesperrt'],
  ['the keyring does not let Loopgate in', 'der Schlüsselbund lässt Loopgate nicht hinein'],
  ['there is no space left on the disk for {folder}', 'auf dem Datenträger von {folder} ist kein Platz mehr'],
  ['{folder} is on a file system that is read-only', '{folder} liegt auf einem schreibgeschützten Dateisystem'],
  ['Loopgate may not write to {folder}', 'Loopgate darf nicht in {folder} schreiben'],
  ['the folder {folder} is not there', 'den Ordner {folder} gibt es nicht'],
  ['the disk of {folder} has an error', 'der Datenträger von {folder} hat einen Fehler'],
  ['{path} cannot be written', '{path} lässt sich nicht beschreiben'],
  ['{path} cannot be read ({code})', '{path} ist nicht lesbar ({code})'],
  ['{path} cannot be read', '{path} ist nicht lesbar'],
  ['unknown reason', 'unbekannter Grund'],
  ['unknown error', 'unbekannter Fehler'],
  ['network error', 'Netzwerkfehler'],
  ['written in part', 'nur teilweise geschrieben'],

  [
    'Set the clock of this machine right, then try again.',
    'Die Uhr dieses Rechners richtig stellen, dann erneut versuchen.',
  ],
  // main/desktop/hostActions.ts
  [
    'The system could not be made to ask for the password of the keyring.',
    'Das System ließ sich nicht dazu bringen, nach dem Passwort des Schlüsselbunds zu fragen.',
  ],
  [
    'Unlock it in the program that your system has for it, such as "Passwords and Keys".',
    'Er lässt sich in dem Programm entsperren, das das System dafür hat, etwa „Passwörter und Verschlüsselung“.',
  ],
  [
    'The system could not be made to ask for a password for a new keyring.',
    'Das System ließ sich nicht dazu bringen, nach einem Passwort für einen neuen Schlüsselbund zu fragen.',
  ],
  [
    'Make one in the program that your system has for it, such as "Passwords and Keys".',
    'Er lässt sich in dem Programm anlegen, das das System dafür hat, etwa „Passwörter und Verschlüsselung“.',
  ],

  // A second start (main/storage/folderLock.ts, main/desktop/start/showOtherInstance.ts), and folders (main/desktop/system/folders.ts).
  [
    'Loopgate ({kind}, process {pid}) already runs on {home}.',
    'Loopgate ({kind}, Prozess {pid}) läuft schon mit dem Ordner {home}.',
  ],
  [
    'Use that one, stop it, or set LOOPGATE_HOME to another folder.',
    'Dieses nutzen, es beenden oder LOOPGATE_HOME auf einen anderen Ordner setzen.',
  ],
  ['Its window could not be shown: {reason}.', 'Sein Fenster ließ sich nicht zeigen: {reason}.'],
  ['it does not answer', 'es antwortet nicht'],
  ['it does not say where it listens', 'es sagt nicht, wo es zu erreichen ist'],
  ['End that process, then start Loopgate again.', 'Diesen Prozess beenden und Loopgate dann neu starten.'],
  ['Nothing can be written to {folders}.', 'In keinen dieser Ordner lässt sich schreiben: {folders}.'],
  [
    'Let Loopgate write to one of these folders, or set TMPDIR to another one.',
    'Loopgate in einen davon schreiben lassen oder TMPDIR auf einen anderen setzen.',
  ],

  // Ports (main/listener/, main/host/host.ts).
  ['{reasons} Loopgate uses port {port} instead.', '{reasons} Loopgate nutzt stattdessen Port {port}.'],
  ['No port could be had. {reasons}', 'Kein Port war zu bekommen. {reasons}'],
  [
    '{reasons} LOOPGATE_PORT or "port" was set, so no other port was tried.',
    '{reasons} Weil LOOPGATE_PORT oder „port“ gesetzt war, wurde kein anderer versucht.',
  ],
  ['Port {port} is taken by another program.', 'Port {port} ist von einem anderen Programm belegt.'],
  ['Port {port} is taken by {owner}.', 'Port {port} ist belegt von: {owner}.'],
  [
    'a program of another user (uid {uid}) (process {pid})',
    'Programm eines anderen Benutzers (UID {uid}) (Prozess {pid})',
  ],
  ['a program of another user (uid {uid})', 'Programm eines anderen Benutzers (UID {uid})'],
  ['a program of another user', 'Programm eines anderen Benutzers'],
  ['a program (process {pid})', 'ein Programm (Prozess {pid})'],
  ['{name} (process {pid}) of another user (uid {uid})', '{name} (Prozess {pid}) eines anderen Benutzers (UID {uid})'],
  ['{name} (process {pid})', '{name} (Prozess {pid})'],
  [
    'The ports from 39300 on are left to Pieces OS: {reason}.',
    'Die Ports ab 39300 bleiben Pieces OS überlassen: {reason}.',
  ],
  ['Port {port} cannot be used ({code}).', 'Port {port} ist nicht nutzbar ({code}).'],
  [
    'Port {port} is privileged on this system: to use it, an administrator runs "{command}", which lasts until the machine is started again (docs/start/port.md says what lasts longer).',
    'Port {port} ist auf diesem System privilegiert: Um ihn zu nutzen, führt ein Administrator „{command}“ aus; das hält bis zum Neustart des Rechners (was länger hält, steht in docs/start/port.md).',
  ],
  [
    'Port {port} is reserved by Windows, with {range} (most often for Hyper-V or WSL): to use it, an administrator runs "{first}", "{second}", and "{third}".',
    'Port {port} ist von Windows reserviert, mit {range} (meist für Hyper-V oder WSL): Um ihn zu nutzen, führt ein Administrator „{first}“, „{second}“ und „{third}“ aus.',
  ],
  ['Port {port} is privileged on this system.', 'Port {port} ist auf diesem System privilegiert.'],

  // Settings (main/settings/settings.ts, settingsTable.ts, settingsFile.ts, main/broker/provider/providerChecks.ts).
  ['Expected {what}.', 'Erwartet: {what}.'],
  ['expected {what}', 'erwartet: {what}'],
  ['{where} is {value}: expected {what}.', '{where} ist {value}. Erwartet: {what}.'],
  ['an address such as https://tenant.us.auth0.com/', 'eine Adresse wie https://tenant.us.auth0.com/'],
  ['an https address (http is accepted for localhost only)', 'eine https-Adresse (http nur für localhost)'],
  ['an address without user name, query or fragment', 'eine Adresse ohne Benutzername, Abfrage oder Fragment'],
  [
    'an https address such as https://tenant.us.auth0.com/ or a bare domain (http for localhost only)',
    'eine https-Adresse wie https://tenant.us.auth0.com/ oder nur eine Domain (http nur für localhost)',
  ],
  ['a text without spaces', 'ein Text ohne Leerzeichen'],
  ['a whole number from 0 to 65535', 'eine ganze Zahl von 0 bis 65535'],
  ['ask, same-user or listed (headless: same-user or listed, as nobody can be asked)', 'ask, same-user oder listed'],
  ['system, light or dark', 'system, light oder dark'],
  [
    '{path} cannot be read ({why}). Correct or remove it and start again.',
    '{path} ist nicht lesbar ({why}). Bitte berichtigen oder entfernen und neu starten.',
  ],
  [
    '"{name}" in {path} is not a setting. Remove it, or correct its spelling.',
    '„{name}“ in {path} ist keine Einstellung. Bitte entfernen oder die Schreibweise berichtigen.',
  ],
  [
    'clientId (LOOPGATE_CLIENT_ID) is not set: an issuer needs the client id of its application.',
    'clientId (LOOPGATE_CLIENT_ID) ist nicht gesetzt: Ein Anbieter braucht die Client-ID seiner Anwendung.',
  ],
  [
    '{where} is set: Loopgate takes no client secret. Register a Native (public) application at the provider and remove the secret.',
    '{where} ist gesetzt: Loopgate nimmt kein Client-Geheimnis an. Beim Anbieter eine native (öffentliche) Anwendung registrieren und das Geheimnis entfernen.',
  ],
];
