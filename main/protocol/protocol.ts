/** What the API's clients rely on and several rooms need. */

/** The path of Loopgate's redirect URI: the provider sends the browser back to it. */
export const callbackPath = '/pkce/response/code';

/** Answers `ok:<instance>`. */
export const healthPath = '/.well-known/health';

/** The ports that Loopgate tries in turn, unless the settings name others. */
export const defaultPorts = [1000, 5323, 39300, 39301, 39302, 39303] as const;

/** How long a request may wait for the person, in milliseconds (R15). Clients wait 120 s for `/os/sign_in`. */
export const maxWaitForPerson = 110_000;
