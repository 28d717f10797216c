import type { Statement } from './tap.ts'

/** What becomes of a statement that a fault waits for. */
export type StatementFate = 'pass' | 'cut before the server' | 'cut before the answer'

/** What the proxy does with connections and bytes. */
export interface ProxyConduct {
  /** `pass`: to the server. `refuse`: reset at once. `hold`: accepted and never answered. */
  newConnections: 'pass' | 'hold' | 'refuse'
  /** Whether bytes of open connections go on; held ones are kept and go on later. */
  openConnections: 'pass' | 'hold'
  /** Added to each answer of the server. */
  delayMilliseconds: number
  /** Decides on each statement that is sent for execution. */
  fateOf(this: void, statement: Statement): StatementFate
}

/** A change of the conduct, in force until it is lifted. */
export interface Imposition {
  /** More than once does no harm. */
  lift(): void
}

/** What several faults at once make of a proxy's conduct: the worst of each; lifting one leaves the others in force. */
export class Conduct {
  readonly #imposed = new Set<Partial<ProxyConduct>>()
  readonly #onChange: () => void
  #current: ProxyConduct = combine([])

  constructor(onChange: () => void) {
    this.#onChange = onChange
  }

  get current(): Readonly<ProxyConduct> {
    return this.#current
  }

  get isUndisturbed(): boolean {
    return this.#imposed.size === 0
  }

  impose(change: Partial<ProxyConduct>): Imposition {
    // a copy, so that the same change imposed twice is lifted once at a time
    const own = { ...change }
    this.#imposed.add(own)
    this.#update()
    return {
      lift: () => {
        if (this.#imposed.delete(own)) this.#update()
      },
    }
  }

  #update(): void {
    this.#current = combine([...this.#imposed])
    this.#onChange()
  }
}

const severities = { newConnections: ['pass', 'hold', 'refuse'], openConnections: ['pass', 'hold'] } as const

function combine(imposed: Partial<ProxyConduct>[]): ProxyConduct {
  const worst = <Way extends string>(ways: readonly [Way, ...Way[]], chosen: (Way | undefined)[]): Way =>
    ways.findLast((way) => chosen.includes(way)) ?? ways[0]
  return {
    newConnections: worst(
      severities.newConnections,
      imposed.map(({ newConnections }) => newConnections),
    ),
    openConnections: worst(
      severities.openConnections,
      imposed.map(({ openConnections }) => openConnections),
    ),
    delayMilliseconds: imposed.reduce((sum, { delayMilliseconds = 0 }) => sum + delayMilliseconds, 0),
    // each is asked, since each counts for itself
    fateOf: (statement) => {
      const fates = imposed.map(({ fateOf }) => fateOf?.(statement) ?? 'pass')
      return fates.find((fate) => fate !== 'pass') ?? 'pass'
    },
  }
}
