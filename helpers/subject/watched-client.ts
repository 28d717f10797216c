import { AroClient } from './client.ts'
import type { Answer, SubjectRequest } from './request.ts'

/** One answer of the subject as the client saw it. */
export interface WatchedAnswer {
  method: string
  path: string
  status: number
  /** Headers and body. */
  text: string
}

/** A client that keeps every answer, to be searched later. */
export class WatchedClient extends AroClient {
  readonly answers: WatchedAnswer[] = []

  override async send(options: Omit<SubjectRequest, 'url'> & { url?: string }): Promise<Answer> {
    const answer = await super.send(options)
    const headers = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}`)
    this.answers.push({
      method: options.method ?? 'GET',
      path: options.path,
      status: answer.status,
      text: `${headers.join('\n')}\n\n${answer.text}`,
    })
    return answer
  }
}
