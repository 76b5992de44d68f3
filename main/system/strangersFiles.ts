import { Worker } from 'node:worker_threads';
import { type FileWork, fileHashes, fileLooks, fileTools, treeParts } from './fileWork.ts';
import { systemTimer, type Timer, withTimeout } from './timeout.ts';

/** When the work makes no progress for so long, in milliseconds, all other work is refused until it does. */
const patience = 5_000;
/** The longest that one piece may take, with whatever progress. */
const longest = 20_000;
/** How long a thread without work is kept, in milliseconds. */
const keptFor = 20_000;

/** Nothing is known about a file, because the file system of another one does not answer. */
export class NoAnswerError extends Error {
  constructor() {
    super('A file system does not answer.');
  }
}

type Method = keyof FileWork;
type Result<M extends Method> = ReturnType<FileWork[M]>;
/** What the thread sends. */
export type Answer = { readonly result: unknown } | { readonly message: string; readonly code?: string } | 'progress';

/** A thread that answers each message, in order. */
export type Thread = Pick<Worker, 'postMessage' | 'on' | 'terminate' | 'ref' | 'unref'>;

interface Job {
  readonly method: Method;
  readonly args: readonly unknown[];
  settle(answer: Exclude<Answer, 'progress'> | NoAnswerError): void;
}

/**
 * Does work on files whose place other programs choose, one piece at a time, in a thread of its own. A program can serve
 * a file system itself (FUSE) and never answer. Then the thread that asked waits for good, even if our process is killed.
 * This thread may: it is none of the few that do our own files, DNS and cryptography.
 */
export class StrangersFiles {
  /** Called when the work makes no progress any more, and when it does again. */
  onStuck: (isStuck: boolean) => void = () => undefined;
  readonly #timer: Timer;
  readonly #startThread: () => Thread;
  #jobs: Job[] = [];
  #current: Job | undefined;
  #thread: Thread | undefined;
  #isStuck = false;
  #cancel: () => void = () => undefined;
  #cancelLongest: () => void = () => undefined;
  #isOverdue = false;

  constructor(timer: Timer = systemTimer, startThread: () => Thread = startWorker) {
    this.#timer = timer;
    this.#startThread = startThread;
  }

  get isStuck(): boolean {
    return this.#isStuck;
  }

  /** Ends the thread. It never resolves while that waits for something. */
  async end(): Promise<void> {
    this.#cancel();
    await this.#thread?.terminate();
  }

  /**
   * Does one piece of work when its turn comes.
   * @throws NoAnswerError when earlier work, or this one, makes no progress
   */
  async do<M extends Method>(method: M, ...args: Parameters<FileWork[M]>): Promise<Result<M>> {
    if (this.#isStuck) throw new NoAnswerError();
    return await new Promise<Result<M>>((resolve, reject) => {
      const settle: Job['settle'] = (answer) => {
        if (answer instanceof Error) reject(answer);
        else if ('result' in answer) resolve(answer.result as Result<M>);
        else reject(Object.assign(new Error(answer.message), answer.code !== undefined && { code: answer.code }));
      };
      this.#jobs.push({ method, args, settle });
      this.#next();
    });
  }

  #next(): void {
    if (this.#current) return;
    this.#cancel();
    this.#current = this.#jobs.shift();
    if (!this.#current) {
      // An idle thread keeps no process alive.
      this.#thread?.unref();
      this.#cancel = this.#timer.after(keptFor, () => this.#stop());
      return;
    }
    this.#watch();
    this.#cancelLongest = this.#timer.after(longest, () => {
      this.#isOverdue = true;
      this.#tell(true);
    });
    const { method, args } = this.#current;
    this.#thread ??= this.#start();
    this.#thread.ref();
    this.#thread.postMessage([method, args]);
  }

  #start(): Thread {
    const thread = this.#startThread();
    thread.on('message', (answer: Answer) => {
      if (answer === 'progress' && this.#isOverdue) return;
      if (this.#isStuck) this.#tell(false);
      if (answer === 'progress') this.#watch();
      else this.#finish(answer);
    });
    // The next work has a new thread.
    const lose = () => {
      if (this.#thread !== thread) return;
      this.#thread = undefined;
      if (this.#isStuck) this.#tell(false);
      this.#finish(new NoAnswerError());
    };
    thread.on('error', lose);
    thread.on('exit', lose);
    return thread;
  }

  #finish(answer: Exclude<Answer, 'progress'> | NoAnswerError): void {
    const job = this.#current;
    this.#current = undefined;
    this.#isOverdue = false;
    this.#cancelLongest();
    job?.settle(answer);
    this.#next();
  }

  #stop(): void {
    const thread = this.#thread;
    this.#thread = undefined;
    void thread?.terminate();
  }

  #watch(): void {
    this.#cancel();
    this.#cancel = this.#timer.after(patience, () => this.#tell(true));
  }

  #tell(isStuck: boolean): void {
    if (this.#isStuck !== isStuck) this.onStuck(isStuck);
    this.#isStuck = isStuck;
    if (!isStuck) return;
    this.#thread?.unref();
    // The work under way has no end to wait for either. Its answer frees the thread.
    const refused = this.#jobs;
    this.#jobs = [];
    for (const { settle } of this.#current ? [this.#current, ...refused] : refused) settle(new NoAnswerError());
  }
}

/** The text of a thread: started from a file, it would have to be found in each of the packages. */
const workerText = `
  // A bundler may have named functions by this.
  const __name = (named) => named;
  const { parentPort } = require('node:worker_threads');
  let told = performance.now();
  const tick = () => {
    if (performance.now() - told < 500) return;
    told = performance.now();
    parentPort.postMessage('progress');
  };
  const modules = { fs: require('node:fs'), path: require('node:path'), crypto: require('node:crypto'), tick };
  const tools = (${fileTools})(modules);
  const parts = (${treeParts})(modules, tools);
  const work = { ...(${fileLooks})(modules, tools), ...(${fileHashes})(modules, tools, parts) };
  parentPort.on('message', ([method, args]) => {
    try {
      parentPort.postMessage({ result: work[method](...args) });
    } catch (error) {
      parentPort.postMessage({ message: String(error.message), ...(error.code && { code: error.code }) });
    }
  });`;

function startWorker(): Thread {
  return new Worker(workerText, {
    eval: true,
    // A folder may have millions of names. Then this thread ends, and not the process.
    resourceLimits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 128 },
  });
}

/** What decides which program it is: executables and the code of apps. */
export const programFiles = new StrangersFiles();

/** What a program is called: entries, icons, command lines. Apart, so that no name keeps a program unknown. */
export const nameFiles = new StrangersFiles();

/** How long to wait for the threads at the end of the process, in milliseconds. */
const endingTime = 1_000;

/**
 * Ends this process. The usual way waits for all threads, perhaps for good.
 * @param exit - the usual way
 */
export async function endProcess(exit: () => void): Promise<void> {
  const ending = Promise.all([programFiles.end(), nameFiles.end()]);
  const haveEnded = await withTimeout(
    systemTimer,
    endingTime,
    ending.then(() => true),
    () => false,
  );
  if (haveEnded) exit();
  else process.kill(process.pid, 'SIGKILL');
}
