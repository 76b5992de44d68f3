import { loginPath } from '../broker/login/login.ts';

// The paths with their own rules in the guard.

/** Pages without data and without effect, which other sites may link to (L3b). Never `/v2/logout`, which acts. */
export const openPagePrefix = '/pkce/response/result/';
/** The API description as a page, with the same rule (L3b). Only the page itself may request its files. */
export const docsPath = '/docs';
/** The one-time addresses of logins (L3d). A person may follow one from anywhere, such as a chat with themselves. */
export const loginPrefix = loginPath;
/** Signs out. Only our own page may link to it, after it asked the person. */
export const logoutPath = '/v2/logout';
