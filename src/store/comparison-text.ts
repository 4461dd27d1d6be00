import type { Cell, Comparison } from './comparison.js'

/** A cell as it is printed: its value in the digits of the metric, and a spread to the last place of that. */
export function cellText({ value, spread }: Cell, { digits }: Pick<Comparison, 'digits'>, plusMinus = '±'): string {
  const mean = 'decimals' in digits ? value.toFixed(digits.decimals) : value.toPrecision(digits.significant)
  return spread === undefined ? mean : `${mean} ${plusMinus}${asPrecise(spread, mean)}`
}

function asPrecise(spread: number, mean: string): string {
  if (mean.includes('e')) return spread.toPrecision(2)
  return spread.toFixed(mean.split('.').at(1)?.length ?? 0)
}

/**
 * What rows cost whose parallel points take more evaluations than the NFE that stands above them, in a sentence each;
 * none where columns are not by NFE.
 */
export function costSentences({ rowsBy, colsBy, columns, rows }: Comparison): string[] {
  if (colsBy !== 'nfe') return []
  return rows.flatMap(({ name, cells }) => {
    const costs = cells.flatMap((cell, i) =>
      cell?.evaluations === undefined || cell.evaluations === Number(columns[i]) ? [] : [{ cell, nfe: columns[i] }]
    )
    if (costs.length === 0) return []
    const words = costs.map(({ cell, nfe }) => `${cell.evaluations ?? ''} at ${nfe} NFE`)
    return [`evaluations an image of ${rowsBy} ${name}: ${words.join(', ')}`]
  })
}
