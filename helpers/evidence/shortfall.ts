import { z } from 'zod'

/** How bad a failure is; a security shortfall of any severity is NO-GO all the same. */
export const severitySchema = z.enum(['critical', 'high', 'medium'])

/** @see severitySchema */
export type Severity = z.infer<typeof severitySchema>

/** One way in which evidence misses the target: what was seen, what was expected, where, and what to do. */
export const shortfallSchema = z.strictObject({
  severity: severitySchema,
  what: z.string().min(1),
  expected: z.string().min(1),
  where: z.string().min(1),
  mitigation: z.string().min(1),
})

/** @see shortfallSchema */
export type Shortfall = z.infer<typeof shortfallSchema>

/** A shortfall as judge writes it: it has its control's severity unless it states another. */
export type JudgedShortfall = Omit<Shortfall, 'severity'> & { severity?: Severity }
