import { rm } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import type { ControlFile } from './control-files.ts'
import { runGate } from './gate-process.ts'
import type { GateAnswer } from './gate-process.ts'
import { judgeCase } from './judgement.ts'
import type { Expectation, Judgement } from './judgement.ts'
import { isGood } from './matrix.ts'
import type { ProofCase } from './matrix.ts'
import { changedFiles } from './mutant.ts'
import type { Mutant } from './mutant.ts'
import { copyMutant, copyReference, makeDegenerate } from './workspace.ts'
import type { Reference } from './workspace.ts'

/** What cases are run with. */
export interface CaseContext {
  repository: string
  reference: Reference
  gateCommand(controlFiles: readonly string[]): string[]
  /** Tells a run of the gate which database to use for a subject that differs from the reference in these files. */
  environmentFor(changedFiles: readonly string[]): Record<string, string>
  runDirectory: string
  signal: AbortSignal
  say(line: string): void
}

const setUpSeconds = 90
const longestSeconds = 1800

/** Makes subjects, runs the gate on them, and judges what it says. */
export class CaseRunner {
  readonly #context: CaseContext
  /** Folders of cases that are over: a subject at a path where one was before is compiled already. */
  readonly #freeFolders: string[] = []
  #folders = 0

  constructor(context: CaseContext) {
    this.#context = context
  }

  async reference(control: ControlFile): Promise<ProofCase> {
    const { reference } = this.#context
    const answer = await this.#answer([control], (folder) => copyReference(reference, folder))
    const about = { kind: 'reference', file: this.#shown(reference.root), expect: null } as const
    return this.#note({ ...about, sentence: 'as it is', control: control.id }, { kind: 'passed' }, answer)
  }

  async mutant(control: ControlFile, mutant: Mutant, isTrusted: boolean): Promise<ProofCase> {
    const { kind, sentence, expect } = mutant
    const about = { kind, sentence, expect, control: control.id, file: this.#shown(mutant.file) }
    if (!isTrusted) {
      const said =
        'not run: the control does not pass the reference application, so what it says of others means nothing'
      return { ...about, outcome: 'error', said, atFirst: null, durationMilliseconds: 0 }
    }
    const make = (folder: string): Promise<string> => copyMutant(this.#context.reference, mutant, folder)
    const answer = await this.#answer([control], make, changedFiles(mutant))
    return this.#note(about, expect === null ? { kind: 'passed' } : { kind: 'caught', word: expect }, answer)
  }

  async degenerate(controls: readonly ControlFile[], program: string): Promise<ProofCase[]> {
    const answer = await this.#answer(controls, (folder) => makeDegenerate(this.#context.reference, program, folder))
    const about = { kind: 'degenerate', file: this.#shown(program), expect: null } as const
    const sentence = basename(program, '.ts').replaceAll('-', ' ')
    return controls.map(({ id }) => this.#note({ ...about, sentence, control: id }, { kind: 'not passed' }, answer))
  }

  async #answer(
    controls: readonly ControlFile[],
    make: (folder: string) => Promise<string>,
    changed: readonly string[] = [],
  ): Promise<GateAnswer> {
    const { runDirectory, signal } = this.#context
    const folder = this.#freeFolders.pop() ?? join(runDirectory, 'cases', String((this.#folders += 1)))
    const seconds = controls.reduce((sum, control) => sum + control.timeLimitSeconds, setUpSeconds)
    try {
      return await runGate({
        command: this.#context.gateCommand(controls.map(({ file }) => file)),
        directory: this.#context.repository,
        subjectFile: await make(folder),
        reportDirectory: join(folder, 'report'),
        environment: this.#context.environmentFor(changed),
        timeLimitSeconds: Math.min(seconds, longestSeconds),
        runDirectory,
        signal,
      })
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error)
      return { answered: false, problem, durationMilliseconds: 0 }
    } finally {
      await rm(folder, { recursive: true, force: true })
      this.#freeFolders.push(folder)
    }
  }

  #note(
    about: Omit<ProofCase, keyof Judgement | 'atFirst' | 'durationMilliseconds'>,
    expectation: Expectation,
    answer: GateAnswer,
  ) {
    const judgement = judgeCase(expectation, about.control, answer)
    const { durationMilliseconds } = answer
    const proofCase: ProofCase = { ...about, ...judgement, atFirst: null, durationMilliseconds }
    const seconds = (durationMilliseconds / 1000).toFixed(1)
    const told = `${about.control} ${about.kind} ${basename(about.file)}: ${judgement.outcome} (${seconds} s)`
    this.#context.say(isGood(proofCase) ? `✅ ${told}` : `❌ ${told}: ${judgement.said.slice(0, 400)}`)
    return proofCase
  }

  readonly #shown = (path: string): string => {
    const within = relative(this.#context.repository, path)
    return within.startsWith('..') ? path : within
  }
}
