/** Says what is being measured, how long it has taken, and how long the whole is expected to take. */
export class Progress {
  readonly #began = performance.now();
  readonly #expected: number;
  readonly #stream: NodeJS.WriteStream;

  /** @param expected - in seconds */
  constructor(expected: number, stream: NodeJS.WriteStream = process.stderr) {
    this.#expected = expected;
    this.#stream = stream;
  }

  /** One line: in place of the last one on a terminal, else below it. */
  say(text: string): void {
    const elapsed = this.elapsed();
    const line = `${clockText(elapsed)} of about ${clockText(Math.max(elapsed, this.#expected))}  ${text}`;
    if (this.#stream.isTTY) this.#stream.write(`\r\u001b[2K${line.slice(0, (this.#stream.columns ?? 80) - 1)}`);
    else this.#stream.write(`${line}\n`);
  }

  /** In seconds. */
  elapsed(): number {
    return (performance.now() - this.#began) / 1000;
  }

  /** Leaves the terminal's line free for what comes next. */
  clear(): void {
    if (this.#stream.isTTY) this.#stream.write('\r\u001b[2K');
  }
}

/** @param seconds - shown as `3:07` */
export function clockText(seconds: number): string {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
