import { verbatim } from '../../preload/texts/messages.ts';
import { LoopgateError } from '../errors/errors.ts';
import type { ApiRequest } from './operation.ts';
import { parametersToObject } from './wire/parse.ts';

const jsonType = 'application/json';
const formType = 'application/x-www-form-urlencoded';

/**
 * The JSON body; undefined for none. Clients write "none" as zero bytes under any Content-Type, or as `null`.
 * @throws LoopgateError `unsupported_media_type`, `invalid_request`
 */
export function jsonBody({ body, mediaType }: ApiRequest): unknown {
  if (body.trim() === '') return undefined;
  // JSON only: a text/plain body needs no preflight, so a web page could send it.
  if (mediaType !== jsonType) throw unsupported(jsonType);
  try {
    const value: unknown = JSON.parse(body);
    return value === null ? undefined : value;
  } catch {
    throw new LoopgateError('invalid_request', { happened: verbatim('The body is not valid JSON.') });
  }
}

/**
 * The form body. A missing body is an empty form.
 * @throws LoopgateError `unsupported_media_type`, `invalid_request`
 */
export function formBody({ body, mediaType }: ApiRequest): URLSearchParams {
  if (body !== '' && mediaType !== formType) throw unsupported(formType);
  return parametersOf(body);
}

/**
 * A form or JSON. Auth0's token endpoint takes both, and Auth0's libraries send both.
 * @throws LoopgateError `unsupported_media_type`, `invalid_request`
 */
export function formOrJsonBody(request: ApiRequest): unknown {
  const { body, mediaType } = request;
  if (mediaType === jsonType) return jsonBody(request) ?? {};
  if (body !== '' && mediaType !== formType) throw unsupported(formType, jsonType);
  return parametersToObject(formBody(request));
}

function unsupported(...types: readonly string[]): LoopgateError {
  return new LoopgateError('unsupported_media_type', { next: verbatim(`Send it as ${types.join(' or ')}.`) });
}

/** L6: the limit for a query or a form. No model has a fifth as many fields, and the models ignore unknown ones. */
const maxParameters = 100;

/**
 * Parses a query or a form. Empty parameters count too.
 * @throws LoopgateError `invalid_request` for too many
 */
export function parametersOf(text: string): URLSearchParams {
  const count = text.split('&').length;
  if (count > maxParameters) {
    throw new LoopgateError('invalid_request', {
      happened: verbatim(`The request has ${count} parameters; no more than ${maxParameters} are read.`),
    });
  }
  return new URLSearchParams(text);
}
