import { randomUUID } from 'node:crypto';
import {
  registerSchema,
  type SchemaObject,
  setShouldValidateFormat,
  type Validator,
  validate,
} from '@hyperjump/json-schema/openapi-3-1';
import '@hyperjump/json-schema/formats';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorStatus } from '../main/api/errors.ts';
import examples from '../main/api/examples.json' with { type: 'json' };
import type { OperationDescription } from '../main/api/operation.ts';
import { apiOperations } from '../main/api/operationList.ts';
import { type ErrorCode, errorTable } from '../main/errors/errors.ts';
import committed from '../openapi.json' with { type: 'json' };
import packageJson from '../package.json' with { type: 'json' };
import { idleBroker } from '../testing/brokerWorld.ts';
import { testGate } from '../testing/testGate.ts';
import type { Pair } from './support/client.ts';
import { recordExamples, startPairForExamples } from './support/examples.ts';

/** What a test says when the API has changed and its description has not. */
const whatToDo = 'openapi.json or main/api/examples.json is stale: run "npm run reference" and look at what changed';

interface Content {
  readonly schema?: object;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

/** What an operation takes. */
interface Asked {
  readonly parameters?: readonly { readonly name: string; readonly schema: { readonly type?: string } }[];
  readonly requestBody?: {
    readonly content: Readonly<
      Record<string, { readonly schema: { readonly type?: string; readonly properties?: object } }>
    >;
  };
}

/** The part of the document that is looked at here. */
interface Described {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, Content>> }>>;
}

const paths = committed.paths as unknown as Readonly<Record<string, Readonly<Record<string, Described>>>>;

const operations = apiOperations({
  broker: idleBroker(),
  gate: testGate(),
  commandKey: 'unused',
  now: () => 0,
  log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
  instance: { id: randomUUID(), version: packageJson.version, compatibleVersion: '12.3.4' },
  docsFolder: '',
});

interface Route {
  readonly name: string;
  readonly method: string;
  readonly description: OperationDescription;
  /** The same in the committed document. */
  readonly inDocument: Described | undefined;
}

const described: Route[] = operations.flatMap(({ method, path, description }) => {
  if (!description) return [];
  const written = path.replace(/:([A-Za-z]+)/g, '{$1}');
  return [{ name: `${method} ${path}`, method, description, inDocument: paths[written]?.[method.toLowerCase()] }];
});

/** Where an example stands in the document, and the address of the schema that it has to meet. */
interface Placed {
  readonly place: string;
  readonly schema: string;
  readonly value: unknown;
}

/** OpenAPI 3.1 with its schemas: the rules for the document, and the dialect for what its schemas describe. */
const openApi = 'https://spec.openapis.org/oas/3.1/schema-base';
const address = 'https://loopgate.test/openapi.json';
/** RFC 6901 §6. */
const pointer = (...steps: readonly string[]) =>
  `${address}#${steps.map((step) => `/${encodeURI(step.replaceAll('~', '~0').replaceAll('/', '~1'))}`).join('')}`;

const placedExamples: Placed[] = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).flatMap(([method, { operationId, responses }]) =>
    Object.entries(responses).flatMap(([status, { content = {} }]) =>
      Object.entries(content).flatMap(([mediaType, { example, examples: named = {} }]) => {
        const schema = pointer('paths', path, method, 'responses', status, 'content', mediaType, 'schema');
        const values = [...(example === undefined ? [] : [example]), ...Object.values(named).map(({ value }) => value)];
        return values.map((value) => ({ place: `${operationId} ${status}`, schema, value }));
      }),
    ),
  ),
);

describe('the API description', () => {
  let pair: Pair;
  beforeAll(async () => {
    setShouldValidateFormat(true);
    registerSchema(committed as SchemaObject, address, openApi);
    pair = await startPairForExamples();
  });
  afterAll(() => pair.stop());

  test('of the running host is the committed openapi.json', async () => {
    const served = await (await fetch(`${pair.host.address}/openapi.json`)).json();
    expect(served, whatToDo).toEqual(committed);
  });

  test('shows real answers: the same ones come again', async () => {
    const { host, provider } = pair;
    expect(await recordExamples(host, provider), whatToDo).toEqual(examples);
    expect(provider.errors).toEqual([]);
  });

  test('is valid OpenAPI 3.1, its schemas included', async () => {
    const { valid, errors } = await check(openApi, committed);
    expect(errors).toEqual([]);
    expect(valid).toBe(true);
  });

  test('gives every parameter and every field of a form a type, and a form is one object: generators take no other', () => {
    const parts = Object.entries(committed.paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, operation]: [string, Asked]) => {
        const form = operation.requestBody?.content['application/x-www-form-urlencoded'];
        const parameters = (operation.parameters ?? []).map(({ name, schema }) => ({ name, schema }));
        const fields = Object.entries(form?.schema.properties ?? {}).map(([name, schema]) => ({ name, schema }));
        if (form) expect([path, form.schema.type]).toEqual([path, 'object']);
        return [...parameters, ...fields].map((part) => ({ ...part, place: `${method} ${path}` }));
      }),
    );
    expect(parts.length).toBeGreaterThan(30);
    for (const { place, name, schema } of parts)
      expect([place, name, schema.type]).toEqual([place, name, expect.any(String)]);
  });

  test('says by which field a union of models is told apart', () => {
    expect(committed.components.schemas.TokenizedPKCE.discriminator).toEqual({ propertyName: 'grant_type' });
  });

  test('says that no operation takes credentials, as linters want it said', () => {
    expect(committed.security).toEqual([]);
  });

  test('is not called valid whatever it says', async () => {
    const broken = structuredClone(committed);
    broken.components.schemas.PKCE.type = 'objekt';
    expect((await check(openApi, broken)).valid).toBe(false);
  });

  test('has examples that meet their own schemas', async () => {
    const faults = await Promise.all(
      placedExamples.map(async ({ place, schema, value }) => ({ place, ...(await check(schema, value)) })),
    );
    expect(faults.filter(({ valid }) => !valid)).toEqual([]);
    expect(placedExamples.length).toBeGreaterThan(Object.keys(examples).length);
  });

  test('is checked with formats: an example with a wrong date would be seen', async () => {
    const profile = placedExamples.find(({ place }) => place === 'refreshUser 200');
    if (!profile) throw new Error('refreshUser has no example');
    const wrong = { ...examples.refreshUser, updated: { value: 'yesterday' } };
    expect((await check(profile.schema, wrong)).valid).toBe(false);
  });

  test.each(described)('describes $name', ({ method, description, inDocument }) => {
    const { operationId, summary, usedBy, answer, errors } = description;
    expect(inDocument, whatToDo).toMatchObject({ operationId, summary, description: `Used by: ${usedBy}.` });
    for (const words of [operationId, summary, usedBy]) expect(words).not.toBe('');

    const content = inDocument?.responses[answer.status]?.content ?? {};
    const shown = answer.mediaType === undefined ? undefined : content[answer.mediaType];
    const hasBody = answer.mediaType !== undefined && method !== 'HEAD';
    expect(shown?.example !== undefined).toBe(hasBody);

    for (const code of errors) {
      const refusal = inDocument?.responses[errorStatus[code]]?.content?.['application/json'];
      expect(Object.keys(refusal?.examples ?? {})).toContain(code);
    }
  });

  test('has one operationId for each operation', () => {
    const identifiers = described.map(({ description }) => description.operationId);
    expect(new Set(identifiers).size).toBe(identifiers.length);
    expect(described.length).toBeGreaterThan(20);
  });

  test.each(Object.entries(errorTable))('names the error %s', (code, { happened, next }) => {
    const status = errorStatus[code as ErrorCode];
    expect(committed.info.description).toContain(`| \`${code}\` | ${status} | ${happened} | ${next} |`);
  });

  test('leaves out pages, and what is for the command alone', () => {
    const pages = operations.filter(({ description }) => !description).map(({ method, path }) => `${method} ${path}`);
    expect(pages).toEqual([
      'GET /pkce/response/result/:id',
      'GET /openapi.json',
      'GET /docs',
      'GET /docs/openapi.js',
      'GET /docs/page.css',
      'GET /docs/page.js',
      'GET /docs/swagger-ui.css',
      'GET /docs/swagger-ui-bundle.js',
      'GET /programs',
      'DELETE /programs',
      'POST /window',
      'POST /device/login',
      'POST /device/code',
      'POST /device/wait',
      'POST /login-elsewhere',
      'GET /login/:ticket',
    ]);
  });
});

const prepared = new Map<string, Promise<Validator>>();

/** @param schema - its address @param value - anything that came from JSON */
async function check(schema: string, value: unknown): Promise<{ valid: boolean; errors: readonly object[] }> {
  const checking = prepared.get(schema) ?? validate(schema);
  prepared.set(schema, checking);
  const output = (await checking)(value as Parameters<Validator>[0], 'BASIC');
  return { valid: output.valid, errors: output.valid ? [] : (output.errors ?? []) };
}
