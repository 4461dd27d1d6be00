/**
 * The folders of src in the order of ARCHITECTURE.md: each may import itself, those after it, and the files of src itself.
 * @type {readonly string[]}
 */
export const LAYERS = [
  'cli',
  'serve',
  'report',
  'work',
  'pipeline',
  'experiment',
  'stages',
  'predictors',
  'store',
  'distill',
  'solvers',
  'metrics',
  'images',
  'models',
  'downloads',
  'networks',
  'engines',
  'checkpoints',
  'datasets',
  'charts',
  'html',
  'random',
  'executors',
  'files',
  'reading'
]

/**
 * What ESLint's no-restricted-imports takes for imports that point up the list, from a folder or from the files of src itself.
 * @param {string} [folder]
 */
export function upwardFrom(folder) {
  const above = folder === undefined ? LAYERS : LAYERS.slice(0, LAYERS.indexOf(folder))
  return {
    // A folder without any above it is given a pattern that nothing meets.
    regex: above.length > 0 ? `^\\.{1,2}/(\\.\\./)*(${above.join('|')})/` : '^$',
    message: 'Imports point down the list of folders in ARCHITECTURE.md only.'
  }
}
