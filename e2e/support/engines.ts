import { type Browser, type BrowserContext, chromium, type Frame as PlaywrightFrame } from 'playwright';

/** Where scripts of a page run. */
export interface Frame {
  /** Runs one there, as if the person had just clicked, waits for its promise, and gives its value: texts and lists of them. */
  evaluate(script: string): Promise<unknown>;
  /** A request of any tab of this person was answered, or refused so early that the connection broke. */
  requestEnds(address: string): Promise<void>;
  /** Puts its tab before the others. */
  bringToFront(): Promise<void>;
}

/** The browser of a person, with nothing in its profile, and its first tab. */
export interface Tab extends Frame {
  goto(address: string): Promise<void>;
  /** The frame in its page; there is only one. */
  inner(): Promise<Frame>;
  /** Answers in the person's place whether pages of that origin may call this machine, as if the browser had asked. */
  permitLoopback(origin: string): Promise<void>;
  close(): Promise<void>;
}

export const engineNames = ['Chromium', 'Firefox'] as const;
export type EngineName = (typeof engineNames)[number];

/** The program of each, as Debian installs it. */
export const enginePrograms: Readonly<Record<EngineName, string>> = {
  Chromium: '/usr/bin/chromium',
  Firefox: '/usr/bin/firefox-esr',
};

/** A browser that runs, without a window. */
export interface Engine {
  browse(): Promise<Tab>;
  close(): Promise<void>;
}

/** What Playwright can drive more fully. */
export interface Chromium extends Engine {
  readonly browser: Browser;
}

/** @param program - that starts it */
export async function startChromium(
  flags: readonly string[],
  program: string = enginePrograms.Chromium,
): Promise<Chromium> {
  const browser = await chromium.launch({
    executablePath: program,
    // The sandbox is off because the tests may run as root.
    args: ['--no-sandbox', '--disable-gpu', ...flags],
  });
  return {
    browser,
    async browse() {
      const context = await browser.newContext();
      const page = await context.newPage();
      return {
        ...frameOf(page.mainFrame(), context),
        goto: async (address) => void (await page.goto(address)),
        async inner() {
          const [frame] = page.mainFrame().childFrames();
          if (!frame) throw new Error('no frame');
          await frame.waitForLoadState();
          return frameOf(frame, context);
        },
        permitLoopback: (origin) => context.grantPermissions(['local-network-access'], { origin }),
        close: () => context.close(),
      };
    },
    close: () => browser.close(),
  };
}

const frameOf = (frame: PlaywrightFrame, context: BrowserContext): Frame => ({
  evaluate: (script) => frame.evaluate(script),
  requestEnds: (address) => requestEnds(context, address),
  bringToFront: () => frame.page().bringToFront(),
});

function requestEnds(context: BrowserContext, address: string): Promise<void> {
  return new Promise((resolve) => {
    const look = (request: { url(): string }) => {
      if (request.url() !== address) return;
      context.off('requestfinished', look).off('requestfailed', look);
      resolve();
    };
    context.on('requestfinished', look).on('requestfailed', look);
  });
}
