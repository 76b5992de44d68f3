import type { FixedBy } from '../../preload/views/settings.ts';
import { fixedText } from './managed.tsx';

interface FieldProps {
  id: string;
  label: string;
  value: string;
  onInput: (value: string) => void;
  /** What to enter, or what was found out about it. */
  hint?: string | undefined;
  /** Why the value does not work. */
  problem?: string | undefined;
  /** What decides the setting, if it cannot be changed. */
  fixed?: FixedBy | undefined;
  numeric?: boolean;
}

/** A text field with its name above, and its hint or problem below. */
export function Field({ id, label, value, onInput, hint, problem, fixed, numeric = false }: FieldProps) {
  const said = fixed === undefined ? (problem ?? hint) : fixedText(fixed);
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="text"
        value={value}
        readOnly={fixed !== undefined}
        inputMode={numeric ? 'numeric' : 'text'}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        aria-invalid={problem !== undefined}
        aria-describedby={`${id}-said`}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      <p id={`${id}-said`} role="status" class={problem !== undefined && fixed === undefined ? 'wrong' : 'muted'}>
        {said}
      </p>
    </div>
  );
}
