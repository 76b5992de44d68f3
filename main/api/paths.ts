import { loginPath } from '../broker/login/login.ts';

// The paths for which the guard has rules of their own.

/** Pages without data and without effect, which another site may link to (L3b). Never `/v2/logout`, which acts. */
export const openPagePrefix = '/pkce/response/result/';
/** The API description as a page: another such page (L3b). What it loads is asked for by itself, and by nobody else. */
export const docsPath = '/docs';
/** The one-time addresses of logins: a person may follow one from wherever it stands, such as a chat with themselves (L3d). */
export const loginPrefix = loginPath;
/** Signs out. Nobody's page may link to it but our own, which asks the person first. */
export const logoutPath = '/v2/logout';
