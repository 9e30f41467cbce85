// Sorting lists that are short and many: on the request path a sorted copy of each is a good part of the garbage.

/** Longer lists may come as several sorted ones, on which insertion takes the square of their length. */
const short = 32

/** Sorts the list itself, by insertion where it is short. Stable. Returns the list. */
export function sortInPlace<Item>(items: Item[], compare: (a: Item, b: Item) => number): Item[] {
  if (items.length > short) {
    items.sort(compare)
    return items
  }
  for (let i = 1; i < items.length; i += 1) {
    const one = items[i] as Item
    let at = i
    for (; at > 0 && compare(items[at - 1] as Item, one) > 0; at -= 1) items[at] = items[at - 1] as Item
    items[at] = one
  }
  return items
}
