import { EpdError } from '../errors.js'

/**
 * Readers of a network's arguments. `where` is the beginning of messages, before a name.
 * @throws EpdError `model-invalid` for a value of the wrong kind
 */
export type Arguments = ReturnType<typeof argumentsOf>

export function argumentsOf(values: Readonly<Record<string, unknown>>, where: string) {
  const wrong = (name: string, expected: string) =>
    new EpdError('model-invalid', `${where}${name} must be ${expected}, found ${shown(values[name])}`)
  const isPositive = (value: unknown): value is number =>
    typeof value === 'number' && value > 0 && Number.isFinite(value)
  const isText = (value: unknown): value is string => typeof value === 'string'
  const list =
    <Item>(expected: string, is: (value: unknown) => value is Item) =>
    (name: string, otherwise?: readonly Item[]): readonly Item[] => {
      const value = values[name] ?? otherwise
      if (!Array.isArray(value) || !value.every(is)) throw wrong(name, expected)
      return value
    }
  const counted = (name: string, otherwise: number | undefined, most: number) => {
    const value = values[name] ?? otherwise
    if (!isWhole(value)) throw wrong(name, 'a whole number')
    if (value > most) throw wrong(name, `a whole number up to ${most}`)
    return value
  }
  return {
    /** The error for a value of the wrong kind. */
    wrong,
    unsupported: (name: string, found: unknown, why = 'which is not supported') =>
      new EpdError('model-invalid', `${where}${name} is ${shown(found)}, ${why}`),
    value: (name: string): unknown => values[name],
    count: (name: string, otherwise?: number): number => counted(name, otherwise, MOST),
    /** The number of layers of a kind. */
    layers: (name: string, otherwise?: number): number => counted(name, otherwise, MOST_LAYERS),
    /** A number of tokens of which each may see each, by a mask. */
    tokens: (name: string, otherwise?: number): number => counted(name, otherwise, MOST_TOKENS),
    counts: list(`a list of whole numbers up to ${MOST}`, isCount),
    number(name: string, otherwise?: number): number {
      const value = values[name] ?? otherwise
      if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong(name, 'a number')
      return value
    },
    numbers: list('a list of numbers', isPositive),
    flag(name: string, otherwise?: boolean): boolean {
      const value = values[name] ?? otherwise
      if (typeof value !== 'boolean') throw wrong(name, 'true or false')
      return value
    },
    texts: list('a list of texts', isText),
    text<const Name extends string>(name: string, known: readonly Name[], otherwise?: Name): Name {
      const value = values[name] ?? otherwise
      const found = known.find(one => one === value)
      if (found === undefined) throw wrong(name, known.join(' or '))
      return found
    }
  }
}

/**
 * More than any size within a network, more layers in a row than one has, and more tokens than a text encoder reads.
 * What is larger would never be built.
 */
const [MOST, MOST_LAYERS, MOST_TOKENS] = [2 ** 20, 100, 4096]

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

/** Whether a value is a size within a network. */
export function isCount(value: unknown): value is number {
  return isWhole(value) && value <= MOST
}

/** Whether a value is a number of layers. */
export function isLayers(value: unknown): value is number {
  return isWhole(value) && value <= MOST_LAYERS
}

/** A value as JSON has it, and numbers that JSON does not have. */
export function shown(value: unknown): string {
  return typeof value === 'number' ? String(value) : JSON.stringify(value)
}
