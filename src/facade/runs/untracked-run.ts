import type { ModelNeed } from '../../runs/profiles/profile.ts'
import type { Run } from '../../runs/run.ts'
import { withLabels } from '../label-context.ts'
import type { ModelAnswer } from '../profiles/profile-book.ts'
import type { RunContext, RunOptions, RunResult, StageContext, StageOptions, StageRunner } from './run-options.ts'

type StageWork<T> = (stage: StageContext) => Promise<T> | T

/** With tracking off a run's code runs, and nothing is written of it. */
export async function untrackedRun<T>(
  described: Run,
  { signal = new AbortController().signal }: RunOptions,
  fn: (run: RunContext) => Promise<T> | T,
  model: (need: ModelNeed) => Promise<ModelAnswer>,
): Promise<RunResult<T>> {
  const { id, labels } = described
  const admission = { verdict: 'granted', warnings: [], waitedMs: 0, waitedFor: null } as const
  const stage = async <S>(name: string, ...rest: [StageWork<S>] | [StageOptions, StageWork<S>]): Promise<S> => {
    const [options, work] = rest.length === 1 ? [{}, rest[0]] : rest
    const own = { ...options.labels, stage: name }
    return withLabels(own, async () => work({ name, key: options.key ?? name, labels: { ...labels, ...own }, signal, attempt: 1 }))
  }
  const context: RunContext = {
    id,
    labels,
    attempt: 1,
    admission,
    signal,
    presumed: [],
    stage: stage as StageRunner,
    model: (need = {}) => model(need),
  }
  const result = await withLabels(labels, async () => fn(context))
  return { state: 'completed', run: { ...described, state: 'completed' }, result, admission }
}
