/** The actions that show their effect only after a while: until then their buttons show that they were pressed. */
export type Pressed = 'signIn' | 'addAccount' | 'signOut' | 'renew';

/** The button that was pressed and has not shown an effect yet, and the function that presses one. */
export interface Press {
  readonly pressed: Pressed | undefined;
  readonly onPress: (action: Pressed) => void;
}

interface PressButtonProps {
  press: Press;
  action: Pressed;
  label: string;
  /** The button's text while it works. It then ignores presses, but keeps the focus. */
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
