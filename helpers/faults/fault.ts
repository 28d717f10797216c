/** What shows that a fault was really in force, and that it is over. */
export interface FaultProof {
  tookHold: boolean
  /** How often it was seen to do its work. */
  observations: number
  /** What was seen, in a sentence. */
  what: string
  ended: boolean
  /** Milliseconds since the epoch. */
  endedAt?: number
}

/** A fault in force; ends when told to, at the latest when it is disposed of. */
export interface Fault extends AsyncDisposable {
  name: string
  /** Milliseconds since the epoch. */
  startedAt: number
  proof(): FaultProof
  /** Ends it and proves that it ended; more than once does no harm. */
  end(): Promise<void>
}
