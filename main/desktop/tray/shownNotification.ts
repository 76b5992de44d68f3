/** The content of a notification. */
export interface NotificationContent {
  /** Plain text: the system must not read any of it as markup. */
  readonly text: string;
  /** Buttons beside the text, if the system shows any. */
  readonly actions?: readonly NotificationAction[];
  /** Called when the notification is clicked. */
  click(): void;
}

/** A button of a notification. Some systems show none, so the person must be able to do the same elsewhere. */
export interface NotificationAction {
  /** Unique among the actions of the notification, e.g. `undo`; never `default`, which means the click on Linux. */
  readonly id: string;
  readonly label: string;
  run(): void;
}

/** The system's notifications. These calls never wait for the system: if it is slow, a notification is late or lost. */
export interface SystemNotifications {
  /** True when the system is known to show none, because it has no service for them or that does not answer. */
  readonly isMissing: boolean;
  show(content: NotificationContent): ShownNotification;
  /**
   * Shows the last text of this run, which stays when the app has ended. Resolves when the system has it, and soon after in any
   * case. Only on Linux, where it is needed.
   */
  showLast(text: string): Promise<void>;
  /** Closes all shown notifications, when the app ends. */
  close(): void;
}

export interface ShownNotification {
  /** Closes the notification, even if it is not shown yet. */
  close(): void;
}
