const MOST_RUNS = 2000
const MOST_MILLISECONDS = 5000

/** An input with as much left out as `still` allows. */
export async function minimised(input: Buffer, still: (shorter: Buffer) => Promise<boolean>): Promise<Buffer> {
  const until = performance.now() + MOST_MILLISECONDS
  let bytes = input
  let runs = 0
  for (let size = Math.ceil(bytes.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let at = 0; at < bytes.length;) {
      if (++runs > MOST_RUNS || performance.now() > until) return bytes
      const shorter = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)])
      if (await still(shorter)) bytes = shorter
      else at += size
    }
  return bytes
}
