import { z } from 'zod';
import { type ErrorCode, errorTable } from '../../errors/errors.ts';
import { errorStatus, errorsMarkdown } from '../errors.ts';
import type { Operation, OperationDescription } from '../operation.ts';
import { models } from '../wire/models.ts';

/** The errors of every operation. Even a GET may have a body that is too large. */
const commonErrors = [
  'invalid_request',
  'forbidden_origin',
  'payload_too_large',
  'unsupported_media_type',
  'internal',
] as const satisfies readonly ErrorCode[];

/** Errors before a request is complete (L6, L7): `invalid_request`, with HTTP's own status. */
const httpErrors = {
  408: 'The request was sent too slowly.',
  431: 'The address or the headers are larger than 16 KiB.',
} as const;

/** Real answers by operationId. `npm run reference` records them from a running host and replaces secrets and times. */
export type Examples = Readonly<Record<string, unknown>>;

type Json = Record<string, unknown>;

/**
 * Builds the OpenAPI 3.1 document. Schemas come from the models in wire/, errors from the one table.
 * @param examples - the answers to show as examples
 */
export function openApiDocument(operations: readonly Operation[], version: string, examples: Examples): Json {
  const schemas = modelSchemas();
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    const { method, path, description } = operation;
    if (!description) continue;
    const written = path.replace(/:([A-Za-z]+)/g, '{$1}');
    paths[written] = {
      ...paths[written],
      [method.toLowerCase()]: describe(operation, description, examples[description.operationId]),
    };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Loopgate',
      version,
      summary: "The local auth broker of a developer's machine",
      description: [
        'Answers programs of the same user on the same machine only, and those alone that the person allows: at its first request a program waits for their answer. Errors are JSON with a stable code in `error` and what happened, and what to do next, in `error_description`.',
        // Some codes, such as `not_found`, come from the server and not from an operation.
        `<details><summary>All error codes</summary>\n\n${errorsMarkdown()}\n\n</details>`,
      ].join('\n\n'),
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: 'http://localhost:1000', description: 'then 5323, then 39300 to 39303' }],
    tags: [
      { name: 'PKCE', description: 'A login, step by step' },
      { name: 'Auth0', description: 'The same paths as at Auth0' },
      { name: 'User', description: 'Who is signed in' },
      { name: 'Service', description: 'Finding and greeting the server' },
    ],
    paths,
    // The operating system identifies callers, so requests need no credentials. A linter expects an explicit statement.
    security: [],
    components: { schemas },
  };
}

function describe({ path, needs }: Operation, description: OperationDescription, example: unknown): Json {
  const { operationId, tag, summary, usedBy, answer, body } = description;
  const parameters = [...pathParameters(path), ...queryParameters(description), ...headerParameters(description)];
  return {
    operationId,
    tags: [tag],
    summary,
    description: `Used by: ${usedBy}.`,
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: {
        required: body.required,
        content: Object.fromEntries(
          Object.entries(body.content).map(([type, schema]) => [type, { schema: schemaOf(schema) }]),
        ),
      },
    }),
    responses: {
      [answer.status]: {
        description: answer.description,
        ...(answer.mediaType && {
          content: {
            [answer.mediaType]: {
              ...(answer.schema && { schema: schemaOf(answer.schema) }),
              ...(example !== undefined && { example }),
            },
            ...(description.hasPages && page),
          },
        }),
      },
      ...(description.redirectsBrowsers && {
        303: { description: 'For a browser that navigates here: it is sent on' },
      }),
      ...errorResponses(description, needs),
      ...(description.alsoAnswers && {
        [description.alsoAnswers.status]: {
          description: description.alsoAnswers.description,
          content: { 'text/plain': { schema: { type: 'string' } } },
        },
      }),
    },
  };
}

/** The errors of the question to the person. */
const consentErrors = ['consent_denied', 'rate_limited'] as const satisfies readonly ErrorCode[];

/** The page that a browser gets for the same result. */
const page: Json = { 'text/html': { schema: { type: 'string' } } };

/** One response for each status. Its enum lists the codes with that status. */
function errorResponses({ errors, hasPages = false }: OperationDescription, needs: Operation['needs']): Json {
  const consent = needs === 'nothing' ? [] : consentErrors;
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of new Set([...errors, ...consent, ...commonErrors])) {
    const status = errorStatus[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const before = Object.entries(httpErrors).map(([status, description]) => [
    status,
    { description, content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } } },
  ]);
  return {
    ...Object.fromEntries(before),
    ...Object.fromEntries([...byStatus].map(([status, codes]) => [status, errorResponse(codes, hasPages)])),
  };
}

function errorResponse(codes: readonly ErrorCode[], hasPages: boolean): Json {
  const examples = codes.map((code) => {
    const { happened, next } = errorTable[code];
    return [code, { value: { error: code, error_description: `${happened} ${next}` } }];
  });
  const schema = {
    allOf: [{ $ref: '#/components/schemas/Error' }, { type: 'object', properties: { error: { enum: codes } } }],
  };
  return {
    description: codes.map((code) => `\`${code}\`: ${errorTable[code].happened}`).join(' '),
    content: {
      'application/json': { schema, examples: Object.fromEntries(examples) },
      ...(hasPages && page),
    },
  };
}

function pathParameters(path: string): Json[] {
  return [...path.matchAll(/:([A-Za-z]+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function queryParameters({ query }: OperationDescription): Json[] {
  if (!query) return [];
  const { properties = {}, required = [] } = z.toJSONSchema(query, { unrepresentable: 'any' });
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
    // A list in a query is one text with spaces, as OAuth writes scopes.
    ...(typeof schema === 'object' && schema.type === 'array' && { style: 'spaceDelimited', explode: false }),
  }));
}

function headerParameters({ headers = {} }: OperationDescription): Json[] {
  return Object.entries(headers).map(([name, description]) => ({
    name,
    in: 'header',
    description,
    schema: { type: 'string' },
  }));
}

/** A reference for a model, an inline schema for anything else. */
function schemaOf(schema: z.ZodType): Json {
  const name = Object.entries(models).find(([, model]) => model === schema)?.[0];
  if (name !== undefined) return { $ref: `#/components/schemas/${name}` };
  const { $schema: _, ...inPlace } = z.toJSONSchema(schema, { unrepresentable: 'any', override: forUnknownFields });
  return inPlace;
}

/** Requests ignore unknown fields, and answers may gain fields in later versions. */
function forUnknownFields({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  delete jsonSchema.additionalProperties;
}

/** All models, linked by references, without the keywords of a standalone schema. */
function modelSchemas(): Json {
  const registry = z.registry<{ id: string }>();
  for (const [id, model] of Object.entries(models)) registry.add(model, { id });
  const { schemas } = z.toJSONSchema(registry, {
    unrepresentable: 'any',
    uri: (id) => `#/components/schemas/${id}`,
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema instanceof z.ZodDiscriminatedUnion) {
        jsonSchema.discriminator = { propertyName: zodSchema._zod.def.discriminator };
      }
      forUnknownFields({ jsonSchema });
    },
  });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, { $schema: _schema, $id: _id, ...schema }]) => [name, schema]),
  );
}
