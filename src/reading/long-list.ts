/**
 * A list that may be too long to be held in memory: its items are made when they are asked for. JSON shows it as an
 * array.
 */
export abstract class LongList<Item> implements Iterable<Item> {
  /** How many items there are. */
  abstract readonly length: number;

  /** Makes the items one by one. */
  abstract [Symbol.iterator](): Iterator<Item>

  /** The list of what a function makes of each item. */
  map<Made>(make: (item: Item) => Made): LongList<Made> {
    return new Mapped(this, make)
  }

  /** The items in lots of `size`, the last of which may be smaller. */
  *lots(size: number): Generator<Item[]> {
    let items: Item[] = []
    for (const item of this) {
      items.push(item)
      if (items.length < size) continue
      yield items
      items = []
    }
    if (items.length > 0) yield items
  }

  /** All items at once. */
  toJSON(): Item[] {
    return [...this]
  }

  /** A text that tells the list from any other of its kind. */
  toString(): string {
    return JSON.stringify(this)
  }
}

class Mapped<Item, Made> extends LongList<Made> {
  constructor(
    private readonly items: LongList<Item>,
    private readonly make: (item: Item) => Made
  ) {
    super()
  }

  get length(): number {
    return this.items.length
  }

  override *[Symbol.iterator](): Iterator<Made> {
    for (const item of this.items) yield this.make(item)
  }
}

/** Items that are put into one text. */
export const AT_ONCE = 4096

/** JSON of a list in parts that are short. */
export function* jsonParts(list: LongList<unknown>): Generator<string> {
  let before = '['
  for (const items of list.lots(AT_ONCE)) {
    yield before + withoutBrackets(items)
    before = ','
  }
  yield before === '[' ? '[]' : ']'
}

/** JSON of all items at once, which takes a fraction of the time that they take one by one. */
function withoutBrackets(items: readonly unknown[]): string {
  return JSON.stringify(items).slice(1, -1)
}
