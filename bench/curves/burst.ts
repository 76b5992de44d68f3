import type { Socket } from 'node:net';
import { opened, openedMany } from '../sockets.ts';

/** How many connections carry a burst at most: a host takes 1,500 of each family (L6). What is more is pipelined. */
export const mostConnections = 1_000;

/** A number of requests that are all in flight at the same moment, again and again. */
export class Burst {
  readonly #connections: readonly Connection[];

  private constructor(connections: readonly Connection[]) {
    this.#connections = connections;
  }

  /**
   * Opens the connections, and asks once on each: who they are is looked up with their first request.
   * @param inFlight - how many requests at the same moment
   */
  static async open(port: number, path: string, inFlight: number): Promise<Burst> {
    const count = Math.min(inFlight, mostConnections);
    const request = `GET ${path} HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`;
    const connections = await openedMany(count, async () => {
      const connection = new Connection(await opened(port), request, Math.ceil(inFlight / count));
      await connection.measureAnswer();
      return connection;
    });
    return new Burst(connections);
  }

  /** Sends them all. @returns the milliseconds until the last answer. @throws Error for an answer that differs */
  async fire(): Promise<number> {
    const began = performance.now();
    await Promise.all(this.#connections.map((connection) => connection.askAll()));
    return performance.now() - began;
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }
}

/** All answers are equally long: they are counted by their bytes. */
class Connection {
  readonly #socket: Socket;
  readonly #request: string;
  readonly #pipelined: number;
  #answerLength = 0;
  #take: (chunk: Buffer) => void = () => undefined;
  #fail: (error: Error) => void = () => undefined;

  constructor(socket: Socket, request: string, pipelined: number) {
    this.#socket = socket;
    this.#request = request;
    this.#pipelined = pipelined;
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('The host has closed a connection.')));
  }

  async measureAnswer(): Promise<void> {
    let answer = '';
    await this.#ask(this.#request, (chunk) => {
      answer += chunk.toString('latin1');
      const end = answer.indexOf('\r\n\r\n') + 4;
      const length = Number(/^content-length: (\d+)/im.exec(answer)?.[1]);
      return end > 4 && answer.length >= end + length;
    });
    if (!answer.startsWith('HTTP/1.1 200 ')) throw new Error(`An answer that is not 200: ${answer}`);
    this.#answerLength = answer.length;
  }

  async askAll(): Promise<void> {
    const expected = this.#pipelined * this.#answerLength;
    let received = 0;
    await this.#ask(this.#request.repeat(this.#pipelined), (chunk) => {
      received += chunk.length;
      if (received > expected) this.#fail(new Error(`An answer that differs: ${chunk.toString('latin1')}`));
      return received === expected;
    });
  }

  close(): void {
    this.#fail = () => undefined;
    this.#socket.destroy();
  }

  /** @param isOver - gets each chunk, and says whether it was the last one */
  #ask(text: string, isOver: (chunk: Buffer) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      this.#take = (chunk) => {
        if (isOver(chunk)) resolve();
      };
      this.#socket.write(text);
    });
  }
}
