import type { Nanos } from '../../money/nanos.ts'
import { readRuns } from '../../runs/run-documents.ts'
import type { Run, RunState } from '../../runs/run.ts'
import type { Store } from '../../stores/store.ts'
import { createCalendar } from '../../time/calendar.ts'
import { addToSums, costOfSums, type Sums, zeroSums } from './sums.ts'

const dayMs = 24 * 60 * 60 * 1000

/** A run as it is listed. */
export interface ListedRun {
  readonly id: string
  /** Null where its calls name none, or several. */
  readonly project: string | null
  /** Undefined for a run that is known by its label only. */
  readonly run: Run | undefined
  /** When it began, or was made where it has not; of one that is known by its label only, the date of its first call. */
  readonly started: string
  readonly costNanos: Nanos
  readonly sums: Sums
}

/** Which runs to list. */
export interface RunSelection {
  readonly project?: string
  readonly states?: readonly RunState[]
}

/** Runs of the ledger, those that it keeps and those that calls are labelled with, the last to begin first. */
export async function listRuns(store: Store, { project, states }: RunSelection = {}): Promise<ListedRun[]> {
  const labelled = await labelledRuns(store)
  const kept = (await readRuns(store)).map((run): ListedRun => {
    const known = labelled.get(run.id)
    labelled.delete(run.id)
    const sums = known?.sums ?? zeroSums()
    const began = new Date(run.startedAt ?? run.createdAt).toISOString()
    return { id: run.id, project: run.project ?? known?.project ?? null, run, started: began, costNanos: costOfSums(sums), sums }
  })
  const others = [...labelled].map(([id, known]): ListedRun => ({
    id,
    project: known.project ?? null,
    run: undefined,
    started: new Date(known.firstDay * dayMs).toISOString().slice(0, 10),
    costNanos: costOfSums(known.sums),
    sums: known.sums,
  }))
  return [...kept, ...others]
    .filter((each) => project === undefined || each.project === project)
    .filter((each) => states === undefined || (each.run !== undefined && states.includes(each.run.state)))
    .toSorted((a, b) => (a.started === b.started ? (a.id < b.id ? 1 : -1) : a.started < b.started ? 1 : -1))
}

interface LabelledRun {
  readonly sums: Sums
  /** Undefined where its calls are of several. */
  project: string | null | undefined
  firstDay: number
}

async function labelledRuns(store: Store): Promise<Map<string, LabelledRun>> {
  const source = { rows: 'subjects', subject: 'run' } as const
  const [rows = []] = await store.rollups([{ source, from: 0, to: Number.MAX_SAFE_INTEGER, byTime: true, byMeter: false }])
  const runs = new Map<string, LabelledRun>()
  for (const { subject, series, sku, time, measures } of rows) {
    const project = store.series(series)['project'] ?? null
    const id = subject ?? ''
    let run = runs.get(id)
    if (run === undefined) runs.set(id, (run = { sums: zeroSums(), project, firstDay: time }))
    addToSums(run.sums, store.sku(sku).basis, measures)
    if (run.project !== project) run.project = undefined
    if (time < run.firstDay) run.firstDay = time
  }
  return runs
}

/**
 * The run that began last. Of runs that are known by their labels only, the first calls of the last day are looked up.
 */
export async function lastRun(store: Store): Promise<string | undefined> {
  const runs = (await listRuns(store)).filter(({ run }) => run === undefined || run.startedAt !== null)
  if (runs.length === 0) return undefined
  const calendar = createCalendar(store.timezone)
  const dayOf = ({ run, started }: ListedRun): number =>
    run === undefined ? Date.parse(started) / dayMs : calendar.dayOf(run.startedAt ?? run.createdAt)
  const lastDay = runs.reduce((last, run) => Math.max(last, dayOf(run)), 0)
  const candidates = runs.filter((run) => dayOf(run) === lastDay)
  const labelled = new Set(candidates.flatMap(({ id, run }) => (run === undefined ? [id] : [])))
  const begun = new Map(candidates.map(({ id, run }) => [id, run?.startedAt ?? calendar.startOfDay(lastDay)]))
  if (candidates.length > 1 && labelled.size > 0) {
    for await (const { labels, at } of store.charges({ sinceMs: calendar.startOfDay(lastDay) })) {
      const run = labels['run'] ?? ''
      if (labelled.delete(run)) begun.set(run, at)
    }
  }
  return [...begun].toSorted(([a, x], [b, y]) => y - x || (a < b ? 1 : -1))[0]?.[0]
}
