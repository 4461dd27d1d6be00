/** What some work came to, with the answers to all that it asked. */
interface Remembered<Answer, Value> {
  readonly asked: ReadonlyMap<string, Answer>
  readonly value: Value
}

/** Does the work for a key, whose `ask` answers questions about what is around it. */
export type Remembering<Key, Answer, Value> = (
  key: Key,
  ask: (question: string) => Answer,
  work: (ask: (question: string) => Answer) => Value
) => Value

/**
 * Work that is done once for each key and all answers that it asked for: where the key comes again and those answers
 * are the same, what it came to before is returned. The cases of a matrix differ in few of their stages.
 */
export function remembering<Key, Answer, Value>(): Remembering<Key, Answer, Value> {
  const known = new Map<Key, Remembered<Answer, Value>[]>()
  return (key, ask, work) => {
    const before = known.get(key) ?? []
    const same = before.find(({ asked }) => [...asked].every(([question, answer]) => ask(question) === answer))
    if (same) return same.value
    const asked = new Map<string, Answer>()
    const value = work(question => {
      const answer = ask(question)
      asked.set(question, answer)
      return answer
    })
    known.set(key, [...before, { asked, value }])
    return value
  }
}
