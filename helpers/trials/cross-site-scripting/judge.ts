import { z } from 'zod'
import type { JudgedShortfall } from '../../evidence/shortfall.ts'

const answerSchema = z.object({
  /** What was asked, e.g. `GET /api/v1/admin/customers`. */
  route: z.string(),
  status: z.int(),
  contentType: z.string().nullable(),
  hasNosniff: z.boolean(),
  isHtml: z.boolean(),
  /** Whether a body that claims to be HTML is JSON. */
  isJsonAsHtml: z.boolean(),
  /** What lets injected scripts run in it; of an HTML answer only. */
  policyWeaknesses: z.array(z.string()),
  /** Hostile texts that are in the answer, as text or otherwise. */
  hostileTexts: z.int().nonnegative(),
  injections: z.array(z.object({ text: z.string(), became: z.string() })),
})

/** All that was seen of hostile texts in answers. */
export const scriptingTrialSchema = z.object({
  /** Hostile texts that the subject took in, by the field they came in. */
  planted: z.array(z.object({ field: z.string(), accepted: z.int().nonnegative(), sent: z.int().positive() })).min(3),
  /** Whether an ordinary name, planted with them, was shown in a page. */
  isOrdinaryShown: z.literal(true),
  answers: z.array(answerSchema).min(10),
  /** Null where no browser is installed. */
  browser: z
    .object({
      version: z.string(),
      pages: z.array(
        z.object({
          route: z.string(),
          obeysPolicy: z.boolean(),
          ran: z.array(z.string()),
          outside: z.array(z.string()),
        }),
      ),
    })
    .nullable(),
})

/** @see scriptingTrialSchema */
export type ScriptingTrial = z.infer<typeof scriptingTrialSchema>

/** Each hostile text that became markup or ran, and each answer that a browser could take for a page it is not. */
export function judgeScripting({ answers, browser }: ScriptingTrial): JudgedShortfall[] {
  return [...answers.flatMap(judgeAnswer), ...(browser?.pages ?? []).flatMap(judgePage)]
}

const isJson = (type: string): boolean => /^application\/(?:[\w.+-]+\+)?json\b/i.test(type)
const isHarmless = (type: string): boolean =>
  isJson(type) || /^(?:text\/plain|text\/css|application\/openmetrics-text)\b/i.test(type)

function judgeAnswer(answer: z.infer<typeof answerSchema>): JudgedShortfall[] {
  const { route, contentType, isHtml, injections } = answer
  const where = `answer ${answer.status} to ${route}`
  const shortfalls: JudgedShortfall[] = injections.map(({ text, became }) => ({
    what: `a hostile text (${text}) became ${became} in the page of ${route}`,
    expected: 'every text from outside shown as text',
    where,
    mitigation: 'Escape where the page is made, by a template that escapes unless told otherwise.',
  }))
  if (answer.isJsonAsHtml) {
    shortfalls.push({
      what: `${route} sends JSON as ${contentType}`,
      expected: 'application/json',
      where,
      mitigation: 'Name the content type; a browser runs what it finds in a page.',
    })
  } else if (!isHtml && contentType !== null && !isHarmless(contentType)) {
    shortfalls.push({
      what: `${route} answers with the content type ${contentType}`,
      expected: 'application/json, or HTML that escapes',
      where,
      mitigation: 'Answer as application/json.',
    })
  } else if (contentType === null && answer.hostileTexts > 0) {
    shortfalls.push({
      what: `${route} answers with a hostile text and no content type`,
      expected: 'application/json',
      where,
      mitigation: 'Name the content type, so that no browser has to guess.',
    })
  }
  if (!answer.hasNosniff) {
    shortfalls.push({
      what: `${route} answers without X-Content-Type-Options: nosniff`,
      expected: 'nosniff on every answer',
      where,
      mitigation: 'Set the header for all answers, refusals and errors too.',
    })
  }
  if (isHtml && answer.policyWeaknesses.length > 0) {
    shortfalls.push({
      what: `the content security policy of ${route} does not stop injected scripts: ${answer.policyWeaknesses.join(', ')}`,
      expected: 'a policy whose script-src or default-src names what may run, and no inline scripts',
      where,
      mitigation: "Send Content-Security-Policy with default-src 'none' and what the page needs, by hash or nonce.",
    })
  }
  return shortfalls
}

function judgePage(page: NonNullable<ScriptingTrial['browser']>['pages'][number]): JudgedShortfall[] {
  const { route, obeysPolicy, ran, outside } = page
  const where = `${route} in a browser${obeysPolicy ? '' : ' without its content security policy'}`
  return [
    ...ran.map((text) => ({
      what: `a hostile text (${text}) ran as a script in the page of ${route}`,
      expected: obeysPolicy
        ? 'no script of a stranger runs'
        : 'no script of a stranger in the page, whatever the policy stops',
      where,
      mitigation: 'Put texts into the page as text: textContent, or a template that escapes.',
    })),
    ...outside.map((host) => ({
      what: `the page of ${route} asks ${host} for something`,
      expected: 'a page that loads from its own service only',
      where,
      mitigation: 'Serve what the page needs yourself, and name it in the policy.',
    })),
  ]
}
