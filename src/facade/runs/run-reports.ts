import type { CostData, CostDataOf } from '../../reports/runs/cost-data.ts'
import type { CostReport, ReportWindow } from '../../reports/runs/cost-report.ts'
import type { CostsBlock } from '../../reports/runs/costs-block.ts'
import type { ListedRun, RunSelection } from '../../reports/runs/list-runs.ts'
import type { KeptReport } from '../../reports/runs/run-report.ts'
import type { RunCostSummary } from '../../reports/runs/run-summary.ts'
import type { ProjectCostSummary } from '../../reports/runs/subject-summary.ts'
import { checkFields, checkValue, type FieldKinds, text, texts } from '../check-fields.ts'
import type { LedgerHost } from '../ledger-host.ts'

export interface SummaryOptions {
  /** Labels to go by besides stage, model, role, operation and scene. */
  readonly by?: readonly string[]
}

const summaryOptions: FieldKinds<SummaryOptions> = { by: texts }
const idOf = 'The id of a run'

/**
 * What runs cost. Reports are read from the ledger, so runs that are known by the label of their calls have them too. With
 * cost tracking off a run that is not known is no mistake: its report is empty, says so, and its cost is a lower bound.
 */
export class RunReports {
  readonly #host: LedgerHost

  constructor(host: LedgerHost) {
    this.#host = host
  }

  /**
   * What a run cost as of now: by stage, model, role, operation, scene and any label, against its estimate and its limit.
   * @throws PURSER_NOT_FOUND, PURSER_BAD_QUERY, PURSER_BAD_ARGUMENT
   * @example
   * const { total_cost_usd, by_role, variance } = await purser.reports.summary('r-17')
   */
  async summary(run: string, options: SummaryOptions = {}): Promise<RunCostSummary> {
    checkValue(idOf, run, text)
    checkFields<SummaryOptions>('the options', options, summaryOptions, '{ by: ["agent"] }')
    return this.#host.run(async () => {
      const { summarizeRun } = await import('../../reports/runs/run-summary.ts')
      return summarizeRun(this.#host.store, run, options.by, this.#host)
    })
  }

  /**
   * The report of a run: the one kept when it ended, also after the details of its charges are gone; made now while it goes on.
   * @throws PURSER_NOT_FOUND
   */
  async report(run: string): Promise<KeptReport> {
    checkValue(idOf, run, text)
    return this.#host.run(async () => {
      const { readRunReport } = await import('../../reports/runs/run-report.ts')
      return readRunReport(this.#host.store, run, this.#host)
    })
  }

  /** Makes the report of a run and, unless cost tracking is off, keeps it in the ledger, in place of an earlier one. @throws PURSER_NOT_FOUND */
  async keep(run: string): Promise<KeptReport> {
    checkValue(idOf, run, text)
    return this.#host.run(async () => {
      const { makeRunReport, writeRunReport } = await import('../../reports/runs/run-report.ts')
      const made = await makeRunReport(this.#host.store, run, this.#host)
      if (this.#host.isTracking) await this.#host.store.transact({ documents: [writeRunReport(made)] })
      return made
    })
  }

  /** What a generator writes into its own output about a run. @throws PURSER_NOT_FOUND */
  async costsBlock(run: string): Promise<CostsBlock> {
    checkValue(idOf, run, text)
    return this.#host.run(async () => {
      const { makeCostsBlock } = await import('../../reports/runs/costs-block.ts')
      return makeCostsBlock(this.#host.store, run, this.#host)
    })
  }

  /**
   * What an artifact of the host cost, for its metadata: model, tokens, cost and the ids of the charges. What is labelled
   * `artifact` is found again by `purser costs --where artifact=ID`, with the same sum.
   * @throws PURSER_BAD_QUERY, PURSER_NOT_FOUND for a hold that there is not
   * @example
   * const { estimated_cost_usd, charge_ids } = await purser.reports.costData({ artifact: 'scene-7.md' })
   */
  costData(of: CostDataOf): Promise<CostData> {
    return this.#host.run(async () => {
      const { makeCostData } = await import('../../reports/runs/cost-data.ts')
      return makeCostData(this.#host.store, of, this.#host)
    })
  }

  /** What a project cost, run by run: history, cumulative cost, average per run, and whether runs get dearer. */
  projectSummary(project: string): Promise<ProjectCostSummary> {
    return this.subjectSummary('project', project)
  }

  /** The same for a video, job, ticket, user, scene, experiment, or any other label. @throws PURSER_BAD_QUERY */
  async subjectSummary(label: string, value: string): Promise<ProjectCostSummary> {
    checkValue('A label', label, text)
    checkValue(`The value of "${label}"`, value, text)
    return this.#host.run(async () => {
      const { summarizeSubject } = await import('../../reports/runs/subject-summary.ts')
      return summarizeSubject(this.#host.store, label, value)
    })
  }

  /** Runs, the last to begin first; also those that only the label of their calls tells of. */
  list(selection: RunSelection = {}): Promise<ListedRun[]> {
    return this.#host.run(async () => {
      const { listRuns } = await import('../../reports/runs/list-runs.ts')
      return listRuns(this.#host.store, selection)
    })
  }

  /** The run that began last. */
  last(): Promise<string | undefined> {
    return this.#host.run(async () => {
      const { lastRun } = await import('../../reports/runs/list-runs.ts')
      return lastRun(this.#host.store)
    })
  }

  /** A run, its experiment or project, and the budget of a window, at one glance. @throws PURSER_NOT_FOUND */
  costReport(run: string | undefined, window: ReportWindow = 'month'): Promise<CostReport> {
    return this.#host.run(async () => {
      const { makeCostReport } = await import('../../reports/runs/cost-report.ts')
      return makeCostReport(this.#host.store, run, window, this.#host)
    })
  }
}
