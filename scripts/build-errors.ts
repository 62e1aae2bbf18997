import { writeFileSync } from 'node:fs'
import { type ErrorCode, errorRegistry } from '../src/errors.ts'

export const errorsPagePath = new URL('../docs/reference/errors.md', import.meta.url)

const exits: Readonly<Record<number, string>> = {
  1: 'purser itself is at fault',
  2: 'what was asked or given is at fault',
  3: 'a price is missing and `--strict` was given',
  4: 'the ledger cannot be used now',
}

/** The reference page of errors: one place for every code of the registry. */
export function errorsPage(): string {
  const codes = Object.keys(errorRegistry) as ErrorCode[]
  const sections = codes.toSorted().map((code) => {
    const { exitCode, status, meaning } = errorRegistry[code]
    return `## ${code}\n\n${meaning}\n\nExit code ${exitCode}, HTTP status ${status}.\n`
  })
  const exitCodes = Object.entries(exits).map(([code, meaning]) => `| ${code} | ${meaning} |`)
  return [
    '# Errors\n',
    '<!-- Written by scripts/build-errors.ts from src/errors.ts. Change it there. -->\n',
    'Every error of purser has one of these codes; in code it is `error.code`. Its message says what happened, with the numbers, and what to do about it.\n',
    '| exit code | meaning |\n| --- | --- |\n| 0 | all is well |',
    `${exitCodes.join('\n')}\n`,
    ...sections,
  ].join('\n')
}

if (import.meta.main) writeFileSync(errorsPagePath, errorsPage())
