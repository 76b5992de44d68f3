/** What clients of the API rely on and several rooms need to know. */

/** The path of Loopgate's redirect URI: the provider sends the browser back to it. */
export const callbackPath = '/pkce/response/code';

/** Answers `ok:<instance>`. */
export const healthPath = '/.well-known/health';

/** The ports that are tried, in this order, unless the settings name others. */
export const defaultPorts = [1000, 5323, 39300, 39301, 39302, 39303] as const;

/** How long a request may wait for the person, in milliseconds (R15): clients wait 120 s for `/os/sign_in`. */
export const maxWaitForPerson = 110_000;
