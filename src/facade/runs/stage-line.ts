import { formatUsd } from '../../money/format.ts'
import { type Nanos, toUsd } from '../../money/nanos.ts'
import type { Store } from '../../stores/store.ts'
import { spentOf } from './run-spending.ts'

/** What a stage of a run came to until now, as `project.stage = $…`, with its figures as fields. */
export async function stageLine(
  store: Store,
  { run, project, stage, key }: { readonly run: string; readonly project: string | null; readonly stage: string; readonly key: string },
): Promise<[string, Readonly<Record<string, unknown>>]> {
  const { cost, tokens, calls } = await spentOf(store, run, stage)
  const nanos = cost as Nanos
  const figures = { cost: toUsd(nanos), costNanos: String(nanos), tokens: Number(tokens), calls: Number(calls) }
  return [`${project ?? run}.${stage} = ${formatUsd(nanos)}`, { run, stage, key, ...figures }]
}
