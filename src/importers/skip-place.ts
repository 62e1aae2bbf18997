import { PurserError } from '../errors.ts'
import { looksLikeSecret } from '../ledger/secrets.ts'
import { cutToWidth, printable } from '../text/display-width.ts'

const shownColumns = 80

/** Where a record lies that was refused, and what is wrong with it: `bills.csv:3: inputTokens is "1,000"`. */
export function skipPlace(where: string, error: unknown): string {
  if (!(error instanceof PurserError)) return where
  const { code, message } = error
  // What must be and how to write it is for a single record; a list of places says what is there.
  const fact = message.replace(/; (?!.*; ).*$/s, '').replace(/\.(?: [A-Z].*)?$/s, '')
  const named = code === 'PURSER_BAD_TIME' && !fact.startsWith('The ') ? `at: ${fact}` : fact
  return looksLikeSecret(named) ? where : `${where}: ${cutToWidth(printable(named), shownColumns)}`
}
