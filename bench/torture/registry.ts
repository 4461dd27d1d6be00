import type { Part } from './part.js'
import { crowds } from './parts/crowds.js'
import { faults } from './parts/faults.js'
import { flips } from './parts/flips.js'
import { fuzzing } from './parts/fuzz.js'
import { hostile } from './parts/hostile.js'
import { kills } from './parts/kills.js'
import { soak } from './parts/soak.js'
import { upgrades } from './parts/upgrades.js'

/** In the order of the table. */
export const parts: readonly Part[] = [kills, faults, flips, upgrades, hostile, crowds, ...fuzzing, soak]
