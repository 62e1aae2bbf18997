import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '..')
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
let folder: string
let installed: string

/** The package as a user gets it: built, packed and unpacked, with its dependencies and nothing of the checkout. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'purser-package-'))
  const copy = join(folder, 'checkout')
  for (const name of [
    'src',
    'bin',
    'scripts',
    'catalog',
    'examples',
    'schemas',
    'package.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'README.md',
    'LICENSE',
    'CHANGELOG.md',
  ]) {
    cpSync(join(root, name), join(copy, name), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  execFileSync(npm, ['pack', '--pack-destination', folder], { cwd: copy, stdio: 'ignore' })
  execFileSync('tar', ['-xzf', 'purser-0.1.0.tgz'], { cwd: folder })
  installed = join(folder, 'package')
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

function run(...argv: string[]): string {
  return execFileSync(process.execPath, argv, { cwd: folder, encoding: 'utf8', env: { PATH: process.env['PATH'], HOME: folder } })
}

describe('the package', () => {
  test('runs as a command', () => {
    expect(run(join(installed, 'bin/purser.js'), '--version').trim()).toBe('0.1.0')
    expect(run(join(installed, 'bin/purser.js'), 'tour')).toContain('sums agree')
  })

  test('is imported as a library, priced from its own catalog', () => {
    const program = join(folder, 'program.mjs')
    writeFileSync(
      program,
      `import { Purser } from './package/dist/index.js'
       const purser = await Purser.open({ db: 'spend.db' })
       const charge = await purser.record({ provider: 'openai', model: 'gpt-4o', usage: { inputTokens: 1000, outputTokens: 200 } })
       console.log(String(charge.costNanos))
       await purser.close()`,
    )
    expect(run(program).trim()).toBe('4500000')
  })

  test('has the wrappers of clients as parts of its own, without the SDKs', () => {
    const program = join(folder, 'clients.mjs')
    // By the names of the exports, as a package finds them that has this one installed.
    writeFileSync(
      program,
      `for (const name of ['openai', 'anthropic', 'google', 'elevenlabs', 'ai-sdk']) {
         const { denialOf, wrap, purserMiddleware } = await import(import.meta.resolve('purser/' + name))
         console.log(name, typeof denialOf, typeof (wrap ?? purserMiddleware))
       }`,
    )
    const empty = join(folder, 'host')
    cpSync(installed, join(empty, 'node_modules/purser'), { recursive: true })
    for (const name of ['commander', 'csv-parse', 'temporal-polyfill', 'yaml', 'zod']) {
      symlinkSync(join(root, 'node_modules', name), join(empty, 'node_modules', name))
    }
    cpSync(program, join(empty, 'clients.mjs'))
    expect(run(join(empty, 'clients.mjs')).trim().split('\n')).toEqual(
      ['openai', 'anthropic', 'google', 'elevenlabs', 'ai-sdk'].map((name) => `${name} function function`),
    )
  })

  test('has types, and no tests or sources', () => {
    const listed = execFileSync('tar', ['-tzf', 'purser-0.1.0.tgz'], { cwd: folder, encoding: 'utf8' }).split('\n')
    expect(listed).toContain('package/dist/index.d.ts')
    expect(listed.filter((name) => /\.test\.|^package\/(?:src|test|bench)\//.test(name))).toEqual([])
    const { exports } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
      exports: Record<string, string | Record<string, string>>
    }
    const targets = Object.values(exports).flatMap((target) => (typeof target === 'string' ? [] : Object.values(target)))
    for (const target of targets) expect(listed).toContain(`package/${target.slice(2)}`)
    expect(listed).toContain('package/schemas/RunCostSummary.json')
  })
})
