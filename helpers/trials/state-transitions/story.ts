import { z } from 'zod'

/** One request about an appointment, and what it led to. */
export const stepSchema = z.object({
  how: z.enum(['admin', 'calendar', 'reply']),
  /** The state asked for, or what the calendar or customer said. */
  asked: z.string(),
  status: z.int(),
  /** State once it had taken effect; null where there is no such appointment, or it was one of many at once. */
  after: z.string().nullable(),
  /** Fields of the appointment that differ from before, of a request that is to be refused. */
  altered: z.array(z.string()).optional(),
  /** States in which it must end; any that lawfully follow where there are none. */
  mustEndIn: z.array(z.string()).optional(),
  /** Statuses with which it may be refused; 409 alone unless told otherwise. */
  refusedWith: z.array(z.int()).optional(),
  /** Whether the time that the calendar told is the appointment's. */
  isTimeKept: z.boolean().optional(),
})

/** What happened to one appointment. */
export const storySchema = z.object({
  name: z.string(),
  /** Steps of the same group were taken at once. */
  groups: z.array(z.array(stepSchema).min(1)).min(1),
  end: z.string().nullable(),
  /** States told by the appointment's events, in the order of the Event API; the number of the step that caused it. */
  events: z.array(z.object({ told: z.string(), step: z.int().nullable() })),
  /** Changes of state that audit entries claim. */
  audit: z.array(z.object({ from: z.string().nullable(), to: z.string() })),
})

/** @see stepSchema */
export type Step = z.infer<typeof stepSchema>

/** @see storySchema */
export type Story = z.infer<typeof storySchema>
