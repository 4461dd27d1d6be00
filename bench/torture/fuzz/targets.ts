import { CONFIGURATIONS } from '../../../test/support/fuzz/configurations.js'
import { FILES } from '../../../test/support/fuzz/files.js'
import type { Target } from '../../../test/support/fuzz/target.js'
import { TEXTS } from '../../../test/support/fuzz/texts.js'

export const targets: readonly Target[] = [...FILES, ...TEXTS, ...CONFIGURATIONS]
