import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

/** What a process tree held and had used at one moment. */
export interface ResourceSample {
  /** Milliseconds since the epoch. */
  at: number
  processes: number
  /** Resident memory of all processes together. */
  residentMegabytes: number
  /** Processor time used by them, and by those of their children that have ended, since they started. */
  processorSeconds: number
}

/** Samples of a process tree while something goes on. */
export interface ResourceWatch {
  samples: readonly ResourceSample[]
  /**
   * Ends it; gives the highest memory that the kernel saw between two samples too, and how much of this machine's processor
   * time went to programs that are not of this run; undefined where the kernel does not tell.
   */
  stop(): { highWaterMegabytes: number | undefined; othersPercent: number | undefined }
}

// what Linux gives to programs, on every architecture that Node runs on
const ticksPerSecond = 100

/**
 * Samples memory and processor time of a process and all its descendants, and of nothing else.
 * @throws where there is no /proc to read them from, or no such process.
 */
export function watchResources(pid: number, everyMilliseconds = 200): ResourceWatch {
  const samples: ResourceSample[] = []
  const sample = (): void => {
    const tree = readTree(pid)
    if (tree.length === 0) return
    samples.push({
      at: performance.timeOrigin + performance.now(),
      processes: tree.length,
      residentMegabytes: tree.reduce((sum, one) => sum + (megabytesOf(one.pid, 'VmRSS') ?? 0), 0),
      processorSeconds: tree.reduce((sum, one) => sum + one.processorSeconds, 0),
    })
  }
  for (const one of readTree(pid)) forgetHighWater(one.pid)
  sample()
  if (samples.length === 0) {
    throw new Error(
      `Memory and processor time of the subject's process ${pid} cannot be read from /proc: run the gate on Linux, and start the subject as a process of this machine.`,
    )
  }
  const before = readMachine()
  const timer = setInterval(sample, everyMilliseconds)
  return {
    samples,
    stop() {
      clearInterval(timer)
      sample()
      const marks = readTree(pid).map((one) => megabytesOf(one.pid, 'VmHWM'))
      const sum = marks.reduce<number>((total, mark) => total + (mark ?? Number.NaN), 0)
      return {
        highWaterMegabytes: marks.length === 0 || Number.isNaN(sum) ? undefined : sum,
        othersPercent: othersSince(before, readMachine()),
      }
    },
  }
}

interface ProcessReading {
  pid: number
  parent: number
  processorSeconds: number
}

function readTree(root: number): ProcessReading[] {
  const all = readAll()
  const tree = all.filter((one) => one.pid === root)
  for (let index = 0; index < tree.length; index += 1) {
    tree.push(...all.filter((one) => one.parent === tree[index]?.pid))
  }
  return tree
}

function readAll(): ProcessReading[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => readProcess(Number(name)) ?? [])
  } catch {
    return []
  }
}

/** Undefined once the process is gone. */
function readProcess(pid: number): ProcessReading | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // the name in parentheses may hold anything, also spaces and parentheses
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const field = (number: number): number => Number(fields[number - 3])
    return {
      pid,
      parent: field(4),
      // with that of its ended and awaited children
      processorSeconds: (field(14) + field(15) + field(16) + field(17)) / ticksPerSecond,
    }
  } catch {
    return undefined
  }
}

function forgetHighWater(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5')
  } catch {
    // then the mark of its whole life counts, which is no lower
  }
}

/** Undefined once the process is gone. */
function megabytesOf(pid: number, field: 'VmRSS' | 'VmHWM'): number | undefined {
  try {
    const line = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
    return line === null ? undefined : Number(line[1]) / 1024
  } catch {
    return undefined
  }
}

interface MachineReading {
  busySeconds: number
  totalSeconds: number
  /** Used by the processes of this run: all that the gate's main process has started. */
  ownSeconds: number
}

function readMachine(): MachineReading | undefined {
  try {
    const line = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0] ?? ''
    // user, nice, system, idle, waiting, interrupts, stolen by other machines
    const seconds = line
      .split(/\s+/)
      .slice(1, 9)
      .map((ticks) => Number(ticks) / ticksPerSecond)
    const totalSeconds = seconds.reduce((sum, some) => sum + some, 0)
    return {
      totalSeconds,
      busySeconds: totalSeconds - (seconds[3] ?? 0) - (seconds[4] ?? 0),
      ownSeconds: readTree(process.ppid).reduce((sum, one) => sum + one.processorSeconds, 0),
    }
  } catch {
    return undefined
  }
}

function othersSince(before: MachineReading | undefined, after: MachineReading | undefined): number | undefined {
  if (before === undefined || after === undefined || after.totalSeconds <= before.totalSeconds) return undefined
  const others = after.busySeconds - before.busySeconds - (after.ownSeconds - before.ownSeconds)
  return Math.max(0, (others / (after.totalSeconds - before.totalSeconds)) * 100)
}
