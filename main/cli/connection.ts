import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { dataPath } from '../storage/dataFolder.ts';
import { type Endpoint, isEndpointCurrent, readEndpoint } from '../storage/endpointFile.ts';
import { readText } from '../system/readText.ts';
import { CommandFailure } from './failure.ts';

const apiError = z.object({ error: z.string(), error_description: z.string() });

/** A request to the API. */
export interface ApiCall {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Path and query. */
  readonly path: string;
  /** Sends the command's key, for operations that no other program may use. */
  readonly withKey?: boolean;
}

/** A connection to the running Loopgate through its HTTP API. */
export class Connection {
  readonly endpoint: Endpoint;
  readonly #home: string;
  readonly #interrupted: AbortSignal;
  /**
   * One connection for all requests: an unidentified program is allowed only for its connection. No proxy for loopback.
   */
  readonly #agent = new Agent({ keepAlive: true });

  constructor(endpoint: Endpoint, home: string, interrupted: AbortSignal) {
    this.endpoint = endpoint;
    this.#home = home;
    this.#interrupted = interrupted;
  }

  /**
   * The answer as JSON.
   * @throws CommandFailure with the API's own error
   */
  async json<Schema extends z.ZodType>(call: ApiCall, schema: Schema): Promise<z.output<Schema>> {
    const parsed = schema.safeParse(jsonOf(await this.text(call)));
    if (parsed.success) return parsed.data;
    throw new CommandFailure(
      'failed',
      `This command cannot read the answer to ${call.method} ${call.path.split('?')[0]}. Use the command of the running Loopgate (${this.endpoint.version}).`,
    );
  }

  /**
   * The answer as text; empty for none.
   * @throws CommandFailure with the API's own error
   */
  async text(call: ApiCall): Promise<string> {
    const { status, body } = await this.#ask(call, this.#interrupted);
    if (status < 400) return body;
    const error = apiError.safeParse(jsonOf(body));
    if (error.success) throw new CommandFailure(error.data.error, error.data.error_description);
    throw new CommandFailure('failed', `The API answered with status ${status}. Try again.`);
  }

  /** Sends a request after Ctrl+C and ignores the answer. */
  async tell(call: ApiCall): Promise<void> {
    await this.#ask(call, AbortSignal.timeout(2_000)).catch(() => undefined);
  }

  close(): void {
    this.#agent.destroy();
  }

  #ask({ method, path, withKey = false }: ApiCall, signal: AbortSignal): Promise<{ status: number; body: string }> {
    const { port } = this.endpoint;
    return new Promise((resolve, reject) => {
      // By number (R8: this address always exists), so that an entry for `localhost` cannot redirect it.
      const sent = request({
        host: '127.0.0.1',
        port,
        method,
        path,
        signal,
        agent: this.#agent,
        headers: { Host: `localhost:${port}`, ...(withKey && { Authorization: `Bearer ${this.#key()}` }) },
      });
      sent.on('response', (answer) => {
        text(answer).then((body) => resolve({ status: answer.statusCode ?? 0, body }), reject);
      });
      sent.on('error', (error) => reject(signal.aborted ? interrupted() : unreachable(this.endpoint, error)));
      sent.end();
    });
  }

  #key(): string {
    const path = dataPath(this.#home, 'commandKey');
    const key = readText(path);
    if (key !== undefined && key !== '') return key;
    throw new CommandFailure('failed', `${path} is missing. Restart Loopgate, which creates it at every start.`);
  }
}

/** The endpoint of the Loopgate on this data folder; undefined when none runs, even if a killed one left its file. */
export function runningEndpoint(home: string): Endpoint | undefined {
  const found = readEndpoint(home);
  return found && isEndpointCurrent(found) ? found : undefined;
}

export function interrupted(): CommandFailure {
  return new CommandFailure('interrupted', 'Interrupted. Nothing more happens.');
}

function unreachable({ address }: Endpoint, error: Error): CommandFailure {
  const code = 'code' in error ? String(error.code) : error.message;
  return new CommandFailure(
    'not_running',
    `Loopgate does not answer at ${address} (${code}): it may just be ending. Try again in a moment.`,
  );
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
