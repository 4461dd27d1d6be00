import type { Run, Store } from '../store/store.js'
import { tell } from './output.js'

/** Ids that are named at once. */
const NAMED = 4

/**
 * The run of an id, of the beginning of one, or of an experiment's name. Where several runs have the name, stderr is
 * told which was taken. @throws EpdError `not-found`
 */
export function chosenRun(store: Store, word: string): Run {
  const run = store.run(word)
  const others = run.id === word ? [] : store.namesakes(word).filter(id => id !== run.id)
  if (others.length > 0) {
    const more = others.length > NAMED ? ` and ${others.length - NAMED} more` : ''
    tell(
      `${others.length + 1} runs are named "${word}"; this is ${run.id}, updated last. ` +
        `The others are ${others.slice(0, NAMED).join(', ')}${more}`
    )
  }
  return run
}
