import { openFacilities } from '../facilities.ts'
import type { ControlContext } from '../control.ts'
import { runLoad } from '../load/engine.ts'
import type { LoadResult } from '../load/result.ts'
import type { GateRun } from '../run.ts'
import { declaredRoutes } from '../subject/inventory.ts'
import { watchResources } from '../subject/resources.ts'
import { mixedRoutes } from './api-routes.ts'
import { messagesReceived, waitUntil, watchEvents } from './effects.ts'
import { needsOf, plateauSeconds, productionPlan, warmupSeconds } from './plan.ts'
import { prepare } from './prepare.ts'
import type { LoadPart, LoadTrial } from './trial.ts'

/** What a load is run with. */
export type LoadContext = ControlContext & { run: GateRun }

const settleMilliseconds = 15_000

/** Starts the subject, fills its database, and sends it the production load. @throws when any of it cannot be done. */
export async function runProductionLoad(context: LoadContext, parts: readonly LoadPart[]): Promise<LoadTrial> {
  const { run, subject, profile, seed, signal, progress } = context
  const opened = await openFacilities(['app', 'database', 'providers'], { run, subject, signal })
  const { app, database, providers } = opened.facilities
  try {
    const prepared = await prepare({ app, database, providers }, needsOf(parts, profile, seed), progress)
    const [instance] = app.instances
    if (instance === undefined) throw new Error('Expected the subject to have an instance.')
    const plan = productionPlan(app.client, parts, { profile, seed, ...prepared })
    const resources = watchResources(instance.pid)
    const events = watchEvents(app.client)
    let load: LoadResult
    let held: ReturnType<typeof resources.stop>
    try {
      load = await runLoad(plan, run.loadEngine, {
        signal,
        onProgress: ({ elapsedSeconds, totalSeconds, requests }) =>
          progress(
            `load: ${Math.round(elapsedSeconds)} s of ${totalSeconds} s${requests > 0 ? `, ${requests} requests answered` : ''}`,
          ),
      })
      held = resources.stop()
      const accepted = (part: LoadPart): string[] => acceptedOf(load, part).map(({ correlationId }) => correlationId)
      const [booked, texted] = [accepted('webhooks'), accepted('messages')]
      await waitUntil(
        () => {
          const received = messagesReceived(providers)
          return booked.every((id) => events.seenAt.has(id)) && texted.every((id) => received.has(id))
        },
        settleMilliseconds,
        signal,
      )
    } finally {
      resources.stop()
      await events.stop()
    }
    const problems = opened.problems()
    if (problems.length > 0) throw new Error(problems.join(' '))
    const exit = instance.exit()
    if (exit !== undefined) {
      throw new Error(`The subject ended during the load with ${exit.signal ?? `exit code ${exit.code}`}.`)
    }
    const { from, to } = plateauSeconds(profile)
    return {
      runId: run.runId,
      profile,
      seed,
      parts: [...parts],
      warmupSeconds: warmupSeconds(profile),
      plateau: { from: load.startedAt + from * 1000, to: load.startedAt + to * 1000 },
      stored: prepared.stored,
      shown: prepared.shown,
      load,
      processedAt: Object.fromEntries(events.seenAt),
      receivedAt: Object.fromEntries(messagesReceived(providers)),
      routesLeftOut: routesLeftOut(context),
      resources: {
        samples: [...resources.samples],
        highWaterMegabytes: held.highWaterMegabytes ?? null,
        othersPercent: held.othersPercent ?? null,
      },
      limits: subject.limits,
      eventReadingFailures: events.failures(),
    }
  } finally {
    await opened.close()
  }
}

/** Samples of a part that the subject has accepted. */
export const acceptedOf = (load: LoadResult, part: LoadPart): LoadResult['samples'] =>
  load.samples.filter(({ scenario, status }) => scenario === part && (status === 200 || status === 202))

function routesLeftOut({ subject }: LoadContext): string[] {
  const { paths } = subject
  const known = new Set(
    mixedRoutes.map(({ name }) => {
      const [method = '', path = ''] = name.split(' ')
      const own: Record<string, string> = {
        commands: paths.commands,
        'commands/{commandId}': `${paths.commands}/{commandId}`,
        'workflows/{workflowId}': `${paths.workflows}/{workflowId}`,
        events: paths.events,
        subscriptions: paths.subscriptions,
        'subscriptions/{id}/replay': `${paths.subscriptions}/{id}/replay`,
      }
      return `${method} ${own[path] ?? `${paths.admin}${path}`}`
    }),
  )
  return declaredRoutes(subject)
    .filter(({ group }) => group === 'admin' || group === 'service')
    .map(({ method, path }) => `${method} ${path}`)
    .filter((route) => !known.has(route))
}
