import type { WritableStore } from './access.js'
import { claim } from './claims.js'
import { commitsOf } from './commits.js'
import { guarded } from './failures.js'
import { reading } from './reading.js'
import type { Database } from './sqlite.js'
import { resultWrites } from './writing-results.js'
import { runWrites } from './writing-runs.js'
import { stageWrites } from './writing-stages.js'
import { workWrites } from './writing-work.js'

/** Write access to the store in a folder, whose database this is. */
export function writing(root: string, file: string, database: Database): WritableStore {
  const commits = commitsOf(root, file, database)
  const { transaction } = commits
  return {
    ...reading(root, file, database),
    transaction,
    claim: name => guarded(file, () => claim(database, name)),
    ...runWrites(commits),
    ...stageWrites(commits),
    ...workWrites(commits),
    ...resultWrites(commits)
  }
}
