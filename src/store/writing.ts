import type { WritableStore } from './access.js'
import { claim, waitedFor } from './claims.js'
import { commitsOf } from './commits.js'
import { guarded } from './failures.js'
import { hold } from '../files/held.js'
import { writeObject } from './objects.js'
import { enterStore } from './presence.js'
import { reading } from './reading.js'
import type { Database } from './sqlite.js'
import { labelWrites } from './writing-labels.js'
import { orderWrites } from './writing-order.js'
import { recordWrites } from './writing-records.js'
import { resultWrites } from './writing-results.js'
import { runWrites } from './writing-runs.js'
import { stageWrites } from './writing-stages.js'
import { adoption } from './transfer.js'
import { workWrites } from './writing-work.js'

/** Write access to the store in a folder, whose database this is, and which is held meanwhile. */
export function writing(root: string, file: string, database: Database): WritableStore {
  const held = hold(root, file)
  const commits = commitsOf({ root, file, database, held })
  const { leave, ...runs } = runWrites(commits)
  const { transaction } = commits
  const open = enterStore(database)
  const reads = reading(root, file, database)
  return {
    ...reads,
    transaction,
    claim(name) {
      held.check()
      return guarded(file, () => claim(database, name))
    },
    holder: name => guarded(file, () => waitedFor(database, name)),
    ...runs,
    ...stageWrites(commits),
    ...workWrites(commits),
    ...resultWrites(commits),
    ...labelWrites(commits),
    ...recordWrites(commits, reads),
    putObject: (data, extension) => guarded(root, () => writeObject(root, data, extension)),
    ...orderWrites(commits, open.name),
    ...adoption(commits),
    check: held.check,
    close() {
      leave()
      open.leave()
      held.release()
      database.close()
    }
  }
}
