import { loadExperiment } from '../spec/load.js'
import { summary } from './summary.js'
import { inColumns } from './columns.js'

export function validate(file: string, { set, json }: { readonly set?: string[]; readonly json?: boolean }): void {
  const experiment = loadExperiment({ file, set })
  if (json) {
    process.stdout.write(`${JSON.stringify(experiment)}\n`)
    return
  }
  const rows = experiment.stages.map(stage => [stage.name, stage.kind, summary(stage)])
  process.stdout.write(`${file} is valid\n\n${inColumns(['stage', 'kind', 'what'], rows)}\n`)
}
