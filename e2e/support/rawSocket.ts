import { connect, type Socket } from 'node:net';

/** An answer as it came over the socket. */
export interface WireAnswer {
  readonly status: number;
  /** By lower-case name; a name that came twice has both values, joined by a comma. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** No answer of the broker's takes this long but a login that nobody finishes. Milliseconds. */
const timeout = 20_000;

/** Connections that wait for their next request, as the clients keep them too. By port. */
const idle = new Map<number, Connection[]>();

/**
 * Sends these very bytes to 127.0.0.1 and gives the one answer. No HTTP library comes between: nothing is added, nothing
 * is put right. The connection is kept for the next request where the answer allows it: what one request leaves unread
 * disturbs the next.
 */
export async function sendBytes(port: number, bytes: string): Promise<WireAnswer> {
  const isHead = bytes.startsWith('HEAD ');
  const free = idle.get(port)?.filter(({ isOpen }) => isOpen) ?? [];
  const connection = free.pop() ?? new Connection(port);
  idle.set(port, free);
  const answer = await connection.ask(bytes, (received, isOver) => {
    const head = headOf(received);
    if (!head) return undefined;
    const rest = received.subarray(head.end);
    const hasNone = isHead || head.status === 204 || head.status === 304;
    const body = hasNone ? '' : bodyOf(head.headers, rest, isOver);
    if (body === undefined) return undefined;
    if (rest.length > Buffer.byteLength(body)) throw new Error(`more came than was announced: ${String(rest)}`);
    return { status: head.status, headers: head.headers, body };
  });
  if (answer.headers.get('connection') === 'close') connection.end();
  else idle.get(port)?.push(connection);
  return answer;
}

/** Sends the bytes of a WebSocket handshake and gives the handshake's answer and the first text frame after it. */
export async function sendHandshake(port: number, bytes: string): Promise<WireAnswer> {
  const connection = new Connection(port);
  try {
    return await connection.ask(bytes, (received) => {
      const head = headOf(received);
      if (!head) return undefined;
      const body = head.status === 101 ? textFrame(received.subarray(head.end)) : '';
      return body === undefined ? undefined : { status: head.status, headers: head.headers, body };
    });
  } finally {
    connection.end();
  }
}

/**
 * Sends these very bytes on a connection of their own and gives every answer that came until the other side closed. Bytes
 * are written as latin1, so that a test can write what is no text.
 * @throws when the connection is reset, or is still open when nothing more is to be expected
 */
export async function allAnswers(port: number, bytes: string, address = '127.0.0.1'): Promise<WireAnswer[]> {
  const received = await new Promise<Buffer>((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, address);
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`still open after ${timeout} ms: ${bytes.slice(0, 200)}`));
    }, timeout);
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks));
    });
    socket.write(bytes, 'latin1');
  });
  const answers: WireAnswer[] = [];
  let rest = received;
  for (let head = headOf(rest); head; head = headOf(rest)) {
    const after = rest.subarray(head.end);
    const hasNone = bytes.startsWith('HEAD ') || head.status === 204;
    const body = hasNone ? '' : bodyOf(head.headers, after, true);
    if (body === undefined) throw new Error(`the connection ended too early, after: ${String(received)}`);
    answers.push({ status: head.status, headers: head.headers, body });
    rest = after.subarray(Buffer.byteLength(body));
  }
  if (rest.length > 0) throw new Error(`more came than was announced: ${String(rest)}`);
  return answers;
}

/** One connection, with one question at a time. */
class Connection {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #look: (problem?: Error) => void = () => undefined;

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#look();
    });
    this.#socket.on('error', (error) => this.#look(error));
    this.#socket.on('close', () => this.#look());
  }

  get isOpen(): boolean {
    return this.#socket.readyState === 'open';
  }

  /** @param read - undefined as long as the answer is not whole; `isOver` says that nothing more will come */
  ask<T>(bytes: string, read: (received: Buffer, isOver: boolean) => T | undefined): Promise<T> {
    this.#received = Buffer.alloc(0);
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer within ${timeout} ms to: ${bytes}`)), timeout);
      this.#look = (problem) => {
        try {
          if (problem) throw problem;
          const isOver = this.#socket.closed;
          const answer = read(this.#received, isOver);
          if (answer === undefined && !isOver) return;
          if (answer === undefined) throw new Error(`the connection ended too early, after: ${String(this.#received)}`);
          resolve(answer);
        } catch (error) {
          reject(error);
        }
        clearTimeout(timer);
        this.#look = () => undefined;
      };
      this.#socket.write(bytes);
    });
  }

  end(): void {
    this.#socket.destroy();
  }
}

interface Head {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  /** Where the body begins. */
  readonly end: number;
}

/** The status line and headers; undefined until they are whole. An interim answer (100) is passed over. */
function headOf(received: Buffer, from = 0): Head | undefined {
  const blank = received.indexOf('\r\n\r\n', from);
  if (blank === -1) return undefined;
  const [first = '', ...lines] = received.subarray(from, blank).toString('latin1').split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1]);
  if (status === 100) return headOf(received, blank + 4);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name = '', value = ''] = /^([^:]+): ?(.*)$/.exec(line) ?? [];
    const key = name.toLowerCase();
    const known = headers.get(key);
    headers.set(key, known === undefined ? value : `${known}, ${value}`);
  }
  return { status, headers, end: blank + 4 };
}

/** The body by its announced length, or all until the end; undefined until it is whole. */
function bodyOf(headers: ReadonlyMap<string, string>, rest: Buffer, isOver: boolean): string | undefined {
  const announced = headers.get('content-length');
  if (announced === undefined) return isOver ? rest.toString() : undefined;
  const length = Number(announced);
  return rest.length < length ? undefined : rest.subarray(0, length).toString();
}

/** RFC 6455 §5.2: one unmasked text frame with a length of up to 16 bits; undefined until it is whole. */
function textFrame(bytes: Buffer): string | undefined {
  if (bytes.length < 2) return undefined;
  // On a busy machine it may be asked first whether it is there.
  if (bytes[0] === 0x89 && bytes[1] === 0) return textFrame(bytes.subarray(2));
  if (bytes[0] !== 0x81) throw new Error(`the first frame is no text: ${bytes.toString('hex')}`);
  const short = bytes.readUInt8(1);
  if (short === 126 && bytes.length < 4) return undefined;
  const [start, length] = short === 126 ? [4, bytes.readUInt16BE(2)] : [2, short];
  return bytes.length < start + length ? undefined : bytes.subarray(start, start + length).toString();
}
