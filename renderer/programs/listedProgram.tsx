import type { Actions } from '../../preload/contract.ts';
import type { ListedProgramView, ProgramsView } from '../../preload/views/programs.ts';
import { Path } from '../parts/path.tsx';
import { permissions } from '../parts/permissions.ts';
import { pointInTime } from '../parts/pointInTime.ts';
import { ProgramIcon } from '../parts/programIcon.tsx';
import { locale, texts } from '../parts/texts.ts';
import { choicesFor, decisionText } from './decision.ts';

interface ListedProgramProps {
  program: ListedProgramView;
  guard: ProgramsView['guard'];
  /** Its place in the list, which makes the IDs of its elements unique. */
  place: number;
  actions: Pick<Actions, 'allowProgram' | 'denyProgram' | 'removeProgram'>;
}

/** One program: what it is, the decision about it, and buttons to change that. */
export function ListedProgram({ program, guard, place, actions }: ListedProgramProps) {
  const { programs, consent, permissionNames } = texts;
  const { id, name, path, claim, decision } = program;
  const now = Date.now();
  const { allow, whyNot, deny } = choicesFor(program, guard);
  // Two programs can have the same name: the path tells them apart.
  const pathId = `program-path-${place}`;
  const button = (label: string, onPress: (program: string) => void, quiet = false) => (
    <button
      type="button"
      class={quiet ? 'quiet' : undefined}
      aria-label={programs.ofWhom(label, name)}
      aria-describedby={pathId}
      onClick={() => onPress(id)}
    >
      {label}
    </button>
  );

  return (
    <li class="card program">
      <div class="program-head">
        <ProgramIcon name={name} icon={program.icon} unknown={program.kind === 'unknown'} />
        <div>
          <h3>
            <bdi>{name}</bdi>
          </h3>
          <p class={`decision ${program.onceUntil === undefined ? decision : 'allowed'}`}>
            {decisionText(program, guard, now)}
          </p>
        </div>
      </div>
      <div class="small" id={pathId}>
        {path === '' ? <p class="muted">{consent.noPath}</p> : <Path path={path} />}
      </div>
      <div class="small muted">
        {claim !== undefined && (
          <p>
            {consent.runs} <bdi class="claim">{claim}</bdi> ({consent.unchecked})
          </p>
        )}
        {program.permissions.length > 0 && (
          <p>
            {programs.wanted}:{' '}
            {permissions
              .filter((permission) => program.permissions.includes(permission))
              .map((permission) => permissionNames[permission])
              .join(', ')}
          </p>
        )}
        <p>
          {programs.lastUsed}: {pointInTime(program.lastUsed, now, locale)}
          {' · '}
          {programs.firstUsed}: {pointInTime(program.firstUsed, now, locale)}
        </p>
        {whyNot !== undefined && <p>{whyNot}</p>}
      </div>
      <div class="account-buttons">
        {allow !== undefined && button(allow, actions.allowProgram)}
        {deny && button(programs.deny, actions.denyProgram)}
        {button(programs.remove, actions.removeProgram, true)}
      </div>
    </li>
  );
}
