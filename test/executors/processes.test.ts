import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { processes } from '../../src/executors/processes.js'

const NOBODY = new AbortController().signal

describe('workers that are processes', () => {
  it('start in the order of their stages in the run, and of one stage in the order that they were asked for', async () => {
    const orders = mkdtempSync(join(tmpdir(), 'epd-processes-'))
    const [gate, begun] = [join(orders, 'gate'), join(orders, 'begun')]
    const executor = processes({
      ...{ orders, jobs: 1 },
      commandOf: order => ({
        words: ['sh', '-c', `echo ${order} >> ${begun}; while [ ! -e ${gate} ]; do sleep 0.01; done`]
      })
    })
    const ask = async (order: string, place: number) => {
      const jobs = executor.name([{ first: 0, last: 0 }])
      await executor.submit(order, jobs, place)
      return jobs
    }
    const asked = [await ask('learns', 4), await ask('last', 9), await ask('scores', 1), await ask('samples', 1)].flat()
    while (!existsSync(begun)) await executor.pause(10, NOBODY)
    expect([...(await executor.standings(asked)).values()]).toEqual(['running', 'waiting', 'waiting', 'waiting'])
    writeFileSync(gate, '')
    while ([...(await executor.standings(asked)).values()].some(standing => standing !== 'gone'))
      await executor.pause(10, NOBODY)
    expect(readFileSync(begun, 'utf8').trim().split('\n')).toEqual(['learns', 'scores', 'samples', 'last'])
  })
})
