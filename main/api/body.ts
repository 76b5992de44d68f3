import { BrokerError } from '../broker/errors.ts';
import type { ApiRequest } from './operation.ts';

/**
 * The JSON body, or undefined for none: clients write "none" as zero bytes under any Content-Type, or as `null`.
 * @throws BrokerError `unsupported_media_type`, `invalid_request`
 */
export function jsonBody({ body, mediaType }: ApiRequest): unknown {
  if (body.trim() === '') return undefined;
  // Exactly JSON: a text/plain body needs no preflight, so a web page could send it.
  if (mediaType !== 'application/json') throw new BrokerError('unsupported_media_type');
  try {
    const value: unknown = JSON.parse(body);
    return value === null ? undefined : value;
  } catch {
    throw new BrokerError('invalid_request', { happened: 'The body is not valid JSON.' });
  }
}

/** The form body; none is an empty form. @throws BrokerError `unsupported_media_type`, `invalid_request` */
export function formBody({ body, mediaType }: ApiRequest): URLSearchParams {
  if (body !== '' && mediaType !== 'application/x-www-form-urlencoded') throw new BrokerError('unsupported_media_type');
  return parametersOf(body);
}

/** L6: of a query or a form. No model has a fifth of that; what a client sends beside it is passed over. */
const mostParameters = 100;

/** A query or a form; empty parameters count too. @throws BrokerError `invalid_request` when there are too many */
export function parametersOf(text: string): URLSearchParams {
  const count = text.split('&').length;
  if (count > mostParameters) {
    throw new BrokerError('invalid_request', {
      happened: `The request has ${count} parameters; no more than ${mostParameters} are read.`,
    });
  }
  return new URLSearchParams(text);
}
