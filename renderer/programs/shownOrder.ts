/**
 * Keeps the order in which a list is shown: what is new comes last. Otherwise a program that asks again would move its row to
 * where the person is about to press Allow for another.
 * @param before - the list as it is shown
 */
export function inShownOrder<T>(before: readonly T[], next: readonly T[], idOf: (one: T) => string): T[] {
  const places = new Map(before.map((one, place) => [idOf(one), place]));
  const placeOf = (one: T) => places.get(idOf(one)) ?? before.length;
  return [...next].sort((one, other) => placeOf(one) - placeOf(other));
}
