import type { ExecutorDescriptor } from './executor.js'
import { local } from './local.js'

export const EXECUTORS = [local] as const satisfies readonly ExecutorDescriptor<never>[]
