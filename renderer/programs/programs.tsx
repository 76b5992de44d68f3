import { useEffect, useState } from 'preact/hooks';
import type { Bridge } from '../../preload/contract.ts';
import type { ProgramsView } from '../../preload/views/programs.ts';
import { texts } from '../parts/texts.ts';
import { useFocusKept } from '../parts/useFocusKept.ts';
import { History } from './history.tsx';
import { ListedProgram } from './listedProgram.tsx';
import { Origins } from './origins.tsx';
import { inShownOrder } from './shownOrder.ts';

function keepingOrder(before: ProgramsView | undefined, next: ProgramsView): ProgramsView {
  if (!before) return next;
  return {
    ...next,
    programs: inShownOrder(before.programs, next.programs, ({ id }) => id),
    origins: inShownOrder(before.origins, next.origins, ({ origin }) => origin),
  };
}

/** Every program that has asked, the decision about it, and what it got when. */
export function Programs({ bridge }: { bridge: Bridge }) {
  const [shown, setShown] = useState<ProgramsView>();
  const [silent, setSilent] = useState(false);
  const content = useFocusKept<HTMLDivElement>(shown);

  useEffect(() => {
    let asked = 0;
    function ask() {
      asked += 1;
      const mine = asked;
      bridge.programs().then(
        (next) => {
          // Answers can overtake each other; only the answer to the last request is up to date.
          if (mine === asked) setShown((before) => keepingOrder(before, next));
        },
        () => {
          if (mine === asked) setSilent(true);
        },
      );
    }
    ask();
    const stop = bridge.onProgramsChanged(ask);
    return () => {
      asked = Number.NaN;
      stop();
    };
  }, [bridge]);

  const { programs } = texts;
  return (
    <div ref={content} class="programs">
      <section aria-labelledby="programs">
        <h2 id="programs" tabIndex={-1}>
          {programs.heading}
        </h2>
        {shown ? (
          <>
            <p class="muted">{programs.guard[shown.guard]}</p>
            {shown.programs.length === 0 ? (
              <div class="card empty">
                <p class="note-title">{programs.empty}</p>
                <p class="muted small">{programs.emptyText[shown.guard]}</p>
              </div>
            ) : (
              <ul class="program-list">
                {shown.programs.map((program, index) => (
                  <ListedProgram
                    key={program.id}
                    program={program}
                    guard={shown.guard}
                    place={index}
                    actions={bridge}
                  />
                ))}
              </ul>
            )}
          </>
        ) : (
          <p class="muted">{silent ? texts.starting.silent : programs.loading}</p>
        )}
      </section>
      {shown && <Origins origins={shown.origins} actions={bridge} />}
      {shown && <History accesses={shown.history} onClear={() => bridge.clearHistory()} />}
    </div>
  );
}
