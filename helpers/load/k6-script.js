/* global __ENV, open */
import exec from 'k6/execution'
import http from 'k6/http'
import crypto from 'k6/crypto'
import { Trend } from 'k6/metrics'

// Reads the gate's load plan and sends it. Each request is one point of the metric aro_latency, whose value is the time from
// the intended start to the whole answer.
const plan = JSON.parse(open(__ENV.ARO_GATE_PLAN))
const latency = new Trend('aro_latency', true)

export const options = {
  discardResponseBodies: true,
  noConnectionReuse: false,
  scenarios: Object.fromEntries(
    plan.scenarios.map((scenario) => [
      scenario.name,
      {
        executor: 'ramping-arrival-rate',
        exec: 'send',
        startRate: scenario.arrival.startRate,
        timeUnit: '1s',
        preAllocatedVUs: Math.min(plan.maximumInFlight, 100),
        maxVUs: plan.maximumInFlight,
        gracefulStop: `${Math.ceil(plan.requestTimeoutMilliseconds / 1000)}s`,
        stages: scenario.arrival.stages.map(({ durationSeconds, targetRate }) => ({
          duration: `${durationSeconds}s`,
          target: targetRate,
        })),
      },
    ]),
  ),
}

const uuid = () =>
  'xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx'.replace(/[xy]/g, (place) => {
    const digit = Math.floor(Math.random() * 16)
    return (place === 'x' ? digit : (digit & 3) | 8).toString(16)
  })

const filler = (values, extra) => (text) =>
  text.replace(/\{\{(\w+)(?::([^}]*))?\}\}/g, (whole, name, argument) => {
    if (extra && extra[name] !== undefined) return extra[name]
    return values[name] ? values[name](argument || '') : whole
  })

function choose(templates) {
  let rest = Math.random() * templates.reduce((sum, template) => sum + template.weight, 0)
  return templates.find((template) => (rest -= template.weight) < 0) || templates[0]
}

export function send() {
  const name = exec.scenario.name
  const scenario = plan.scenarios.find((candidate) => candidate.name === name)
  const number = exec.scenario.iterationInTest
  const intended = exec.scenario.startTime + plan.times[name][Math.min(number, plan.times[name].length - 1)]
  const now = Date.now()
  const correlationId = uuid()
  const values = {
    uuid,
    correlationId: () => correlationId,
    sequence: () => String(number + 1),
    unix: () => String(Math.floor(now / 1000)),
    iso: () => new Date(now).toISOString(),
    isoFuture: (hours) => new Date(now + Number(hours) * 3600000).toISOString(),
    random: (range) => {
      const [low, high] = range.split(':')
      return String(Number(low) + Math.floor(Math.random() * (Number(high) - Number(low) + 1))).padStart(
        low.length,
        '0',
      )
    },
    pick: (choices) => {
      const all = choices.split('|')
      return all[Math.floor(Math.random() * all.length)]
    },
  }
  const template = choose(scenario.requests)
  const fill = filler(values)
  const body = template.body === undefined ? null : fill(template.body)
  const headers = { 'X-Correlation-Id': correlationId }
  for (const key of Object.keys(template.headers)) headers[key] = fill(template.headers[key])
  if (template.signature) {
    const { header, value, algorithm, key, content, encoding } = template.signature
    const digest = crypto.hmac(algorithm, key, filler(values, { body: body || '' })(content), encoding)
    headers[header] = filler(values, { digest })(value)
  }
  const response = http.request(template.method, fill(template.url), body, {
    headers,
    timeout: plan.requestTimeoutMilliseconds,
    redirects: 0,
    tags: { name: template.name },
  })
  latency.add(Date.now() - intended, {
    request: template.name,
    correlation_id: correlationId,
    intended_at: String(intended),
    started_at: String(now),
    scenario_start: String(exec.scenario.startTime),
    answer_status: String(response.status),
    answer_error: response.error || '',
  })
}
