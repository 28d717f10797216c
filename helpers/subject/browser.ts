import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Browser } from 'playwright-core'
import { hostileCall } from '../attacks/hostile-texts.ts'
import { isLoopback } from '../loopback.ts'

/** What a browser did with a page. */
export interface PageVisit {
  /** Markers of the hostile texts that ran. */
  ran: string[]
  /** Addresses off this machine that the page asked for; they were refused. */
  outside: string[]
}

/** A real browser without a window. */
export interface PageViewer extends AsyncDisposable {
  version: string
  /** Opens an address; `obeysPolicy` false also runs what the page's content security policy would stop. */
  open(url: string, headers: Record<string, string>, obeysPolicy: boolean): Promise<PageVisit>
  /** Opens a page given as text. */
  show(page: string): Promise<PageVisit>
}

const programs = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const run = promisify(execFile)
const settleMilliseconds = 400

/** Starts the Chromium that `ARO_GATE_CHROMIUM` names or that is on the PATH; undefined where there is none. */
export async function startPageViewer(): Promise<PageViewer | undefined> {
  const executablePath = await findProgram()
  if (executablePath === undefined) return undefined
  // a large library that only this needs
  const { chromium } = await import('playwright-core')
  // its own sandbox needs rights that containers lack; it opens nothing but the subject's pages
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
  return {
    version: `Chromium ${browser.version()}`,
    open: (url, headers, obeysPolicy) =>
      visit(browser, { headers, obeysPolicy }, (page) => page.goto(url, { waitUntil: 'load' })),
    show: (text) => visit(browser, { headers: {}, obeysPolicy: true }, (page) => page.setContent(text)),
    [Symbol.asyncDispose]: () => browser.close(),
  }
}

async function findProgram(): Promise<string | undefined> {
  const named = process.env.ARO_GATE_CHROMIUM
  if (named !== undefined && named !== '') return named
  for (const program of programs) {
    try {
      return (await run('which', [program])).stdout.trim()
    } catch {
      // not this one
    }
  }
  return undefined
}

async function visit(
  browser: Browser,
  { headers, obeysPolicy }: { headers: Record<string, string>; obeysPolicy: boolean },
  go: (page: Awaited<ReturnType<Browser['newPage']>>) => Promise<unknown>,
): Promise<PageVisit> {
  const context = await browser.newContext({ bypassCSP: !obeysPolicy, extraHTTPHeaders: headers })
  try {
    const visited: PageVisit = { ran: [], outside: [] }
    await context.exposeBinding(hostileCall, (_source, marker: unknown) => void visited.ran.push(String(marker)))
    await context.route('**/*', async (route) => {
      const { hostname, protocol } = new URL(route.request().url())
      if (['data:', 'about:', 'blob:'].includes(protocol) || isLoopback(hostname)) return route.continue()
      visited.outside.push(hostname)
      return route.abort()
    })
    const page = await context.newPage()
    page.on('dialog', (dialog) => void dialog.dismiss())
    await go(page)
    await page.waitForTimeout(settleMilliseconds)
    return visited
  } finally {
    await context.close()
  }
}
