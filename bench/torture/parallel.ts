/** Does jobs in their order, two at a time: a trial waits for the disk as much as it computes. */
export async function inPairs<T>(jobs: readonly T[], work: (job: T, number: number) => Promise<void>): Promise<void> {
  const waiting = [...jobs.entries()]
  const hand = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await work(next[1], next[0])
  }
  await Promise.all([hand(), hand()])
}
