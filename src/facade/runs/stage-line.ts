import { formatUsd } from '../../money/format.ts'
import { type Nanos, toUsd } from '../../money/nanos.ts'
import type { Run, Stage } from '../../runs/run.ts'

/** What a stage of a run came to, as `project.stage = $…`, with its figures as fields. */
export function stageLine(
  { id, project }: Pick<Run, 'id' | 'project'>,
  { name, key, labels, state, spent }: Stage,
): [string, Readonly<Record<string, unknown>>] {
  const { cost, tokens, calls } = spent ?? { cost: 0n, tokens: 0n, calls: 0n }
  const nanos = cost as Nanos
  const figures = { cost: toUsd(nanos), costNanos: String(nanos), tokens: Number(tokens), calls: Number(calls) }
  return [`${project ?? id}.${name} = ${formatUsd(nanos)}`, { run: id, stage: name, key, labels, state, ...figures }]
}
