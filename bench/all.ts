import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

/** Runs every benchmark, one after the other, so that none disturbs another. `--json` is handed on. */
for (const name of [
  'pricing',
  'startup',
  'record',
  'import',
  'month-query',
  'run-summary',
  'purser-call',
  'server',
  'gate',
  'gate-together',
  'gate-postgres',
]) {
  execFileSync(process.execPath, [join(import.meta.dirname, `${name}.ts`), ...process.argv.slice(2)], { stdio: 'inherit' })
}
