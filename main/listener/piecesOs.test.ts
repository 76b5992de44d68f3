import { describe, expect, it } from 'vitest';
import { type Message, message } from '../../preload/texts/messages.ts';
import { isPiecesPort, type PiecesWorld, piecesOs, piecesPaths } from './piecesOs.ts';

const nothing: Partial<PiecesWorld> = {
  platform: 'linux',
  environment: {},
  home: '/home/ada',
  isThere: async () => false,
  health: async () => undefined,
  isLoopgate: async () => false,
};

describe('Pieces OS keeps its ports [L9]', () => {
  it('they are 39300 to 39333', () => {
    expect([39299, 39300, 39333, 39334].map(isPiecesPort)).toEqual([false, true, true, false]);
  });

  it.each<[NodeJS.Platform, string]>([
    ['linux', '/snap/pieces-os'],
    ['linux', '/var/lib/flatpak/app/com.pieces.os'],
    ['linux', '/home/ada/.local/share/com.pieces.os'],
    ['darwin', '/Applications/Pieces OS.app'],
    ['darwin', '/home/ada/Library/com.pieces.os'],
    ['win32', 'C:\\Local/Mesh Intelligent Technologies, Inc/Pieces OS'],
  ])('%s: it is installed where %s is', async (platform, path) => {
    const environment = { LOCALAPPDATA: 'C:\\Local' };
    const found = piecesOs({ ...nothing, platform, environment, isThere: async (asked) => asked === path });
    expect(await found).toEqual(message('piecesInstalled', { path }));
    expect(piecesPaths(platform, environment, '/home/ada')).toContain(path);
  });

  it.each<[string, string | undefined, boolean, Message | undefined]>([
    ['ok and an id', 'ok:11111111-2222-3333-4444-555555555555', false, message('piecesAnswers', { port: 39310 })],
    ['something else', '<html>', false, undefined],
    ['nothing', undefined, false, undefined],
    ['ok, from a Loopgate of ours', 'ok:1', true, undefined],
  ])('where a port answers %s', async (_what, text, isOurs, expected) => {
    const health = async (port: number) => (port === 39310 ? text : undefined);
    expect(await piecesOs({ ...nothing, health, isLoopgate: async () => isOurs })).toEqual(expected);
  });
});
