import { readdirSync, readFileSync } from 'node:fs'

/** What the operating system says of the processes of a group. */
export interface ProcessFigures {
  processorSeconds: number
  memoryBytes: number
}

const ticksPerSecond = 100

/** Sums over the process group that a subject was started as. @throws where there is no /proc, or no such process. */
export function readProcessGroup(leader: number): ProcessFigures {
  const figures = { processorSeconds: 0, memoryBytes: 0, processes: 0 }
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const stat = readText(`/proc/${entry}/stat`)
    // the program's name, in brackets, may hold spaces
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (Number(fields[2]) !== leader) continue
    figures.processes += 1
    figures.processorSeconds += (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
    figures.memoryBytes += 1024 * Number(/^VmRSS:\s+(\d+)/m.exec(readText(`/proc/${entry}/status`))?.[1] ?? 0)
  }
  if (figures.processes === 0)
    throw new Error(`No process of the group ${leader} is in /proc: cpu and memory cannot be compared.`)
  return figures
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // it has ended meanwhile
    return ''
  }
}
