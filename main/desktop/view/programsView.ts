import type { ListedProgramView, ProgramsView, ProgramView, QuestionView } from '../../../preload/views/programs.ts';
import type { Gate } from '../../access/gate.ts';
import type { Program } from '../../access/program.ts';

/** Returns the icon in a file as a `data:` address, once it has been read. */
type IconOf = (file: string) => string | undefined;

/** The waiting questions, as the window that asks shows them. */
export function questionViews(gate: Pick<Gate, 'questions'>, iconOf: IconOf): QuestionView[] {
  return gate.questions.map(({ id, program, permission, claimedName, deadline }) => ({
    id,
    program: programView(program, iconOf),
    permission,
    lasting: program.lasting === 'never' ? 'once' : program.lasting,
    deadline,
    ...(claimedName !== undefined && { claimedName }),
  }));
}

/** The programs that use the sign-in, as the window shows them. */
export function programsViewOf(
  gate: Pick<Gate, 'mode' | 'programs' | 'history' | 'originDecisions'>,
  iconOf: IconOf,
): ProgramsView {
  return {
    guard: gate.mode,
    programs: gate.programs.map(
      ({ program, until, decision, ...rest }): ListedProgramView => ({
        ...programView(program, iconOf),
        ...rest,
        lasting: program.lasting,
        decision: program.lasting === 'never' ? 'denied' : decision,
        ...(until !== undefined && { until }),
      }),
    ),
    history: gate.history,
    origins: gate.originDecisions,
  };
}

function programView({ id, name, path, kind, claim, icon, isDebugged }: Program, iconOf: IconOf): ProgramView {
  const picture = icon === undefined ? undefined : iconOf(icon);
  return {
    id,
    name,
    path,
    kind,
    ...(claim !== undefined && { claim }),
    ...(isDebugged && { isDebugged }),
    ...(picture !== undefined && { icon: picture }),
  };
}
