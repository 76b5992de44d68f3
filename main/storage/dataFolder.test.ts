import { describe, expect, it } from 'vitest';
import { isRemoved, isSecret, isUnfinished, protectionOf, sessionStore } from './dataFolder.ts';

describe('the data folder', () => {
  it.each<[string, 'secret' | 'open', 'removed' | 'kept']>([
    ['settings.json', 'open', 'removed'],
    ['settings.old.json', 'open', 'removed'],
    ['session.kwallet6.json', 'secret', 'removed'],
    ['session.file.unreadable-1700000000000.json', 'secret', 'removed'],
    ['session.file-key', 'secret', 'removed'],
    ['session.file-key.unreadable-1700000000000', 'secret', 'removed'],
    ['programs.json', 'secret', 'removed'],
    ['programs.unreadable.json', 'secret', 'removed'],
    ['endpoint.json', 'open', 'removed'],
    ['command.key', 'secret', 'removed'],
    ['window.json', 'open', 'removed'],
    ['closing-explained', 'open', 'removed'],
    ['start-at-login-asked', 'open', 'removed'],
    ['demo-provider.json', 'secret', 'removed'],
    ['demo-provider.json.4711.tmp', 'secret', 'removed'],
    ['lock.json', 'open', 'kept'],
    ['lock.json.4711', 'open', 'kept'],
    ['window.txt', 'open', 'kept'],
    ['logs', 'open', 'kept'],
    ['chromium', 'open', 'kept'],
    ['notes.txt', 'open', 'kept'],
  ])('%s is %s, and %s by "Remove everything"', (name, read, way) => {
    expect(isSecret(name)).toBe(read === 'secret');
    expect(isRemoved(name)).toBe(way === 'removed');
  });

  it.each([
    ['settings.new.json', true],
    ['settings.json.tmp-0123456789abcdef', true],
    ['session.kwallet6.new.json', true],
    ['session.kwallet6.new.json.tmp-0123456789abcdef', true],
    ['session.kwallet6.json.tmp-0123456789abcdef', true],
    ['session.kwallet6.json', false],
    ['settings.mine.new.json', false],
    ['window.new.json', false],
    ['notes.new.json', false],
    ['settings.json.tmp-mine', false],
  ])('%s was left by a write that was killed: %s', (name, isLeft) => {
    expect(isUnfinished(name)).toBe(isLeft);
  });

  it('a file with sessions says which protection it is under', () => {
    expect(protectionOf(`${sessionStore('kwallet6')}.json`)).toBe('kwallet6');
    expect(protectionOf('session.file.unreadable-1.json')).toBeUndefined();
    expect(protectionOf('settings.json')).toBeUndefined();
  });
});
