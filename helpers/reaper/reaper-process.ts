import { readLedger } from './ledger.ts'
import { reap } from './reap.ts'

// Runs beside the gate in a session of its own. Its standard input is a pipe held by the gate: the pipe closes when
// the gate is done, and also when it is killed, whichever way that happens.
const runDirectory = process.argv[2]
if (!runDirectory?.startsWith('/')) {
  console.error('usage: reaper-process <absolute path of the run directory>')
  process.exit(2)
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
process.stdin.resume()
process.stdin.on('error', () => undefined)
process.stdin.once('close', () => {
  void (async () => {
    const leftovers = await reap([...readLedger(runDirectory), { kind: 'directory', path: runDirectory, owner: 'run' }])
    for (const line of leftovers) console.error(line)
    process.exit(leftovers.length === 0 ? 0 : 1)
  })()
})
