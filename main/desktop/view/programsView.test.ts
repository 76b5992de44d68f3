import { expect, test } from 'vitest';
import { testGate } from '../../../testing/testGate.ts';
import { buildProgram, type ProgramKind } from '../../access/program.ts';
import { programsViewOf, questionViews } from './programsView.ts';

const nothing = () => undefined;
const from = (path: string, kind: ProgramKind, icon?: string) => {
  const program = buildProgram({ path, kind, name: 'Code', process: '7@100', claim: '/x.js', icon });
  return { caller: { program: async () => program } };
};

test('a question has what the person must know, and nothing of the process', async () => {
  const gate = testGate('ask');
  void gate.require(from('/usr/bin/node', 'interpreter', '/icon.png'), 'tokens').catch(nothing);
  await new Promise(setImmediate);
  expect(questionViews(gate, (file) => `data:${file}`)).toEqual([
    {
      id: expect.any(String),
      program: {
        id: '/usr/bin/node',
        name: 'Code',
        path: '/usr/bin/node',
        kind: 'interpreter',
        claim: '/x.js',
        icon: 'data:/icon.png',
      },
      permission: 'tokens',
      lasting: 'hours',
      deadline: expect.any(Number),
    },
  ]);
  gate.close();
});

test('the list: a browser is shown as denied, a program without a decision as unanswered', async () => {
  const gate = testGate('same-user');
  await gate.require(from('/usr/bin/code', 'program'), 'tokens');
  await gate.require(from('/usr/lib/chromium/chromium', 'browser'), 'profile').catch(nothing);
  const view = programsViewOf(gate, nothing);
  expect(view.guard).toBe('same-user');
  expect(view.programs.map(({ path, decision, lasting }) => [path, decision, lasting]).sort()).toEqual([
    ['/usr/bin/code', 'unanswered', 'always'],
    ['/usr/lib/chromium/chromium', 'denied', 'never'],
  ]);
  expect(JSON.stringify(view)).not.toContain('7@100');
});

test('a question says that the program is being debugged [C11]', async () => {
  const gate = testGate('ask');
  const program = buildProgram({
    path: '/usr/bin/code',
    kind: 'program',
    name: 'Code',
    process: '7@100',
    isDebugged: true,
  });
  void gate.require({ caller: { program: async () => program } }, 'tokens').catch(nothing);
  await new Promise(setImmediate);
  const [question] = questionViews(gate, nothing);
  expect(question).toMatchObject({ lasting: 'once', program: { path: '/usr/bin/code', isDebugged: true } });
  gate.close();
});
