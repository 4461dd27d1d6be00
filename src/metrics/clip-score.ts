import { needed, oncePer, type MetricDescriptor, type ScoreContext } from './metric.js'

export const clipScoreMetric: MetricDescriptor = {
  name: 'clip-score',
  title: '100 times the cosine of image and prompt as CLIP sees them',
  moreIsBetter: true,
  digits: { significant: 4 },
  needs: { keys: ['clip'], prompts: true, colours: true },
  async check({ options, assetPath, cacheDir, runner, once }) {
    const clip = needed(options.clip, 'clip')
    await once(JSON.stringify(['clip', clip]), async () => {
      const { openClip } = await import('./clip.js')
      await (await openClip({ folder: assetPath(clip), cacheDir, runner })).close()
    })
  },
  async score({ samples, stage }) {
    const clip = await clipOf(stage)
    let [sum, count] = [0, 0]
    for await (const { seeds, pictures } of samples.pictures()) {
      const scores = await clip.scores(pictures, stage.promptsOf?.(seeds) ?? [])
      sum += scores.reduce((all, score) => all + score, 0)
      count += scores.length
    }
    return { value: sum / count, count, details: { network: { name: 'clip', digest: clip.digest } } }
  }
}

const clipOf = oncePer(async ({ options, assetPath, cacheDir, runner, onNote, signal, atEnd }: ScoreContext) => {
  const clip = needed(options.clip, 'clip')
  const { openClip } = await import('./clip.js')
  const opened = await openClip({ folder: assetPath(clip), cacheDir, runner, onNote, signal })
  atEnd(() => opened.close())
  return opened
})
