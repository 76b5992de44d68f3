import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** What a connection may take up (L6). Times in milliseconds. */
export interface ConnectionLimits {
  /** For the headers to come, counted from the opening: also for a connection that says nothing. */
  readonly headers: number;
  /** For the whole request to come. */
  readonly request: number;
  /** For the next request on the same connection. Node's 5 s reset pooled clients in the middle of a request (L7). */
  readonly keepAlive: number;
  /** For an answer that nobody reads. Making one may take any time: a person signs in meanwhile. */
  readonly unread: number;
  /** How often the first two are looked at. */
  readonly checking: number;
  /**
   * Connections of each family; below what systems let a process open (4,096 descriptors). Beyond it the idlest connection is
   * closed, so that another user of the machine cannot keep the port busy.
   */
  readonly connections: number;
}

export const defaultLimits: ConnectionLimits = {
  headers: 10_000,
  request: 15_000,
  keepAlive: 65_000,
  unread: 30_000,
  checking: 2_000,
  connections: 1_500,
};

/** What happened on a connection. */
interface Standing {
  /** When it came, or asked last: counted up with every connection and request of the server. */
  lastAsked: number;
  /** The newest answer, and those before it that are not yet over. */
  readonly answers: ServerResponse[];
}

/** The connections of a server. It closes those that are useless (L6). */
export class Connections {
  readonly #open = new Map<Duplex, Standing>();
  #asked = 0;

  constructor(server: Server, limits: ConnectionLimits) {
    server.on('connection', (socket: Socket) => {
      if (!this.#open.has(socket)) this.#open.set(socket, { lastAsked: this.#count(), answers: [] });
      socket.once('close', () => this.#open.delete(socket));
      if (this.#open.size > limits.connections) this.#letOneGo();
    });
    // The end of keep-alive and an answer that nobody reads both come as this event.
    server.on('timeout', (socket) => {
      if (!this.#isBeingAnswered(socket)) socket.destroy();
    });
    // An interval, as a timer for every answer costs much more, and hardly any is left unread.
    const looking = setInterval(() => this.#watchUnread(limits.unread), limits.checking);
    looking.unref();
    server.once('close', () => clearInterval(looking));
  }

  /** A request has come on this connection. */
  answering(socket: Duplex, response: ServerResponse): void {
    const standing = this.#open.get(socket);
    if (!standing) return;
    standing.lastAsked = this.#count();
    const { answers } = standing;
    while (answers[0]?.closed) answers.shift();
    answers.push(response);
  }

  /**
   * Where an error on this connection stands: after the answer `before`, to the last request that came whole. `isAnswered`
   * says that the request with the error has its answer already.
   */
  answersOn(socket: Duplex): { before: ServerResponse | undefined; isAnswered: boolean } {
    const answers = this.#open.get(socket)?.answers ?? [];
    const last = answers.at(-1);
    return {
      before: answers.findLast(({ req, closed }) => req.complete && !closed),
      isAnswered: last !== undefined && !last.req.complete && last.headersSent,
    };
  }

  /** Stops watching this connection: it has become a WebSocket, say. */
  release(socket: Duplex): void {
    this.#open.delete(socket);
  }

  #count(): number {
    this.#asked += 1;
    return this.#asked;
  }

  /** A whole request came, and its answer is being made. */
  #isBeingAnswered(socket: Duplex): boolean {
    const answers = this.#open.get(socket)?.answers ?? [];
    return answers.some(({ req, writableEnded, closed }) => req.complete && !writableEnded && !closed);
  }

  /** Gives finished answers that are not read yet a timeout. Each read starts it again, and Node removes it after the answer. */
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
