import { absentFiles } from '../pipeline/assets.js'
import { inColumns } from './columns.js'
import { STAGE_KINDS } from '../stages/registry.js'
import type { SpecFlags } from './flags.js'
import { load } from './load.js'
import { elsewhereTable } from './reads.js'
import { print, printJson, warn } from './output.js'
import { printable } from './printable.js'

export async function validate(file: string, options: SpecFlags): Promise<void> {
  const experiment = await load(file, options)
  const warnings = [...experiment.warnings, ...absentFiles(experiment)]
  for (const message of warnings) warn(message)
  if (options.json) {
    printJson(experiment)
    return
  }
  const rows = experiment.stages.map(stage => [stage.name, stage.kind, STAGE_KINDS.of(stage).summary(stage)])
  const elsewhere = elsewhereTable(experiment)
  const tables = [inColumns(['stage', 'kind', 'what'], rows), ...(elsewhere === '' ? [] : [elsewhere])]
  print(`${printable(file)} is valid\n\n${tables.join('\n\n')}`)
}
