import { randomBytes } from 'node:crypto'
import { http, HttpResponse } from 'msw'
import type { RequestHandler } from 'msw'
import { z } from 'zod'
import type { ProviderWorld } from './handlers.ts'

const askedSchema = z.looseObject({
  model: z.string(),
  messages: z.array(z.looseObject({ role: z.string(), content: z.string() })).min(1),
})

const meanings: [intent: string, words: RegExp][] = [
  ['reschedule', /\b(reschedule|another (day|time)|move|later|earlier|otro día|cambiar)\b/i],
  ['cancel', /\b(cancel|can(?:no|')t (come|make)|not coming|no puedo)\b/i],
  ['confirmed', /\b(yes|ok|okay|sure|confirm(ed)?|will be there|sí|confirmo)\b/i],
]

/** A chat completion in OpenAI's shape, which classifies the last message by plain words. */
export function llmHandlers({ tenants }: ProviderWorld): RequestHandler[] {
  return [
    http.post('https://api.openai.com/v1/chat/completions', async ({ request }) => {
      const isAuthorised = tenants.some(
        ({ llmApiKey }) => request.headers.get('authorization') === `Bearer ${llmApiKey}`,
      )
      if (!isAuthorised) {
        return HttpResponse.json(
          { error: { message: 'Incorrect API key provided', type: 'invalid_request_error' } },
          { status: 401 },
        )
      }
      const asked = askedSchema.safeParse(await request.json().catch(() => null))
      if (!asked.success) {
        return HttpResponse.json(
          { error: { message: asked.error.message, type: 'invalid_request_error' } },
          { status: 400 },
        )
      }
      const text = asked.data.messages.at(-1)?.content ?? ''
      const intent = meanings.find(([, words]) => words.test(text))?.[0] ?? 'unclear'
      return HttpResponse.json({
        id: `chatcmpl-${randomBytes(12).toString('hex')}`,
        object: 'chat.completion',
        created: Math.floor(Date.now() / 1000),
        model: asked.data.model,
        choices: [
          {
            index: 0,
            finish_reason: 'stop',
            message: {
              role: 'assistant',
              content: JSON.stringify({ intent, confidence: intent === 'unclear' ? 0.3 : 0.9 }),
            },
          },
        ],
        usage: { prompt_tokens: 50, completion_tokens: 10, total_tokens: 60 },
      })
    }),
  ]
}
