import { wrongFileName } from '../reading/file-names.js'
import { quote, type Report } from '../reading/problem.js'

/** Reports names of an experiment and of its stages, in all cases of the matrix, that no folder or file can have. */
export function reportNames(experiment: string, stages: readonly string[], report: Report): void {
  const wrong = wrongFileName(experiment)
  if (wrong !== undefined) report(['name'], wrong)
  const taken = new Map<string, string>()
  for (const name of stages) {
    const [written] = name.split(/[@.]/, 1)
    const fault = wrongFileName(name) ?? wrongFileName(written)
    if (fault !== undefined) report(['stages', written], fault)
    const folded = name.toLowerCase()
    const other = taken.get(folded)
    if (other !== undefined && other !== name)
      report(
        ['stages', written],
        `expected names that differ in more than capitals, which macOS and Windows take for one, found ${quote(other)} and ${quote(name)}; rename one`
      )
    taken.set(folded, other ?? name)
  }
}
