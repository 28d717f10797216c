import { BaseSequencer } from 'vitest/node'
import type { TestSpecification } from 'vitest/node'
import { identityOf } from '../helpers/evidence/identity.ts'

/** Runs controls gate by gate and name by name; other projects' files keep their order after them. */
export class GateSequencer extends BaseSequencer {
  override async sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    const others = specifications.filter((specification) => identityOf(specification.moduleId) === undefined)
    const controls = specifications.flatMap((specification) => {
      const identity = identityOf(specification.moduleId)
      return identity === undefined ? [] : [{ specification, identity }]
    })
    controls.sort((a, b) => a.identity.gateNumber - b.identity.gateNumber || compare(a.identity.id, b.identity.id))
    return [...controls.map((entry) => entry.specification), ...(await super.sort(others))]
  }

  /** Keeps every control: part of a gate is no gate, and the verdict says so. */
  override async shard(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    const others = specifications.filter((specification) => identityOf(specification.moduleId) === undefined)
    const controls = specifications.filter((specification) => identityOf(specification.moduleId) !== undefined)
    return [...controls, ...(others.length > 0 ? await super.shard(others) : [])]
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
