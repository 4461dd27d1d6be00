import { deisMethod } from './deis.js'
import { dpmppMethod } from './dpmpp.js'
import { eulerMethod } from './euler.js'
import { ipndmMethod } from './ipndm.js'
import type { Multistep } from './multistep.js'
import type { Problem } from './solver.js'
import { unipcMethod } from './unipc.js'

/** A multistep method that another solver is plugged into. */
export type BaseName = 'euler' | 'ipndm' | 'dpmpp' | 'unipc' | 'deis'

/** The method that leads to a plug-in's intermediate states; unipc by its predictor alone. `maxOrder`: 1 to 4, of dpmpp and unipc 1 to 3. */
export function baseMethod(name: BaseName, problem: Problem, maxOrder: number): Multistep {
  switch (name) {
    case 'euler':
      return eulerMethod
    case 'ipndm':
      return ipndmMethod({ maxOrder })
    case 'dpmpp':
      return dpmppMethod(problem, { maxOrder })
    case 'unipc':
      return unipcMethod(problem, { maxOrder })
    case 'deis':
      return deisMethod(problem.sigmas, { maxOrder })
  }
}
