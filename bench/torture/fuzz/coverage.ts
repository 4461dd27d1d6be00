/** What istanbul counts of one file: how often each function and each arm of a branch was taken. */
interface Counts {
  readonly f: Record<string, number>
  readonly b: Record<string, number[]>
}

declare global {
  var __coverage__: Record<string, Counts> | undefined
}

/** The counts of a place that are told apart: 1, 2, 3, 4-7, 8-15, 16-31, 32-127 and more. */
function bucket(count: number): number {
  if (count < 4) return 1 << (count - 1)
  return count < 8 ? 8 : count < 16 ? 16 : count < 32 ? 32 : count < 128 ? 64 : 128
}

/** The places that inputs have reached so far, and how often. */
export interface Coverage {
  /** Takes what was counted since the last call. Returns whether a place was reached for the first time so often. */
  readonly take: () => boolean
  /** The arms of branches that were reached, and all that there are. */
  readonly arms: () => { reached: number; all: number }
}

export function coverage(): Coverage {
  const files = new Map<string, { counts: Counts; functions: Uint8Array; arms: Uint8Array[] }>()
  /** Modules are imported as they are needed. */
  const known = () => {
    const all = globalThis.__coverage__ ?? {}
    const names = Object.keys(all)
    for (const name of names.slice(files.size)) {
      const counts = all[name]
      const arms = Object.values(counts.b).map(each => new Uint8Array(each.length))
      files.set(name, { counts, functions: new Uint8Array(Object.keys(counts.f).length), arms })
    }
    return files.values()
  }
  return {
    take() {
      let isNew = false
      for (const { counts, functions, arms } of known()) {
        for (let i = 0; i < functions.length; i++) {
          const count = counts.f[i]
          if (count === 0) continue
          counts.f[i] = 0
          const seen = functions[i] | bucket(count)
          isNew ||= seen !== functions[i]
          functions[i] = seen
        }
        for (let i = 0; i < arms.length; i++) {
          const [counted, seen] = [counts.b[i], arms[i]]
          for (let arm = 0; arm < seen.length; arm++) {
            if (counted[arm] === 0) continue
            const now = seen[arm] | bucket(counted[arm])
            counted[arm] = 0
            isNew ||= now !== seen[arm]
            seen[arm] = now
          }
        }
      }
      return isNew
    },
    arms() {
      const all = [...known()].flatMap(({ arms }) => arms.flatMap(each => [...each]))
      return { reached: all.filter(seen => seen !== 0).length, all: all.length }
    }
  }
}
