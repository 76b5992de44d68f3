/** More than all programs that call on one machine. */
const maxRemembered = 1000;

/** A map of the entries that were set last: the oldest goes when there are too many. */
export class RecentMap<Key, Value> extends Map<Key, Value> {
  override set(key: Key, value: Value): this {
    this.delete(key);
    super.set(key, value);
    const oldest = this.keys().next().value;
    if (this.size > maxRemembered && oldest !== undefined) this.delete(oldest);
    return this;
  }
}
