/** What the system is to show. */
export interface NotificationContent {
  /** As it is to be read: whatever the system would take for markup is none. */
  readonly text: string;
  /** Buttons beside it, where the system shows any. */
  readonly actions?: readonly NotificationAction[];
  /** Calls back when it is clicked. */
  click(): void;
}

/** A button of a notification. Some systems show none: what it does must be possible elsewhere too. */
export interface NotificationAction {
  /** Its own among the actions of the notification, e.g. `undo`; never `default`, which Linux calls the click. */
  readonly id: string;
  readonly label: string;
  run(): void;
}

/** The system's notifications. Nothing here waits for the system: one that it does not take is late, or lost. */
export interface SystemNotifications {
  /** True when it is known that none are shown, because nothing on this system does, or because it does not answer. */
  readonly isMissing: boolean;
  show(content: NotificationContent): ShownNotification;
  /** Takes back all that are shown, as the app ends. */
  close(): void;
}

export interface ShownNotification {
  /** Takes it back, also when it was not shown yet. */
  close(): void;
}
