import type { FixedBy } from '../../preload/views/settings.ts';
import { fixedText } from '../form/managed.tsx';

interface ChoiceProps<Name extends string> {
  /** The name of the group of radio buttons. */
  name: string;
  title: string;
  choices: readonly Name[];
  labels: Readonly<Record<Name, string>>;
  chosen: Name;
  /** What decides the setting, if it cannot be changed. */
  fixed: FixedBy | undefined;
  onChoose: (choice: Name) => void;
}

/** A choice among a few values. */
export function Choice<Name extends string>(props: ChoiceProps<Name>) {
  const { name, title, choices, labels, chosen, fixed, onChoose } = props;
  return (
    <fieldset>
      <legend>{title}</legend>
      {choices.map((choice) => (
        <label key={choice} class="option">
          <input
            type="radio"
            name={name}
            checked={choice === chosen}
            disabled={fixed !== undefined}
            onChange={() => onChoose(choice)}
          />
          {labels[choice]}
        </label>
      ))}
      {fixed !== undefined && <p class="muted small">{fixedText(fixed)}</p>}
    </fieldset>
  );
}
