/** Runs each task, at most `jobs` at a time, in order; results come in the order of the tasks. */
export async function runAll<Result>(
  tasks: readonly (() => Promise<Result>)[],
  jobs: number,
  signal: AbortSignal,
): Promise<Result[]> {
  const results: Result[] = []
  const queue = tasks.entries()
  const work = async (): Promise<void> => {
    for (const [index, task] of queue) {
      signal.throwIfAborted()
      results[index] = await task()
    }
  }
  await Promise.all(Array.from({ length: Math.min(jobs, tasks.length) }, work))
  return results
}
