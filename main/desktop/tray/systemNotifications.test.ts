import { EventEmitter } from 'node:events';
import { beforeEach, expect, test, vi } from 'vitest';
import { ElectronNotifications } from './systemNotifications.ts';

/** The notifications that the system got. A test cannot click the system's own, and this system has none. */
const { given } = vi.hoisted(() => ({
  given: [] as { options: unknown; isClosed: boolean; emit(event: string, ...values: unknown[]): boolean }[],
}));
const isSupported = vi.hoisted(() => vi.fn(() => true));
vi.mock('electron', () => ({
  Notification: class extends EventEmitter {
    static isSupported = isSupported;
    isClosed = false;
    readonly options: unknown;
    constructor(options: unknown) {
      super();
      this.options = options;
    }
    show(): void {
      given.push(this);
    }
    close(): void {
      this.isClosed = true;
    }
  },
}));

beforeEach(() => {
  given.length = 0;
  isSupported.mockReturnValue(true);
});

test('macOS and Windows are given the text as it is, and the labels of the buttons', () => {
  const undo = { id: 'undo', label: 'Undo', run: vi.fn() };
  new ElectronNotifications().show({ text: '<b>Tom</b> & co', actions: [undo], click: vi.fn() });
  expect(given[0]?.options).toEqual({
    title: 'Loopgate',
    body: '<b>Tom</b> & co',
    actions: [{ type: 'button', text: 'Undo' }],
  });
});

test('a click and a button do what they are for', () => {
  const system = new ElectronNotifications();
  const click = vi.fn();
  const [undo, keep] = ['undo', 'keep'].map((id) => ({ id, label: id, run: vi.fn() }));
  system.show({ text: 'a', click });
  system.show({ text: 'b', actions: [undo, keep].flatMap((one) => (one ? [one] : [])), click });
  given[0]?.emit('click');
  expect(click).toHaveBeenCalledOnce();
  given[1]?.emit('action', {}, 1);
  expect(keep?.run).toHaveBeenCalledOnce();
  expect(undo?.run).not.toHaveBeenCalled();
  given[1]?.emit('action', {}, 2);
  expect(click).toHaveBeenCalledOnce();
});

test('taken back one by one, and all at the end', () => {
  const system = new ElectronNotifications();
  const shown = ['a', 'b', 'c'].map((text) => system.show({ text, click: vi.fn() }));
  shown[1]?.close();
  given[0]?.emit('click');
  expect(given.map(({ isClosed }) => isClosed)).toEqual([false, true, false]);
  system.close();
  expect(given.map(({ isClosed }) => isClosed)).toEqual([false, true, true]);
});

test('where the system shows none, none is made', () => {
  isSupported.mockReturnValue(false);
  const system = new ElectronNotifications();
  system.show({ text: 'a', click: vi.fn() }).close();
  expect(given).toEqual([]);
  expect(system.isMissing).toBe(true);
});
