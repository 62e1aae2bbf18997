import { execFile, spawnSync } from 'node:child_process'
import { chmodSync, existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { costing, done, granted } from './gate-machine.ts'
import { bin, type Machine, newMachine } from './run-purser.ts'

/** Root may write whatever the mode says, so its tests run the program as somebody else. */
const asNobody = process.getuid?.() === 0 ? ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'] : []
const canTry = process.platform !== 'win32' && spawnSync('sh', ['-c', [...asNobody, process.execPath, '-e', '0'].join(' ')]).status === 0

interface Said {
  readonly stdout: string
  readonly stderr: string
  readonly code?: number
}

/** What somebody gets who may read the ledger's folder and not write it. */
async function look(machine: Machine, args: readonly string[]): Promise<Said> {
  const [command = '', ...words] = [...asNobody, process.execPath, bin, ...args]
  const env = { ...machine.env, HOME: join(machine.home, 'nobody'), COLUMNS: '100' }
  return promisify(execFile)(command, words, { cwd: machine.folder, env }).catch((error: unknown) => error as Said)
}

async function readOnlyLedger(): Promise<Machine> {
  const machine = newMachine()
  machine.write('purser.yaml', 'db: kept/spend.db\nbudgets:\n  all: { limit: 5, window: total }\n')
  await done(machine, costing('1', '--label', 'project=a'))
  await granted(machine, ['--amount', '2', '--id', 'h', '--ttl', '1h'])
  machine.write('purser.yaml', 'db: kept/spend.db\nbudgets:\n  all: { limit: 6, window: total }\n')
  const kept = join(machine.folder, 'kept')
  for (const name of ['spend.db', 'spend.db-wal', 'spend.db-shm']) if (existsSync(join(kept, name))) chmodSync(join(kept, name), 0o444)
  chmodSync(kept, 0o555)
  onTestFinished(() => chmodSync(kept, 0o755))
  for (const folder of [machine.folder, machine.home, dirname(machine.home)]) chmodSync(folder, 0o755)
  return machine
}

describe.skipIf(!canTry)('a ledger that may only be read', () => {
  test('is looked at as it is, and says that a changed purser.yaml is not in force', async () => {
    const machine = await readOnlyLedger()
    const status = await look(machine, ['budgets', 'status'])
    expect(status.stdout).toMatch(/^all +\$1\.00 +\$2\.00 +\$0\.00 +\$5\.00/m)
    expect(status.stderr).toMatch(/warning: the budgets of .*purser\.yaml are not those of the ledger, which can only be read/)
    expect((await look(machine, ['why', '--amount', '3'])).stdout).toContain('It would be refused.')
    expect((await look(machine, ['hold', 'list'])).stdout).toMatch(/^h +open/m)
    expect((await look(machine, ['verify'])).stdout).toContain('1 charge, ')
    expect((await look(machine, ['costs', '--by', 'project'])).stdout).toMatch(/^a +\$1\.00/m)
    expect((await look(machine, ['budgets', 'history'])).stdout).toContain('created by file:')
  })

  test('refuses what would write, with exit code 4', async () => {
    const machine = await readOnlyLedger()
    for (const args of [['hold', 'reserve', '--amount', '1'], ['hold', 'release', 'h'], costing('1')]) {
      const { code, stderr } = await look(machine, args)
      expect([args, code]).toEqual([args, 4])
      expect(stderr).toContain('open for reading only')
    }
  })
})
