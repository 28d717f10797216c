import { existsSync, readdirSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { readControls, requireControl } from './control-files.ts'
import type { ControlFile } from './control-files.ts'
import { MutantFileError, readMutants } from './mutant.ts'
import type { Mutant } from './mutant.ts'

/** Folders that a plan is read from. */
export interface ProofFolders {
  gates: string
  defects: string
  variants: string
  degenerate: string
}

/** What is to be tried, checked against the controls on disk. */
export interface ProofPlan {
  controls: ControlFile[]
  mutants: Mutant[]
  degenerates: string[]
  problems: string[]
  /** How many mutants are kept for a thorough proof, and not tried in this one. */
  leftOut: number
}

/** A control's folder for what shows little that its other defects and variants do not; only a thorough proof tries it. */
const furtherFolder = 'further'

const fewestDefects = 3

/** Reads what is to be tried. @throws when a defect file is malformed, a control unknown, or a folder missing. */
export function planProof(
  parts: ProofFolders,
  request: { control: string | undefined; defects: string | undefined; isThorough: boolean },
): ProofPlan {
  const onDisk = readControls(parts.gates)
  const { control } = request
  const controls = control === undefined ? onDisk : [requireControl(onDisk, control, '--control')]
  const isWhole = request.defects === undefined
  const folders = isWhole ? [parts.defects, parts.variants] : [requireFolder(request.defects ?? '')]
  const mutants = folders.filter((folder) => existsSync(folder)).flatMap(readMutants)
  for (const mutant of mutants) {
    requireControl(onDisk, mutant.control, `${mutant.file}: Control`)
    if (isWhole) requireOwnFolder(parts, mutant)
  }
  const ofControls = mutants.filter((mutant) => controls.some(({ id }) => id === mutant.control))
  // whoever asks for one control, or for a folder, asks for all there is
  const isAll = request.isThorough || !isWhole || control !== undefined
  const chosen = ofControls.filter(({ file }) => isAll || basename(dirname(file)) !== furtherFolder)
  if (!isWhole && chosen.length === 0) {
    throw new Error(`--defects: expected defects of ${control ?? 'any control'} in ${request.defects}, found none.`)
  }
  if (!isWhole) {
    const involved = controls.filter(({ id }) => chosen.some((mutant) => mutant.control === id))
    return { controls: involved, mutants: chosen, degenerates: [], problems: [], leftOut: 0 }
  }
  return {
    controls,
    mutants: chosen,
    degenerates: programsIn(parts.degenerate),
    problems: tooFew(controls, chosen),
    leftOut: ofControls.length - chosen.length,
  }
}

function requireFolder(folder: string): string {
  if (existsSync(folder) && statSync(folder).isDirectory()) return folder
  throw new Error(`--defects: expected a folder of .patch files, found none at ${folder}.`)
}

/** A defect's place says which control it belongs to; a second, different saying would be a trap. */
function requireOwnFolder({ defects, variants }: ProofFolders, mutant: Mutant): void {
  const folder = join(mutant.kind === 'defect' ? defects : variants, mutant.control)
  if ([folder, join(folder, furtherFolder)].includes(dirname(mutant.file))) return
  throw new MutantFileError(
    `${mutant.file}: expected this ${mutant.kind} of ${mutant.control} in ${folder}. Move it, or mend its first lines.`,
  )
}

function programsIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .sort()
    .map((file) => join(folder, file))
}

function tooFew(controls: readonly ControlFile[], mutants: readonly Mutant[]): string[] {
  return controls.flatMap(({ id }) => {
    const count = mutants.filter((mutant) => mutant.kind === 'defect' && mutant.control === id).length
    return count >= fewestDefects
      ? []
      : [`${id} has ${count} defects, expected at least ${fewestDefects}: a control never shown a defect is unproven.`]
  })
}
