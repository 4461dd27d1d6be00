import { EpdError } from '../errors.js'
import { wrongFileName } from '../reading/file-names.js'
import { quote } from '../reading/problem.js'
import type { WritableStore } from './access.js'
import type { Commits } from './commits.js'

/** What a tag may be: a word that a shell takes as it is and a list shows in one line. */
const TAG = /^[\p{L}\p{N}][\p{L}\p{N}._+@=-]*$/u
const LONGEST_TAG = 60

/** What a run may be renamed to, which is what an experiment may be called. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/
const LONGEST_NOTE = 10_000

type LabelWrites = Pick<WritableStore, 'tag' | 'untag' | 'note' | 'rename'>

/** Writes what people note of runs. */
export function labelWrites({ database, run, transaction, sealed, updateRun }: Commits): LabelWrites {
  const expectRun = (id: string) => {
    if (database.prepare('SELECT 1 FROM runs WHERE id = ?').get(id) === undefined)
      throw new EpdError('not-found', `no run ${quote(id)} is there any more`)
  }
  return {
    tag(id, tags) {
      for (const tag of tags) checkTag(tag)
      transaction(() => {
        expectRun(id)
        for (const tag of tags) {
          run('INSERT OR REPLACE INTO run_tags (run_id, tag) VALUES (?, ?)', id, tag)
          sealed('run_tags', 'run_id = ? AND tag = ?', id, tag)
        }
      })
    },
    untag(id, tags) {
      transaction(() => {
        for (const tag of tags) {
          const { changes } = run('DELETE FROM run_tags WHERE run_id = ? AND tag = ?', id, tag)
          if (changes === 0) throw new EpdError('not-found', `run ${id} has no tag ${quote(tag)}`)
        }
      })
    },
    note(id, text) {
      if (text.length > LONGEST_NOTE)
        throw new EpdError('usage', `a note has at most ${LONGEST_NOTE} characters, and this one has ${text.length}`)
      transaction(() => {
        expectRun(id)
        if (text === '') run('DELETE FROM run_notes WHERE run_id = ?', id)
        else {
          run('INSERT OR REPLACE INTO run_notes (run_id, note) VALUES (?, ?)', id, text)
          sealed('run_notes', 'run_id = ?', id)
        }
      })
    },
    rename(id, name) {
      checkName(name)
      const known = database.prepare('SELECT 1 FROM runs WHERE id = ? AND id <> ?').get(name, id)
      if (known !== undefined)
        throw new EpdError('usage', `${quote(name)} is the id of another run; choose another name`)
      transaction(() => {
        expectRun(id)
        updateRun(id, () => {
          run('UPDATE runs SET name = ? WHERE id = ?', name, id)
        })
      })
    }
  }
}

function checkTag(tag: string): void {
  if (TAG.test(tag) && tag.length <= LONGEST_TAG) return
  throw new EpdError(
    'usage',
    `a tag is a word of letters, digits and . _ + @ = - with at most ${LONGEST_TAG} of them, found ${quote(tag)}`
  )
}

function checkName(name: string): void {
  const wrong = wrongFileName(name)
  if (wrong !== undefined) throw new EpdError('usage', `name: ${wrong}`)
  if (!NAME.test(name))
    throw new EpdError(
      'usage',
      `a name has letters, digits, dots, dashes and underscores after a letter or a digit, found ${quote(name)}`
    )
}
