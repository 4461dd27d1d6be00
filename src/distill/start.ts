import { torchCpuGenerator } from '../random/torch-cpu.js'
import type { EpdStudent } from '../solvers/epd.js'
import type { Predictor } from '../solvers/predictor.js'
import { normalStart, uniformStart } from './parameters.js'
import type { StartName, Task } from './task.js'

/** EPD's parameters at the start of a task. `usual`: where they start unless the task says otherwise. */
export function epdStart({ setting, start, seed }: Task<EpdStudent>, usual: StartName): Predictor {
  const { student, sigmas } = setting
  const steps = sigmas.length - 1
  return (start ?? usual) === 'uniform'
    ? uniformStart(student, steps)
    : normalStart(student, steps, torchCpuGenerator(seed).randn(4 * steps * student.points))
}
