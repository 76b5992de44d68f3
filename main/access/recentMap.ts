/** More programs than call on any one machine. */
const maxRemembered = 1000;

/** A map that keeps the most recently set entries and drops the oldest. */
export class RecentMap<Key, Value> extends Map<Key, Value> {
  override set(key: Key, value: Value): this {
    this.delete(key);
    super.set(key, value);
    const oldest = this.keys().next().value;
    if (this.size > maxRemembered && oldest !== undefined) this.delete(oldest);
    return this;
  }
}
