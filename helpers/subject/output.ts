import type { Readable } from 'node:stream'

/** One line that a process wrote. */
export interface OutputLine {
  stream: 'stdout' | 'stderr'
  /** Milliseconds since the epoch. */
  at: number
  text: string
}

const maximumLines = 200_000
const maximumLineLength = 64 * 1024

/** Keeps what a process writes, line by line; beyond the limit it counts lines instead of keeping them. */
export class Output {
  readonly lines: OutputLine[] = []
  droppedLines = 0
  #rest = { stdout: '', stderr: '' }

  /** Starts to keep what the stream carries. */
  capture(stream: Readable, name: OutputLine['stream']): void {
    stream.setEncoding('utf8')
    stream.on('data', (chunk: string) => this.#add(name, chunk))
    stream.on('end', () => this.#flush(name))
    stream.on('error', () => this.#flush(name))
  }

  /** The last lines as one text, for error messages. */
  tail(count = 15): string {
    return this.lines
      .slice(-count)
      .map((line) => line.text)
      .join('\n')
  }

  #add(name: OutputLine['stream'], chunk: string): void {
    const parts = (this.#rest[name] + chunk).split('\n')
    this.#rest[name] = (parts.pop() ?? '').slice(0, maximumLineLength)
    for (const text of parts) this.#keep(name, text)
  }

  #flush(name: OutputLine['stream']): void {
    if (this.#rest[name] !== '') this.#keep(name, this.#rest[name])
    this.#rest[name] = ''
  }

  #keep(stream: OutputLine['stream'], text: string): void {
    if (this.lines.length >= maximumLines) this.droppedLines += 1
    else this.lines.push({ stream, at: Date.now(), text: text.slice(0, maximumLineLength) })
  }
}
