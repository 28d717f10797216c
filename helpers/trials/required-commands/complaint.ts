const escapeCodes = new RegExp(String.raw`\u001b\[[0-9;]*m`, 'g')

/** What programs begin a complaint with: test runners first, then compilers and npm, then any error. */
const complaints: readonly RegExp[] = [
  /^\s*(?:FAIL|×|✗|✖|not ok)\s+\S.*$/m,
  /^.*\b(?:error TS\d+|npm (?:error|ERR!)|fatal:)\s.*$/m,
  /^.*\b\w*Error: .*$/m,
  /^.*\b(?:[Ee]rror|[Ff]ailed|[Rr]efused)\b.*$/m,
]

/** The line of a failed command's output that says most about why: the first complaint, else its last line. */
export function complaintOf(output: string): string {
  const text = output.replaceAll(escapeCodes, '').trim()
  const line = complaints.map((pattern) => pattern.exec(text)?.[0]).find((found) => found !== undefined)
  return (line ?? text.split('\n').at(-1) ?? '').trim().slice(0, 300)
}
