import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** The limits of a connection (L6). Times in milliseconds. */
export interface ConnectionLimits {
  /** For the arrival of the headers, from the opening of the connection, even a silent one. */
  readonly headers: number;
  /** For the arrival of the whole request. */
  readonly request: number;
  /** For the next request on the same connection. With Node's 5 s, pooled clients got resets during a request (L7). */
  readonly keepAlive: number;
  /**
   * For an answer that the client does not read. Building an answer has no limit, because a person may sign in first.
   */
  readonly unread: number;
  /** How often the server checks the first two limits. */
  readonly checking: number;
  /**
   * Connections of each address family. Both families and the WebSockets, which are counted apart, stay below what systems
   * let a process open (4,096 descriptors). Above this, the server closes the idlest connection, so that another user of
   * the machine cannot keep the port busy.
   */
  readonly connections: number;
  /**
   * Requests of one connection that have no complete answer yet. Node aborts them all in one go when the connection ends:
   * 100,000 of a program that was never allowed would hold up everybody for seconds.
   */
  readonly pipelined: number;
}

export const defaultLimits: ConnectionLimits = {
  headers: 10_000,
  request: 15_000,
  keepAlive: 65_000,
  unread: 30_000,
  checking: 2_000,
  connections: 1_250,
  pipelined: 100,
};

/** The state of a connection. */
interface Standing {
  /** When it was opened or last had a request, as a counter over all connections and requests. */
  lastAsked: number;
  /** The newest answer, and earlier ones that are not finished. */
  readonly answers: ServerResponse[];
}

/** The connections of a server. It closes the useless ones (L6). */
export class Connections {
  readonly #open = new Map<Duplex, Standing>();
  readonly #pipelined: number;
  #asked = 0;

  constructor(server: Server, limits: ConnectionLimits) {
    this.#pipelined = limits.pipelined;
    server.on('connection', (socket: Socket) => {
      if (!this.#open.has(socket)) this.#open.set(socket, { lastAsked: this.#count(), answers: [] });
      socket.once('close', () => this.#open.delete(socket));
      if (this.#open.size > limits.connections) this.#letOneGo();
    });
    // Both the end of keep-alive and an unread answer arrive as this event.
    server.on('timeout', (socket) => {
      if (!this.#isBeingAnswered(socket)) socket.destroy();
    });
    // One interval: a timer for each answer costs much more, and clients leave few answers unread.
    const looking = setInterval(() => this.#watchUnread(limits.unread), limits.checking);
    looking.unref();
    server.once('close', () => clearInterval(looking));
  }

  /**
   * Notes a request on this connection.
   * @returns false for one that gets no answer, because the connection has too many
   */
  answering(socket: Duplex, response: ServerResponse): boolean {
    // The parser gives the rest of what it has read even after the connection was cut.
    if (socket.destroyed) return false;
    const standing = this.#open.get(socket);
    if (!standing) return true;
    standing.lastAsked = this.#count();
    const { answers } = standing;
    while (answers[0]?.closed) answers.shift();
    answers.push(response);
    if (answers.length > this.#pipelined) socket.destroy();
    return !socket.destroyed;
  }

  /**
   * Finds where an error on this connection belongs: after the answer `before`, which belongs to the last complete
   * request. `isAnswered` means that the faulty request has its answer already.
   */
  answersOn(socket: Duplex): { before: ServerResponse | undefined; isAnswered: boolean } {
    const answers = this.#open.get(socket)?.answers ?? [];
    const last = answers.at(-1);
    return {
      before: answers.findLast(({ req, closed }) => req.complete && !closed),
      isAnswered: last !== undefined && !last.req.complete && last.headersSent,
    };
  }

  /** Stops watching this connection, for example because it became a WebSocket. */
  release(socket: Duplex): void {
    this.#open.delete(socket);
  }

  #count(): number {
    this.#asked += 1;
    return this.#asked;
  }

  /** Whether a complete request is being answered. */
  #isBeingAnswered(socket: Duplex): boolean {
    const answers = this.#open.get(socket)?.answers ?? [];
    return answers.some(({ req, writableEnded, closed }) => req.complete && !writableEnded && !closed);
  }

  /**
   * Sets a timeout for finished answers that are still unread. Each read restarts it, and Node removes it afterwards.
   */
  #watchUnread(milliseconds: number): void {
    for (const { answers } of this.#open.values()) {
      for (const { socket, writableEnded, closed } of answers) {
        if (writableEnded && !closed && socket && socket.timeout !== milliseconds) socket.setTimeout(milliseconds);
      }
    }
  }

  #letOneGo(): void {
    let idlest: Duplex | undefined;
    let lastAsked = Number.POSITIVE_INFINITY;
    for (const [socket, standing] of this.#open) {
      if (standing.lastAsked >= lastAsked || this.#isBeingAnswered(socket)) continue;
      idlest = socket;
      lastAsked = standing.lastAsked;
    }
    idlest?.destroy();
  }
}
