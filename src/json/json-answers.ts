import { z } from 'zod'
import { cardSchema } from '../pricing/sources/card-schema.ts'
import { costReportSchema } from '../reports/schemas/host-schemas.ts'
import { projectCostSummarySchema } from '../reports/schemas/project-cost-schemas.ts'
import { runCostSummarySchema, runReportSchema } from '../reports/schemas/run-cost-schemas.ts'
import { schemaRegistry } from '../reports/schemas/schema-registry.ts'
import { keyListShape, keyShape, memberListShape, memberShape, newKeyShape } from './access-shapes.ts'
import { configCheckShape, configShowShape, initShape } from './config-shapes.ts'
import { comparisonShape, estimateShape, noHistoryShape } from './estimate-shapes.ts'
import * as gate from './gate-shapes.ts'
import * as shapes from './json-shapes.ts'
import { backupShape, doctorShape, restoreShape, serveShape } from './operation-shapes.ts'
import { profileListShape, profileShowShape, profileUseShape } from './profile-shapes.ts'
import { runListShape, runStateShape, runWatchShape } from './run-shapes.ts'
import { verifyShape } from './verify-shape.ts'

/** What a command prints with --json. */
interface JsonAnswer {
  readonly command: string
  /** Its name in the registry of schemas. */
  readonly id: string
  readonly shape: z.ZodType
  readonly note?: string
}

/** Every answer in JSON, in the order of the reference. */
export const jsonAnswers: readonly JsonAnswer[] = [
  { command: 'purser price --json', id: 'price', shape: shapes.pricedShape },
  {
    command: 'purser price --jsonl',
    id: 'price-line',
    shape: shapes.priceAnswerShape,
    note: 'One of these a line, in the order of the input.',
  },
  { command: 'each line of purser export', id: 'charge', shape: shapes.chargeShape },
  { command: 'purser record --json', id: 'record', shape: shapes.recordedShape },
  { command: 'purser import claude-code | codex | csv | jsonl --json', id: 'import', shape: shapes.importShape },
  { command: 'purser import --json', id: 'imports', shape: shapes.importsShape },
  { command: 'purser import list --json', id: 'import-list', shape: shapes.importListShape },
  { command: 'purser import undo --json', id: 'import-undo', shape: shapes.undoShape },
  { command: 'purser costs --json', id: 'costs', shape: shapes.costsShape },
  {
    command: 'purser costs --report --json',
    id: 'CostReport',
    shape: costReportSchema,
    note: 'Names are as hosts know them from their own reports.',
  },
  { command: 'purser runs list --json', id: 'run-list', shape: runListShape },
  { command: 'purser runs show --json', id: 'RunCostSummary', shape: runCostSummarySchema },
  { command: 'purser runs report --json', id: 'RunReport', shape: runReportSchema },
  { command: 'purser runs report --project NAME | --by label=value --json', id: 'ProjectCostSummary', shape: projectCostSummarySchema },
  { command: 'purser runs pause | resume | stop | terminate | raise --json', id: 'run-state', shape: runStateShape },
  { command: 'purser runs watch --json', id: 'run-watch', shape: runWatchShape, note: 'One of these a line, for each change.' },
  {
    command: 'purser estimate --json',
    id: 'estimate',
    shape: estimateShape,
    note: 'The exit code is 3 where models of a plan have no price.',
  },
  { command: 'purser estimate --history --json, where too little is known', id: 'estimate-no-history', shape: noHistoryShape },
  { command: 'purser estimate --compare --json', id: 'estimate-comparison', shape: comparisonShape },
  { command: 'purser profiles list --json', id: 'profile-list', shape: profileListShape },
  { command: 'purser profiles show --json', id: 'profile-show', shape: profileShowShape },
  { command: 'purser profiles use --json', id: 'profile-use', shape: profileUseShape },
  { command: 'purser budgets set --json', id: 'budget-set', shape: gate.budgetSetShape },
  { command: 'purser budgets list --json', id: 'budget-list', shape: gate.budgetListShape },
  { command: 'purser budgets status --json', id: 'budget-status', shape: gate.budgetStatusShape },
  { command: 'purser budgets show --json', id: 'budget-show', shape: gate.budgetShowShape },
  { command: 'purser budgets history --json', id: 'budget-history', shape: gate.budgetHistoryShape },
  { command: 'purser budgets apply --json', id: 'budgets-apply', shape: gate.budgetsAppliedShape },
  { command: 'purser budgets remove --json', id: 'budget-remove', shape: gate.budgetRemovedShape },
  { command: 'purser hold reserve | split --json', id: 'grant', shape: gate.grantShape },
  {
    command: 'purser hold reserve | split --json, and purser guard --json, where denied',
    id: 'denial',
    shape: gate.denialShape,
    note: 'The exit code is 4.',
  },
  {
    command: 'the same, where the ledger cannot be asked',
    id: 'unavailable',
    shape: gate.unavailableShape,
    note: 'The exit code is 4. A ledger that cannot be opened at all is an error instead.',
  },
  { command: 'purser hold settle | release | end | extend | resolve --json', id: 'hold-outcome', shape: gate.holdOutcomeShape },
  { command: 'purser hold list --json', id: 'hold-list', shape: gate.holdListShape },
  { command: 'purser why --json', id: 'why', shape: gate.whyShape, note: 'The exit code is 4 where the hold would be refused.' },
  {
    command: 'what books, holds or steers runs, with --json, where COST_TRACKING_ENABLED is false',
    id: 'untracked',
    shape: gate.untrackedShape,
    note: '`hold reserve` and `hold split` answer with a grant, in which `tracking` is false.',
  },
  {
    command: 'purser catalog list | search --json',
    id: 'catalog-list',
    shape: shapes.catalogListShape,
    note: '`providers` without a provider, else `models`.',
  },
  { command: 'purser catalog show --json', id: 'catalog-cards', shape: z.array(cardSchema) },
  { command: 'purser catalog diff | update --json', id: 'catalog-diff', shape: shapes.catalogDiffShape },
  { command: 'purser catalog update --reset --json', id: 'catalog-reset', shape: shapes.catalogResetShape },
  { command: 'purser reprice --json', id: 'reprice', shape: shapes.repriceShape },
  { command: 'purser export --output FILE --json', id: 'export', shape: shapes.exportShape },
  { command: 'purser verify --json', id: 'verify', shape: verifyShape },
  {
    command: 'purser serve --json',
    id: 'serve',
    shape: serveShape,
    note: 'Once it listens. Standard error then has the lines of its log too, as pino writes them.',
  },
  { command: 'purser members list --json', id: 'member-list', shape: memberListShape },
  { command: 'purser members set | remove --json', id: 'member', shape: memberShape },
  { command: 'purser keys list --json', id: 'key-list', shape: keyListShape },
  { command: 'purser keys create | rotate --json', id: 'new-key', shape: newKeyShape },
  { command: 'purser keys revoke --json', id: 'key', shape: keyShape },
  { command: 'purser backup --json', id: 'backup', shape: backupShape },
  { command: 'purser restore --json', id: 'restore', shape: restoreShape },
  { command: 'purser doctor --json', id: 'doctor', shape: doctorShape, note: 'The exit code is 1 where something failed.' },
  { command: 'purser config show --json', id: 'config-show', shape: configShowShape },
  { command: 'purser config check --json', id: 'config-check', shape: configCheckShape },
  { command: 'purser init --json', id: 'init', shape: initShape },
  { command: 'an error with --json, on standard error', id: 'error', shape: shapes.errorShape },
  { command: 'a warning or remark with --json, on standard error', id: 'warning', shape: shapes.warningShape },
]

/** Adds the answers to the schemas of reports, so that one registry has all. */
export function registerAnswers(): void {
  for (const { id, shape } of jsonAnswers) if (!schemaRegistry.has(shape)) schemaRegistry.add(shape, { id })
}
