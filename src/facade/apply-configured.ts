import type { PurserConfig } from '../config/load-config.ts'
import type { ConfiguredBudgets } from '../config/read-budgets.ts'
import { PurserError } from '../errors.ts'
import type { AppliedFile } from './apply-file.ts'
import type { BudgetBook } from './budget-book.ts'

/** A ledger whose budgets a configuration may define. */
interface BudgetedLedger {
  readonly timezone: string
  readonly budgets: Pick<BudgetBook, 'apply' | 'source'>
}

/** What putting the budgets of a configuration into force did. */
export interface AppliedConfiguration {
  /** The file that defines them, or `the environment`. */
  readonly path: string
  readonly configured: ConfiguredBudgets
  /** Undefined where they are not in force. */
  readonly applied: AppliedFile | undefined
  /** Why they are not in force. */
  readonly unapplied: string | undefined
}

interface ApplyOptions {
  /** Whether work may go on where the ledger's budgets are those of another file: what only books must. */
  readonly onOther: 'refuse' | 'warn'
  readonly onProgress?: (charges: number) => void
}

/**
 * Puts the budgets of a configuration into force where they changed. Where it says nothing of budgets, and said nothing
 * before, none are read, and it gives undefined.
 * @throws PURSER_BAD_CONFIG; with `refuse` also where another file defines the ledger's budgets
 */
export async function applyConfigured(
  config: PurserConfig,
  ledger: BudgetedLedger,
  { onOther, onProgress }: ApplyOptions,
): Promise<AppliedConfiguration | undefined> {
  const { files, hasBudgets } = config
  if (files.length === 0 && !hasBudgets) return undefined
  if (!hasBudgets && !files.includes((await ledger.budgets.source()) ?? '')) return undefined
  const configured = await config.budgets(ledger.timezone)
  const path = await definingPath(config, ledger, configured)
  try {
    const applied = await ledger.budgets.apply(path, configured.budgets, {
      origin: 'file',
      ...(onProgress !== undefined && { onProgress }),
    })
    return { path, configured, applied, unapplied: undefined }
  } catch (error) {
    if (!(error instanceof PurserError)) throw error
    // Looking goes on by what the ledger says; what writes fails by itself.
    if (error.code === 'PURSER_LEDGER_READ_ONLY') return { path, configured, applied: undefined, unapplied: unchangedText(path) }
    if (onOther === 'refuse' || error.code !== 'PURSER_BAD_CONFIG') throw error
    return { path, configured, applied: undefined, unapplied: error.message }
  }
}

function unchangedText(path: string): string {
  return `the budgets of ${path} are not those of the ledger, which can only be read: what is said goes by those of the ledger.`
}

const environment = 'the environment'

/**
 * The file that stands for the budgets: of two the nearer one that names any, or the environment where only variables
 * do. Where there are none, the file whose budgets the ledger has, so that they go when the file no longer has them.
 */
export async function definingPath(
  { files }: Pick<PurserConfig, 'files'>,
  ledger: Pick<BudgetedLedger, 'budgets'>,
  { budgets, from }: ConfiguredBudgets,
): Promise<string> {
  const [first = environment] = files
  if (budgets.length === 0) {
    const source = await ledger.budgets.source()
    return source !== undefined && files.includes(source) ? source : first
  }
  const places = [...from.values()]
  if (places.every((place) => /^[A-Z_]+$/.test(place))) return environment
  return files.find((file) => places.some((place) => place === file || place.startsWith(`${file}:`))) ?? first
}
