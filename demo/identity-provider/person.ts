import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { CookieJar } from './cookieJar.ts';
import { type Form, formsIn } from './form.ts';

/** The response that the provider told the browser to deliver to the application. */
export interface Callback {
  mode: 'form_post' | 'query' | 'fragment';
  /** The redirect URI, without parameters. */
  action: string;
  /** code, state, iss, error… */
  fields: Record<string, string>;
  /** The provider's origin. */
  origin: string;
}

export interface SignInOptions {
  /** Presses Deny instead of Continue. Default false. */
  deny?: boolean;
  /** Added to the authorization request, e.g. `login` for a page even with a session. */
  prompt?: string;
  /** Default true. False returns the callback's parameters instead of delivering them to the application. */
  deliver?: boolean;
}

interface Page {
  readonly url: URL;
  readonly response: Response;
  readonly html: string;
}

interface Navigation {
  method: 'GET' | 'POST';
  url: URL;
  fields?: Readonly<Record<string, string>>;
  /** The origin of the navigation; undefined for an address that a person or a program opened. */
  from?: string;
}

const maxSteps = 20;
const accept = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8';

/**
 * A stand-in for a real browser and its person, for tests that need hundreds of sign-ins; the end-to-end tests use real
 * Chromium. It keeps cookies as long as the object lives, follows redirects, presses the buttons of the provider's pages and
 * delivers the callback with the headers of a top navigation. It does not run scripts or draw. Requests use node:http,
 * because fetch sets `Sec-Fetch-Mode` itself.
 */
export class BrowserDouble {
  readonly #cookies = new CookieJar();

  /**
   * Opens the address, signs in under that name (unless already signed in) and delivers the callback to the application.
   * @returns the response to the callback, unfollowed, so that a test can see a 303
   * @throws Error with the page's text when the provider shows an error page instead of calling back
   */
  signInAs(authorizationUrl: string, name: string, options: SignInOptions & { deliver: false }): Promise<Callback>;
  signInAs(authorizationUrl: string, name: string, options?: SignInOptions & { deliver?: true }): Promise<Response>;
  async signInAs(authorizationUrl: string, name: string, options: SignInOptions = {}): Promise<Response | Callback> {
    const url = new URL(authorizationUrl);
    if (options.prompt !== undefined) url.searchParams.set('prompt', options.prompt);
    const outcome = await this.#browse({ method: 'GET', url }, (form) => pressedIn(form, name, options.deny ?? false));
    if (!('action' in outcome)) throw new Error(`no callback: ${wordsOf(outcome)}`);
    return options.deliver === false ? outcome : this.deliver(outcome);
  }

  /** Delivers a callback to the application as a browser does, even one that a test has altered or repeats. */
  async deliver(callback: Callback): Promise<Response> {
    const { mode, fields, origin } = callback;
    const url = new URL(callback.action);
    if (mode === 'form_post') return (await this.#navigate({ method: 'POST', url, fields, from: origin })).response;
    // A fragment stays in the browser.
    if (mode === 'query') url.search = new URLSearchParams(fields).toString();
    return (await this.#navigate({ method: 'GET', url, from: origin })).response;
  }

  /**
   * Follows redirects to the login page or any other page, and leaves it open without pressing a button.
   * @throws Error when the provider calls back at once, because it knows this browser
   */
  async openAndStop(url: string): Promise<Response> {
    const outcome = await this.#browse({ method: 'GET', url: new URL(url) }, () => undefined);
    if ('action' in outcome) throw new Error('the provider called back without a page');
    return outcome.response;
  }

  /**
   * Signs in on the device flow's page and confirms the code.
   * @param verificationUrl - `verification_uri_complete`, or `verification_uri` with `userCode`
   * @param options.userCode - the code that the person enters; absent when the address contains it
   * @throws Error with the page's text when that fails
   */
  async approveDevice(
    verificationUrl: string,
    name: string,
    options: { deny?: boolean; userCode?: string } = {},
  ): Promise<Response> {
    const { deny = false } = options;
    let { userCode } = options;
    const outcome = await this.#browse({ method: 'GET', url: new URL(verificationUrl) }, (form) => {
      if (form.id !== 'op.deviceInputForm') return pressedIn(form, name, deny);
      // Enter it only once: a page that asks again has refused it.
      const entered = userCode === undefined ? undefined : { ...form.fields, user_code: userCode };
      userCode = undefined;
      return entered;
    });
    if ('action' in outcome) throw new Error('the provider called back instead of connecting the device');
    if (!deny && !outcome.html.includes('Your device is connected')) throw new Error(wordsOf(outcome));
    return outcome.response;
  }

  /**
   * Follows pages until the callback, or until a page without a button to press.
   * @param press - returns the fields to send with a form; undefined leaves it alone
   */
  async #browse(
    start: Navigation,
    press: (form: Form) => Readonly<Record<string, string>> | undefined,
  ): Promise<Page | Callback> {
    let navigation = start;
    let redirectUri: string | undefined;
    for (let step = 0; step < maxSteps; step++) {
      redirectUri = navigation.url.searchParams.get('redirect_uri') ?? redirectUri;
      const callback = callbackIn(navigation, redirectUri);
      if (callback !== undefined) return callback;
      const page = await this.#navigate(navigation);
      const next = nextOf(page, press);
      if (next === undefined) return page;
      navigation = next;
    }
    throw new Error(`no end after ${maxSteps} pages`);
  }

  async #navigate({ method, url, fields, from }: Navigation): Promise<Page> {
    const cookie = this.#cookies.headerFor(url);
    const body = fields === undefined ? undefined : new URLSearchParams(fields).toString();
    const request = httpRequest(url, {
      method,
      agent: false,
      headers: {
        Accept: accept,
        'Accept-Language': 'en',
        'Upgrade-Insecure-Requests': '1',
        'Sec-Fetch-Site': from === undefined ? 'none' : from === url.origin ? 'same-origin' : 'cross-site',
        'Sec-Fetch-Mode': 'navigate',
        'Sec-Fetch-Dest': 'document',
        ...(cookie === undefined ? {} : { Cookie: cookie }),
        ...(body === undefined
          ? {}
          : {
              'Content-Type': 'application/x-www-form-urlencoded',
              'Content-Length': String(Buffer.byteLength(body)),
              Origin: from ?? 'null',
            }),
      },
    });
    request.end(body);
    const [message]: IncomingMessage[] = await once(request, 'response');
    if (message === undefined) throw new Error('no response');
    this.#cookies.keep(url, message.headers['set-cookie'] ?? []);
    const html = await text(message);
    return { url, html, response: responseOf(message, html) };
  }
}

/** The next navigation of a page: by redirect, by a form that submits itself, or by a button. */
function nextOf(
  page: Page,
  press: (form: Form) => Readonly<Record<string, string>> | undefined,
): Navigation | undefined {
  const from = page.url.origin;
  const location = page.response.headers.get('location');
  if (location !== null) return { method: 'GET', url: new URL(location, page.url), from };
  const [form] = formsIn(page.html, page.url);
  if (form === undefined) return undefined;
  // Pages of oidc-provider that submit themselves; a form that comes back with a 400 was refused.
  const isSubmittedByScript = page.html.includes('.submit()');
  if (!isSubmittedByScript && page.response.status >= 400) return undefined;
  const fields = isSubmittedByScript ? form.fields : press(form);
  return fields === undefined ? undefined : { method: 'POST', url: form.action, fields, from };
}

/**
 * The fields that the person sends on the provider's pages; undefined on any other page, and on one that refused the answer.
 */
function pressedIn(form: Form, name: string, deny: boolean): Record<string, string> | undefined {
  if (form.id === 'login') return deny ? { action: 'deny' } : { ...form.fields, name, action: 'continue' };
  if (form.id === 'op.deviceConfirmForm') return deny ? { ...form.fields, abort: 'yes' } : { ...form.fields };
  return undefined;
}

/** The navigation to the redirect URI is the callback, which this does not follow. */
function callbackIn({ method, url, fields, from }: Navigation, redirectUri: string | undefined): Callback | undefined {
  if (redirectUri === undefined || from === undefined) return undefined;
  const target = new URL(redirectUri);
  if (url.origin !== target.origin || url.pathname !== target.pathname) return undefined;
  const action = target.origin + target.pathname;
  if (method === 'POST') return { mode: 'form_post', action, fields: { ...fields }, origin: from };
  if (url.hash === '') return { mode: 'query', action, fields: Object.fromEntries(url.searchParams), origin: from };
  const inFragment = new URLSearchParams(url.hash.slice(1));
  return { mode: 'fragment', action, fields: Object.fromEntries(inFragment), origin: from };
}

function responseOf(message: IncomingMessage, body: string): Response {
  const headers = new Headers();
  for (const [name, values] of Object.entries(message.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value);
  }
  const status = message.statusCode ?? 0;
  const hasNoBody = status === 204 || status === 304;
  return new Response(hasNoBody ? null : body, { status, headers });
}

function wordsOf(page: Page): string {
  const words = page.html
    .replace(/<(style|script|head)\b.*?<\/\1>/gs, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');
  return `${page.response.status} ${words.trim().slice(0, 300)}`;
}
