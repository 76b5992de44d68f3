import { page, table } from './markdown.ts';

/** The part of `openapi.json` that the page is made of. */
export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>;
}

interface DescribedOperation {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, object>> }>>;
}

/** What a reader of the page gets for one operation. */
interface Row {
  /** The method, or several of one path, and the path as `openapi.json` writes it. */
  readonly operation: string;
  /** What the API description does not say of it, in whole sentences. */
  readonly note?: string;
  /** A command line, whose answer has this status while nobody else uses Loopgate. A test runs the lines in their order. */
  readonly line: string;
  readonly status: number;
}

const host = 'http://localhost:1000';
const json = '-H "Content-Type: application/json"';

/** Signing in step by step, with the names of Pieces OS and of Auth0. */
const loginRows: readonly Row[] = [
  { operation: 'GET /pkce/challenge', line: `curl ${host}/pkce/challenge`, status: 200 },
  {
    operation: 'POST /pkce/code',
    note: 'Without a body it uses the settings.',
    line: `curl -X POST ${host}/pkce/code`,
    status: 200,
  },
  {
    operation: 'POST /pkce/token',
    note: 'Without a body it takes your newest code.',
    line: `curl -X POST ${host}/pkce/token`,
    status: 200,
  },
  { operation: 'GET /userinfo', line: `curl ${host}/userinfo`, status: 200 },
  {
    operation: 'POST /oauth/token',
    note: 'Takes a form or JSON; `grant_type=refresh_token` gives a fresh access token of the session.',
    line: `curl -d grant_type=refresh_token -d client_id=loopgate-demo ${host}/oauth/token`,
    status: 200,
  },
  {
    operation: 'GET /authorize',
    note: 'Answers with the code and the state.',
    line: `curl "${host}/authorize?audience=https://api.loopgate.test/&scope=openid+profile+email&response_type=code&client_id=loopgate-demo&code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&response_mode=form_post"`,
    status: 200,
  },
  {
    operation: 'POST /pkce/response/code',
    note: 'A code that no login waits for is refused. A program that relays a code sends `iss` along if the provider announces it.',
    line: `curl -d code=none -d state=none ${host}/pkce/response/code`,
    status: 400,
  },
  { operation: 'POST /pkce/clear', line: `curl -X POST ${host}/pkce/clear`, status: 204 },
  {
    operation: 'GET /v2/logout',
    note: '[How it is revoked](../start/sign-out.md). With `?federated` it also ends the session of the provider behind this one (Auth0).',
    line: `curl ${host}/v2/logout`,
    status: 200,
  },
];

/** What sign-in clients use beside them. */
const clientRows: readonly Row[] = [
  {
    operation: 'GET, HEAD /.well-known/health',
    note: 'The answer names this run: `ok:` and its `instance`.',
    line: `curl ${host}/.well-known/health`,
    status: 200,
  },
  { operation: 'GET /.well-known/stream/health', line: `curl ${host}/.well-known/stream/health`, status: 400 },
  {
    operation: 'GET /.well-known/version',
    note: 'The setting `compatibleVersion` decides the first of the two.',
    line: `curl ${host}/.well-known/version`,
    status: 200,
  },
  {
    operation: 'POST /connect',
    line: `curl ${json} -d '{"application":{"name":"VS_CODE","version":"1.0.0","platform":"LINUX"}}' ${host}/connect`,
    status: 200,
  },
  {
    operation: 'POST /{application}/onboarded',
    note: 'Answers 401 to a program that never connected.',
    line: `curl ${json} -d true ${host}/none/onboarded`,
    status: 401,
  },
  {
    operation: 'POST /os/sign_in',
    note: 'Waits for 110 s at most. The terminal is that of a headless host where `$BROWSER` opens nothing.',
    line: `curl -X POST ${host}/os/sign_in`,
    status: 200,
  },
  { operation: 'GET /user', line: `curl ${host}/user`, status: 200 },
  {
    operation: 'GET /user/stream',
    note: 'With the subprotocol `loopgate.reasons`, a JSON error that gives the reason comes instead of the empty frame.',
    line: `curl ${host}/user/stream`,
    status: 400,
  },
  { operation: 'GET /user/refresh', line: `curl ${host}/user/refresh`, status: 200 },
  { operation: 'GET /users', line: `curl ${host}/users`, status: 200 },
  { operation: 'GET /users/{user}', line: `curl ${host}/users/nobody`, status: 404 },
  {
    operation: 'POST /user/select',
    line: `curl ${json} -d '{"user_id":"nobody"}' ${host}/user/select`,
    status: 404,
  },
  {
    operation: 'POST /users/{user}/disconnect',
    note: 'Answers who is still signed in.',
    line: `curl -X POST ${host}/users/nobody/disconnect`,
    status: 404,
  },
  {
    operation: 'GET /user/access_token',
    note: 'The answer is plain text. The provider must grant the other API.',
    line: `curl ${host}/user/access_token`,
    status: 200,
  },
  {
    operation: 'POST /os/sign_out',
    note: 'Answers who is still signed in. [How it is revoked](../start/sign-out.md).',
    line: `curl -X POST ${host}/os/sign_out`,
    status: 200,
  },
  {
    operation: 'POST /user/clear',
    note: 'The same as `/os/sign_out`, without an answer.',
    line: `curl -X POST ${host}/user/clear`,
    status: 204,
  },
  {
    operation: 'GET /openapi.json',
    note: 'The whole API as OpenAPI 3.1.',
    line: `curl ${host}/openapi.json`,
    status: 200,
  },
  {
    operation: 'GET /docs',
    note: 'The same for reading in a browser. The page cannot call the API.',
    line: `curl ${host}/docs`,
    status: 200,
  },
];

/** `GET, HEAD /path` → `GET`, `/path`: what is said of a path is said of its first method. */
function described(document: ApiDocument, operation: string): DescribedOperation | undefined {
  const [, method = '', path = ''] = /^(\w+).* (\S+)$/.exec(operation) ?? [];
  return document.paths[path]?.[method.toLowerCase()];
}

function tryTable(document: ApiDocument, rows: readonly Row[]): string {
  return table(
    ['operation', 'what it does', 'try', 'answers'],
    rows.map(({ operation, note = '', line, status }) => {
      const [, methods = '', path = ''] = /^(.*) (\S+)$/.exec(operation) ?? [];
      const summary = described(document, operation)?.summary;
      const sentence = summary === undefined || /[.?]$/.test(summary) ? (summary ?? '') : `${summary}.`;
      return [`${methods} \`${path}\``, `${sentence} ${note}`.trim(), `\`${line}\``, String(status)];
    }),
  );
}

/** The codes that each operation answers with, beyond those that all of them share. */
function errorsTable(operations: readonly (DescribedOperation & { readonly name: string })[]): string[] {
  const codes = operations.map(({ responses }) =>
    Object.values(responses).flatMap(({ content = {} }) => {
      const { examples = {} } = (content['application/json'] ?? {}) as { examples?: object };
      return Object.keys(examples);
    }),
  );
  const shared = (codes[0] ?? []).filter((code) => codes.every((others) => others.includes(code)));
  const quoted = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ') || '–';
  const rows = operations.map(({ name, operationId, description }, index) => [
    name,
    `\`${operationId}\``,
    description.replace(/^Used by: (.*)\.$/, '$1'),
    quoted((codes[index] ?? []).filter((code) => !shared.includes(code))),
  ]);
  return [
    `Every operation can answer with ${quoted(shared)}. [The table of errors](errors.md) says what each code means. An operation with \`consent_denied\` asks the person before a program uses it for the first time.`,
    table(['operation', 'name in the clients', 'used by', 'errors beyond these'], rows),
  ];
}

/** `docs/reference/operations.md`. */
export function operationsPage(document: ApiDocument): string {
  const byPath = Object.entries(document.paths).sort(([path], [other]) => (path < other ? -1 : 1));
  const operations = byPath.flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      ...operation,
      name: `${method.toUpperCase()} \`${path}\``,
    })),
  );
  return page(
    'Operations of the API',
    'The lines under *try* work when you paste them while `LOOPGATE_DEMO=1 npm run serve` runs, in this order. A test runs each of them. `/docs` shows the models of all requests and answers, and [openapi.json](../../openapi.json) has them for programs.',
    '## Sign in step by step',
    tryTable(document, loginRows),
    '## Who is signed in',
    'Sign-in clients use these beside them:',
    tryTable(document, clientRows),
    '## Limits',
    'A body may have 32 KiB in a thousand chunks, the address together with the headers 16 KiB, and a query or a form a hundred parameters. A connection that has sent more than a hundred requests without an answer is cut. 1,000 WebSockets may be open, 500 of them of programs that you have not allowed, and 100 of one such program.',
    '## Names and errors',
    ...errorsTable(operations),
  );
}
