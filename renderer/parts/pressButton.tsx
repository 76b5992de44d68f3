/** The actions that show an effect only after a while: their buttons say until then that they were pressed. */
export type Pressed = 'signIn' | 'addAccount' | 'signOut' | 'renew';

/** What was pressed and has not shown an effect yet, and what a press does. */
export interface Press {
  readonly pressed: Pressed | undefined;
  readonly onPress: (action: Pressed) => void;
}

interface PressButtonProps {
  press: Press;
  action: Pressed;
  label: string;
  /** What it says while it works; it cannot be pressed again then, but keeps the focus. */
  busy: string;
  class?: string;
  describedBy?: string;
}

export function PressButton({ press, action, label, busy, class: look, describedBy }: PressButtonProps) {
  const isBusy = press.pressed === action;
  return (
    <button
      type="button"
      class={look}
      aria-disabled={isBusy}
      aria-describedby={describedBy}
      onClick={isBusy ? undefined : () => press.onPress(action)}
    >
      {isBusy ? busy : label}
    </button>
  );
}
