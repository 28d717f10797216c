import { dirname } from 'node:path'
import { execa } from 'execa'

const secondsForGit = 60

/** Runs git in a folder, without what the surroundings set for another repository. @returns its output, byte for byte. */
export async function runGit(root: string, gitArguments: readonly string[], input = ''): Promise<Buffer> {
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_')))
  const { exitCode, stdout, stderr, failed } = await execa(
    'git',
    ['--no-replace-objects', '-c', 'core.quotePath=false', ...gitArguments],
    {
      cwd: root,
      // a missing object is not to be fetched meanwhile: nothing leaves the machine
      env: { ...environment, GIT_NO_LAZY_FETCH: '1', GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' },
      extendEnv: false,
      input,
      encoding: 'buffer',
      reject: false,
      maxBuffer: 2 ** 30,
      timeout: secondsForGit * 1000,
    },
  )
  if (failed) {
    const said = Buffer.from(stderr).toString('utf8').trim().slice(0, 300)
    throw new Error(
      `git ${gitArguments.slice(0, 3).join(' ')} in ${dirname(root)} ended with ${exitCode ?? 'no exit code'}: ${said}`,
    )
  }
  return Buffer.from(stdout)
}

/** The lines of what git says. */
export const linesOf = (output: Buffer): string[] =>
  output
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
