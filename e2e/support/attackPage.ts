/** Where an attack goes, and what it brings along so that it would act. */
export interface Target {
  readonly address: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** A way in which a page can make a browser send something. */
export interface Attack {
  /** A name in {@link attackScript}. */
  readonly name: string;
  readonly method: 'GET' | 'POST';
  /** True where the answer goes to a tab that the page cannot look into: whoever attacks must wait for that tab. */
  readonly inTab?: true;
  /** True where not every browser tells the page that it has ended. There is nothing to see but that. */
  readonly isSilent?: true;
  /** True where another site's page is made to ask for permission first: the method is OPTIONS then. */
  readonly preflight?: true;
  /** True for a dialogue of the browser's: one at a time, and with no answer to see. */
  readonly isDialogue?: true;
  /** True where only a secure page in a tab of its own, in Chromium, can do it. */
  readonly inSecureTab?: true;
}

/** The one that speaks WebSocket, and therefore has one address only. */
export const socketAttack: Attack = { name: 'WebSocket', method: 'GET' };

/** All others: each goes to every address. */
export const attacks: readonly Attack[] = [
  { name: 'fetch', method: 'GET' },
  { name: 'fetch without CORS', method: 'GET' },
  { name: 'EventSource', method: 'GET' },
  { name: 'img', method: 'GET' },
  { name: 'script', method: 'GET' },
  { name: 'stylesheet', method: 'GET' },
  { name: 'prefetch', method: 'GET' },
  { name: 'video', method: 'GET' },
  { name: 'iframe', method: 'GET' },
  { name: 'embed', method: 'GET', isSilent: true },
  { name: 'object', method: 'GET' },
  { name: 'new tab', method: 'GET', inTab: true },
  { name: 'identity provider', method: 'GET', isDialogue: true, inSecureTab: true },
  // Chromium calls these the person's own: `Sec-Fetch-Site: none`.
  { name: 'speculative prefetch', method: 'GET', inSecureTab: true },
  { name: 'speculative prerender', method: 'GET', inSecureTab: true },
  { name: 'fetch of text/plain', method: 'POST' },
  { name: 'fetch of JSON', method: 'POST', preflight: true },
  { name: 'fetch of a form without CORS', method: 'POST' },
  { name: 'beacon', method: 'POST' },
  { name: 'ping of a link', method: 'POST' },
  { name: 'form in an iframe', method: 'POST' },
  { name: 'form in a new tab', method: 'POST', inTab: true },
];

/**
 * Run by the hostile page. `attack(name, targets)` gives all that the page could see. Written for the browser, which is why it
 * is a text: the types of a browser are unknown to this side.
 */
export const attackScript = `
const seenIn = async (answer) => {
  try {
    const response = await answer;
    return [response.type, response.status, ...response.headers, await response.text()].join(' ');
  } catch (error) {
    return String(error);
  }
};
const loaded = (name, properties) => new Promise((resolve) => {
  const element = document.createElement(name);
  const report = ({ type }) => {
    let content = '';
    try { content = element.contentDocument?.documentElement?.outerHTML ?? ''; } catch (error) { content = String(error); }
    element.remove();
    resolve(type + ' ' + content);
  };
  Object.assign(element, { onload: report, onerror: report, ...properties });
  document.body.append(element);
});
const submitted = ({ address, fields }, target) => {
  const form = document.createElement('form');
  Object.assign(form, { method: 'post', action: address, target });
  for (const [name, value] of Object.entries(fields)) {
    form.append(Object.assign(document.createElement('input'), { name, value }));
  }
  document.body.append(form);
  form.submit();
  form.remove();
};
const inFrame = (target) => new Promise((resolve) => {
  const frame = document.createElement('iframe');
  frame.name = 'frame' + Math.random();
  document.body.append(frame);
  frame.onload = () => {
    let content = '';
    try { content = frame.contentDocument?.documentElement?.outerHTML ?? ''; } catch (error) { content = String(error); }
    frame.remove();
    resolve(content);
  };
  submitted(target, frame.name);
});
const pinged = ({ address }) => {
  const link = Object.assign(document.createElement('a'), { href: '#', ping: address });
  document.body.append(link);
  link.click();
  link.remove();
};
const speculated = (way, address) => {
  const rules = JSON.stringify({ [way]: [{ urls: [address], eagerness: 'immediate' }] });
  document.body.append(Object.assign(document.createElement('script'), { type: 'speculationrules', textContent: rules }));
};
const heard = (source, say) => new Promise((resolve) => {
  const heard = [];
  const end = ({ type, code }) => { source.close(); resolve([type, code, ...heard].join(' ')); };
  source.onopen = () => heard.push('open');
  source.onmessage = ({ data }) => { heard.push(data); end({ type: 'message' }); };
  source.onerror = source.onclose = end;
});
let dialogue = new AbortController();
const json = { 'Content-Type': 'application/json' };
const ways = {
  'fetch': ({ address }) => seenIn(fetch(address)),
  'fetch without CORS': ({ address }) => seenIn(fetch(address, { mode: 'no-cors', credentials: 'include' })),
  'EventSource': ({ address }) => heard(new EventSource(address)),
  'img': ({ address }) => loaded('img', { src: address }),
  'script': ({ address }) => loaded('script', { src: address }),
  'stylesheet': ({ address }) => loaded('link', { rel: 'stylesheet', href: address }),
  'prefetch': ({ address }) => loaded('link', { rel: 'prefetch', href: address }),
  'video': ({ address }) => loaded('video', { src: address }),
  'iframe': ({ address }) => loaded('iframe', { src: address }),
  'embed': ({ address }) => loaded('embed', { src: address }),
  'object': ({ address }) => loaded('object', { data: address }),
  'new tab': ({ address }) => void window.open(address, 'tab'),
  'identity provider': ({ address }) => {
    dialogue.abort();
    dialogue = new AbortController();
    const identity = { providers: [{ configURL: address, clientId: 'x' }] };
    navigator.credentials.get({ identity, signal: dialogue.signal }).catch(() => {});
  },
  'speculative prefetch': ({ address }) => speculated('prefetch', address),
  'speculative prerender': ({ address }) => speculated('prerender', address),
  'fetch of text/plain': ({ address, fields }) => seenIn(fetch(address, { method: 'POST', body: JSON.stringify(fields) })),
  'fetch of JSON': ({ address, fields }) =>
    seenIn(fetch(address, { method: 'POST', headers: json, body: JSON.stringify(fields) })),
  'fetch of a form without CORS': ({ address, fields }) =>
    seenIn(fetch(address, { method: 'POST', mode: 'no-cors', body: new URLSearchParams(fields) })),
  'beacon': ({ address, fields }) => String(navigator.sendBeacon(address, new URLSearchParams(fields))),
  'ping of a link': pinged,
  'form in an iframe': inFrame,
  'form in a new tab': (target) => submitted(target, 'tab'),
  'WebSocket': ({ address }) => heard(new WebSocket(address.replace('http', 'ws'))),
};
globalThis.attack = (name, targets) => Promise.all(targets.map(ways[name]));
`;
